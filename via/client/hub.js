/**
 * The hub: one stream for all tabs of a browser, at any server, reopened after every kind of loss.
 *
 * It knows nothing of windows or workers: tabs are keys with a function that takes messages
 * (`status`, `frame`, `tab`). A stream has an immutable list of tabs; when that changes, the
 * stream is replaced. It lives in a SharedWorker, or in the page where there is none.
 */

import { Backoff } from './backoff.js';
import { Stream } from './stream.js';

/** Tabs that join within this time share one new stream. */
const JOIN_DELAY = 5;

/** A tab that left costs the server little; the list is shortened in passing or after this time. */
const LEAVE_DELAY = 5_000;

/** A stream that lived this long has shown that the server is well. */
const SETTLED = 5_000;

export class Hub {
  #tabs = new Map();
  #stream = null;
  #status = 'connecting';
  #timer = null;
  #due = Infinity;
  #openedAt = 0;
  #generation = 0;

  constructor({ url, fetch, random, timers = globalThis, now = Date.now, debug = console.debug }) {
    Object.assign(this, { url, fetch, timers, now, debug });
    this.backoff = new Backoff({ base: 250, cap: 15_000, random });
    this.resyncs = new Backoff({ base: 250, cap: 15_000, random });
    this.lastResync = -Infinity;
  }

  /** Adds a tab, or gives it a new token; `frame` is the hash that it shows. */
  join(key, { token, frame }, deliver) {
    const before = this.#tabs.get(key);
    // A renewed token does not make an open stream worse.
    this.#tabs.set(key, { key, token, frame: frame ?? null, deliver });
    deliver({ type: 'status', status: this.#status });
    if (before && before.token === token && before.frame === frame && this.#carries(before)) {
      this.#tabs.set(key, Object.assign(before, { deliver }));
      return;
    }
    this.#reopen(JOIN_DELAY);
  }

  leave(key) {
    if (!this.#tabs.delete(key)) return;
    if (this.#tabs.size === 0) this.#close();
    else this.#reopen(LEAVE_DELAY);
  }

  /** A tab could not apply a frame of the given stream: it needs a full one. */
  failed(key, generation, why) {
    const tab = this.#tabs.get(key);
    if (tab && generation === this.#generation) this.#resync(tab, why);
  }

  /** A moment when a lost connection may be back (`online`, a page became visible). */
  wake() {
    if (this.#status !== 'online') {
      this.backoff.reset();
      if (!this.#stream) this.#reopen(0);
    }
  }

  #carries(tab) {
    return this.#stream?.tabs.includes(tab);
  }

  #resync(tab, why) {
    this.debug(`via: a tab asks for a full frame: ${why}`);
    tab.frame = null;
    if (this.now() - this.lastResync > 10_000) this.resyncs.reset();
    const first = this.lastResync === -Infinity || this.now() - this.lastResync > 10_000;
    this.lastResync = this.now();
    this.#reopen(first ? 0 : this.resyncs.next());
  }

  /** Opens a new stream after `wait`, or earlier if that is already planned. */
  #reopen(wait) {
    const due = this.now() + wait;
    if (this.#timer !== null && this.#due <= due) return;
    this.timers.clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = this.timers.setTimeout(() => {
      this.#timer = null;
      this.#open();
    }, wait);
  }

  #close() {
    this.timers.clearTimeout(this.#timer);
    this.#timer = null;
    this.#stream?.close();
    this.#stream = null;
  }

  #open() {
    this.#close();
    const tabs = [...this.#tabs.values()].filter((tab) => tab.token !== null);
    if (tabs.length === 0) return;
    for (const tab of tabs) Object.assign(tab, { next: 1, events: [] });
    this.#generation++;
    this.#openedAt = this.now();
    const { url, fetch, timers } = this;
    const stream = new Stream({
      url,
      fetch,
      timers,
      tabs,
      event: (event) => stream === this.#stream && this.#take(event),
      lost: (why, wait) => stream === this.#stream && this.#lost(why, wait),
    });
    this.#stream = stream;
    stream.open();
  }

  #lost(why, wait) {
    this.#stream = null;
    if (this.#status === 'online' && this.now() - this.#openedAt > SETTLED) this.backoff.reset();
    if (wait === undefined) {
      this.debug(`via: the stream is lost: ${why}`);
      this.#setStatus(this.#status === 'connecting' ? 'connecting' : 'reconnecting');
    }
    this.#reopen(wait ?? this.backoff.next());
  }

  #setStatus(status) {
    if (this.#status === status) return;
    this.#status = status;
    for (const tab of this.#tabs.values()) tab.deliver({ type: 'status', status });
  }

  #take({ event, id, data }) {
    if (event === 'via-hello') {
      this.#setStatus('online');
      return;
    }
    const [, index, number, hash] = /^(\d+)\/(\d+)(?:\/(.+))?$/.exec(id) ?? [];
    const tab = this.#stream.tabs[index];
    // A tab that has left, or has another token since, is of no concern.
    if (!tab || this.#tabs.get(tab.key) !== tab) return;
    if (event === 'via-tab') {
      // It stays out of the list until it comes with another token.
      tab.token = null;
      tab.deliver({ type: 'tab', ...JSON.parse(data) });
      return;
    }
    const n = Number(number);
    if (n < tab.next || tab.next === 0) return;
    if (n > tab.next) {
      tab.next = 0;
      this.#resync(tab, `frame ${n} came too early`);
      return;
    }
    tab.events.push({ event, data });
    if (hash === undefined) return;
    const { events } = tab;
    Object.assign(tab, { frame: hash, next: n + 1, events: [] });
    tab.deliver({ type: 'frame', generation: this.#generation, hash, events });
  }
}
