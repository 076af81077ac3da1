/**
 * The queue of a tab's actions: in order, one in flight, each repeated until it has an answer.
 *
 * The app's answer carries `Via-Ack` with the number of the action. `verdict.js` says which of the other answers
 * end the wait; after all others the queue sends the same bytes again.
 */

import { makeBackoff } from './backoff.js';
import { parseJson } from './tolerant.js';
import { forJson } from './values.js';
import { isHtml, verdict } from './verdict.js';

/** Shown if nobody can tell what happened to an action. */
export const UNKNOWN = 'We cannot tell whether your last action was done. Please check, then try again.';

/** The body of a request that outlives its page may be this long (the browsers' limit is 64 KiB). */
const KEEPALIVE_LIMIT = 60_000;

/**
 * After this long without an answer, a request counts as lost and is repeated. A server hands out the cookie of a
 * log-in again within 30 seconds, so the repetition must be earlier.
 */
const ANSWER_WITHIN = 25_000;

/** A request that is older than this when the connection comes back was sent on a dead connection. */
const SUSPECT = 3_000;

/** If the first action has waited this long, the user is told that something is not saved yet. */
const SLOW = 2_000;

/** If a server asks to wait this many seconds, the action may be delayed for long: the user is told why. */
const LONG = 5;

/** Whether an answer of the app leaves open what happened to its action. */
const hasUnknownOutcome = ({ status, body }) =>
  // Servers of older builds do not say `definite`.
  !(body?.definite ?? (status !== 409 || body?.code === 'stale_page'));

/**
 * `post(body, { number, identity, keepalive, signal })` sends; `queued(item)` is called for each added item,
 * `sending(item)` before it is sent for the first time, `retrying(item)` when it will be sent again,
 * `settled(item, { kind, status, text, body })` when it has its answer, `delayed(message)` once for an item that has to
 * wait for long, `slow(isSlow)` when the first item has waited for a while and when that is over, and `displaced()`
 * when the document must be attached as another tab.
 */
export function makeQueue({ timers = globalThis, now = Date.now, random, post, queued, sending, retrying, settled, delayed, slow, displaced }) {
  const backoff = makeBackoff({ base: 200, cap: 5_000, floor: 0.5, random });
  const items = [];
  let count = 0;
  let token = null;
  let busy;
  let halted;
  let retry = null;
  let flight;
  let patience;

  /** Another item is the first, or there is none. */
  const watch = () => {
    timers.clearTimeout(patience);
    slow?.(false);
    if (items.length) patience = timers.setTimeout(() => slow?.(true), SLOW);
  };

  const next = () => {
    const [item] = items;
    if (busy || halted || !item || token === null) return;
    // An earlier document has sent a resumed item with its own token.
    if (!item.resumed) prepare(item);
    busy = true;
    backoff.reset();
    send();
  };

  const prepare = (item) => {
    item.number = ++count;
    sending?.(item);
    const { number, action, args, signals, dirty } = item;
    const json = JSON.stringify;
    // The arguments stay as the server wrote them: a number may be larger than JavaScript can hold.
    item.body = `{"token":${json(token)},"number":${number},"action":${json(action)},"args":${args},"signals":${json(signals, forJson)},"dirty":${json(dirty)}}`;
  };

  const send = async () => {
    const [item] = items;
    let wait = backoff.next();
    retry = null;
    const answer = await exchange(item);
    if (items[0] !== item) return;
    const kind = verdict(answer, item.number);
    if (kind !== 'again') {
      finish({ ...answer, kind });
      return;
    }
    item.repeated = true;
    if (answer?.retryAfter >= LONG && answer.body?.message && !item.delayed) delayed((item.delayed = answer.body.message));
    if (answer?.retryAfter > 0) wait = Math.max(wait, Math.min(answer.retryAfter * 1000, 60_000));
    retrying?.(item);
    retry = timers.setTimeout(send, wait);
  };

  const exchange = async ({ body, number, identity }) => {
    const controller = new AbortController();
    const abort = () => controller.abort();
    flight = { since: now(), abort };
    const impatient = timers.setTimeout(abort, ANSWER_WITHIN);
    try {
      const keepalive = new TextEncoder().encode(body).length <= KEEPALIVE_LIMIT;
      const response = await post(body, { number, identity, keepalive, signal: controller.signal });
      const text = await response.text();
      const { status, headers } = response;
      const html = isHtml(headers);
      const ack = headers.get('Via-Ack');
      return { status, html, text, ack, retryAfter: headers.get('Retry-After'), body: parseJson(text) };
    } catch {
      return null;
    } finally {
      timers.clearTimeout(impatient);
      flight = null;
    }
  };

  const finish = (answer) => {
    const item = items.shift();
    watch();
    busy = false;
    timers.clearTimeout(retry);
    retry = null;
    settled(item, answer);
    // Another document took this tab's numbers, or the server lost the tab: what waits is sent as another tab.
    // If the tab was that of an earlier document, this one still has its place.
    if (answer.kind === 'ours' && !item.resumed && hasUnknownOutcome(answer)) {
      token = null;
      displaced();
    }
    next();
  };

  return {
    /** Sets the tab's token. A new tab counts its actions from 1; a renewed token goes on. */
    authorize(given, newTab) {
      token = given;
      if (newTab) {
        count = 0;
        // An action sent under the old tab may have been applied there, so it is not sent again.
        if (items[0]?.body && !items[0].resumed) finish({ status: 0, body: { code: 'unknown_outcome', message: UNKNOWN, definite: false } });
      }
      next();
    },

    /**
     * Adds `{ action, args, signals, dirty, identity, .. }`; `args` is JSON text. With `resumed: true`, it has the `number` and
     * the `body` that an earlier document has sent.
     */
    add(item) {
      if (items.push(item) === 1) watch();
      queued?.(item);
      next();
    },

    /** Sends nothing more, whatever token comes: what waits is for the next document. */
    halt() {
      halted = true;
    },

    /** The actions that have no answer; those that were sent have a `body`. */
    waiting: () => items,

    /** The connection is back: actions that wait to be repeated are sent now. */
    wake() {
      if (flight && now() - flight.since > SUSPECT) flight.abort();
      if (retry === null) return;
      timers.clearTimeout(retry);
      send();
    },
  };
}
