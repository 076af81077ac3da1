/**
 * The queue of a tab's actions: in order, one in flight, each repeated until it has an answer.
 *
 * An answer is what carries `Via-Ack` with the number of the action; anything else (a proxy's 502,
 * a lost connection, a 429) says nothing about what happened, and the same bytes are sent again.
 */

import { makeBackoff } from './backoff.js';
import { parseJson } from './tolerant.js';
import { forJson } from './values.js';

/** The body of a request that outlives its page may be this long (the browsers' limit is 64 KiB). */
const KEEPALIVE_LIMIT = 60_000;

/** After this long without an answer a request is taken for lost, and repeated. */
const ANSWER_WITHIN = 30_000;

/** A request that is older than this when the connection comes back went out on a dead one. */
const SUSPECT = 3_000;

/** Another document has this tab's place in the order, or the server lost it: what waits goes out as another tab. */
const DISPLACED = ['forgotten', 'superseded', 'number_reused'];

export class ActionQueue {
  #items = [];
  #number = 0;
  #token = null;
  #busy = false;
  #retry = null;
  #flight = null;

  /**
   * `post(body, { number, keepalive, signal })` sends; `queued(item)` is called for each item that is added,
   * `sending(item)` before it leaves for the first time, `retrying(item)` when it is to leave again,
   * `settled(item, { status, body })` when it has its answer, and `full(message)` once for an item that
   * has to wait until the server has room.
   */
  constructor({ post, queued, sending, retrying, settled, full, random, timers = globalThis, now = Date.now }) {
    Object.assign(this, { post, queued, sending, retrying, settled, full, timers, now });
    // Set by whoever can attach the document as another tab.
    this.displaced = () => {};
    this.backoff = makeBackoff({ base: 200, cap: 5_000, floor: 0.5, random });
  }

  /** Gives the tab's token. A new tab counts its actions from 1; a renewed token goes on. */
  authorize(token, { newTab }) {
    this.#token = token;
    if (newTab) {
      this.#number = 0;
      const [first] = this.#items;
      // What was sent under the old tab may have been applied there, so it is not sent again.
      if (first?.body) this.#finish({ status: 0, body: { code: 'unknown_outcome' } });
    }
    this.#next();
  }

  /** Adds `{ action, args, signals, dirty, .. }`; `args` is JSON text. */
  add(item) {
    this.#items.push(item);
    this.queued?.(item);
    this.#next();
  }

  /** Sends nothing more: the page is of an older build than the server. */
  halt() {
    this.#token = null;
  }

  /** What was never sent. */
  get unsent() {
    return this.#items.filter((item) => !item.body);
  }

  /** The connection is back: what waits to be repeated is sent now. */
  wake() {
    if (this.#flight && this.now() - this.#flight.since > SUSPECT) this.#flight.abort();
    if (this.#retry === null) return;
    this.timers.clearTimeout(this.#retry);
    this.#retry = null;
    this.#send();
  }

  #next() {
    const [item] = this.#items;
    if (this.#busy || !item || this.#token === null) return;
    item.number = ++this.#number;
    this.sending?.(item);
    item.body = this.#body(item);
    this.#busy = true;
    this.backoff.reset();
    this.#send();
  }

  #body({ number, action, args, signals, dirty }) {
    const json = JSON.stringify;
    const before = `"token":${json(this.#token)},"number":${number},"action":${json(action)}`;
    // The arguments stay as the server wrote them: a number may be larger than JavaScript's.
    return `{${before},"args":${args},"signals":${json(signals, forJson)},"dirty":${json(dirty)}}`;
  }

  async #send() {
    const [item] = this.#items;
    let wait = this.backoff.next();
    const answer = await this.#exchange(item);
    if (this.#items[0] !== item) return;
    if (answer?.ack === String(item.number)) {
      this.#finish(answer);
      return;
    }
    if (answer?.body?.code === 'full' && !item.full) this.full((item.full = answer.body.message));
    if (answer?.retryAfter > 0) wait = Math.max(wait, Math.min(answer.retryAfter * 1000, 60_000));
    this.retrying?.(item);
    this.#retry = this.timers.setTimeout(() => {
      this.#retry = null;
      this.#send();
    }, wait);
  }

  async #exchange(item) {
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.#flight = { since: this.now(), abort };
    const impatient = this.timers.setTimeout(abort, ANSWER_WITHIN);
    try {
      const keepalive = new TextEncoder().encode(item.body).length <= KEEPALIVE_LIMIT;
      const { number } = item;
      const response = await this.post(item.body, { number, keepalive, signal: controller.signal });
      const text = await response.text();
      return {
        status: response.status,
        ack: response.headers.get('Via-Ack'),
        retryAfter: Number(response.headers.get('Retry-After')),
        body: parseJson(text),
      };
    } catch {
      return null;
    } finally {
      this.timers.clearTimeout(impatient);
      this.#flight = null;
    }
  }

  #finish(answer) {
    const item = this.#items.shift();
    this.#busy = false;
    this.timers.clearTimeout(this.#retry);
    this.#retry = null;
    this.settled(item, answer);
    if (DISPLACED.includes(answer.body?.code)) {
      this.#token = null;
      this.displaced();
    }
    this.#next();
  }
}
