/**
 * The queue of a tab's actions: in order, one in flight, each repeated until it has an answer.
 *
 * An answer carries `Via-Ack` with the number of the action. Anything else (a proxy's 502, a lost
 * connection, a 429) says nothing about what happened, and the queue sends the same bytes again.
 */

import { makeBackoff } from './backoff.js';
import { parseJson } from './tolerant.js';
import { forJson } from './values.js';

/** Shown if the server no longer knows the tab that sent an action. */
const UNKNOWN = 'We cannot tell whether your last action was done. Please check, then try again.';

/** The body of a request that outlives its page may be this long (the browsers' limit is 64 KiB). */
const KEEPALIVE_LIMIT = 60_000;

/**
 * After this long without an answer, a request counts as lost and is repeated. A server hands out the cookie of a
 * log-in again within 30 seconds, so the repetition must be earlier.
 */
const ANSWER_WITHIN = 25_000;

/** A request that is older than this when the connection comes back was sent on a dead connection. */
const SUSPECT = 3_000;

/** If a server asks to wait this many seconds, the action may be delayed for long: the user is told why. */
const LONG = 5;

/** Whether an answer leaves open what happened to its action. */
const hasUnknownOutcome = ({ status, body }) =>
  // Servers of older builds do not say `definite`.
  !(body?.definite ?? (status !== 409 || body?.code === 'stale_page'));

/**
 * `post(body, { number, identity, keepalive, signal })` sends; `queued(item)` is called for each added item,
 * `sending(item)` before it is sent for the first time, `retrying(item)` when it will be sent again,
 * `settled(item, { status, text, body })` when it has its answer, `delayed(message)` once for an item that has to
 * wait for long, and `displaced()` when the document must be attached as another tab.
 */
export function makeQueue({ timers = globalThis, now = Date.now, random, post, queued, sending, retrying, settled, delayed, displaced }) {
  const backoff = makeBackoff({ base: 200, cap: 5_000, floor: 0.5, random });
  const items = [];
  let count = 0;
  let token = null;
  let busy;
  let retry = null;
  let flight;

  const next = () => {
    const [item] = items;
    if (busy || !item || token === null) return;
    item.number = ++count;
    sending?.(item);
    const { number, action, args, signals, dirty } = item;
    const json = JSON.stringify;
    // The arguments stay as the server wrote them: a number may be larger than JavaScript can hold.
    item.body = `{"token":${json(token)},"number":${number},"action":${json(action)},"args":${args},"signals":${json(signals, forJson)},"dirty":${json(dirty)}}`;
    busy = true;
    backoff.reset();
    send();
  };

  const send = async () => {
    const [item] = items;
    let wait = backoff.next();
    retry = null;
    const answer = await exchange(item);
    if (items[0] !== item) return;
    if (answer?.ack === String(item.number)) {
      finish(answer);
      return;
    }
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
      const ack = headers.get('Via-Ack');
      return { status, text, ack, retryAfter: headers.get('Retry-After'), body: parseJson(text) };
    } catch {
      return null;
    } finally {
      timers.clearTimeout(impatient);
      flight = null;
    }
  };

  const finish = (answer) => {
    const item = items.shift();
    busy = false;
    timers.clearTimeout(retry);
    retry = null;
    settled(item, answer);
    // Another document took this tab's numbers, or the server lost the tab: what waits is sent as another tab.
    if (answer.status && hasUnknownOutcome(answer)) {
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
        if (items[0]?.body) finish({ status: 0, body: { code: 'unknown_outcome', message: UNKNOWN, definite: false } });
      }
      next();
    },

    /** Adds `{ action, args, signals, dirty, identity, .. }`; `args` is JSON text. */
    add(item) {
      items.push(item);
      queued?.(item);
      next();
    },

    /** Sends nothing more, because the page belongs to an older build than the server. */
    halt() {
      token = null;
    },

    /** The actions that were never sent. */
    unsent: () => items.filter((item) => !item.body),

    /** The connection is back: actions that wait to be repeated are sent now. */
    wake() {
      if (flight && now() - flight.since > SUSPECT) flight.abort();
      if (retry === null) return;
      timers.clearTimeout(retry);
      send();
    },
  };
}
