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

/** A stream that has been opening for this long is given up when something says "try now". */
const HANGS = 2_000;

/** Full frames that are asked for more often than this are asked for more and more slowly. */
const CALM = 10_000;

/** The server carries this many tabs of a browser. */
const MAX_TABS = 32;
const TOO_MANY = 'Too many tabs of this site are open; this one is not kept up to date.';

export class Hub {
  #tabs = new Map();
  #stream = null;
  #status = 'connecting';
  #timer = null;
  #due = Infinity;
  #openedAt = 0;
  #resyncedAt = -Infinity;
  #opening = false;
  #postponed = false;

  constructor({ url, fetch, random, timers = globalThis, now = Date.now, debug = console.debug }) {
    Object.assign(this, { url, fetch, timers, now, debug });
    this.backoff = new Backoff({ base: 250, cap: 15_000, random });
    this.resyncs = new Backoff({ base: 250, cap: 15_000, random });
  }

  /** Adds a tab, or gives it a new token; `frame` is the hash that it shows. */
  join(key, { token, frame }, deliver) {
    const before = this.#tabs.get(key);
    deliver({ type: 'status', status: this.#status });
    if (before?.token === token && this.#stream?.tabs.includes(before)) return;
    // Of a tab that is known the hub knows better: a frame may be on its way to it.
    const shown = before ? before.frame : frame;
    this.#tabs.set(key, { key, token, frame: shown ?? null, deliver });
    this.#reopen(JOIN_DELAY);
  }

  leave(key) {
    if (!this.#tabs.delete(key)) return;
    if (this.#tabs.size === 0) this.#close();
    else this.#reopen(LEAVE_DELAY);
  }

  /** A tab could not apply a frame: it needs a full one, and ignores all others until it comes. */
  failed(key, why) {
    const tab = this.#tabs.get(key);
    if (tab) this.#resync(tab, why);
  }

  /** A moment when a lost connection may be back (`online`, a page became visible). */
  wake() {
    if (this.#status !== 'online') {
      this.backoff.reset();
      // One that has been opening for long may hang on a network that is no more.
      if (!this.#stream || this.now() - this.#openedAt > HANGS) this.#reopen(0);
    } else {
      this.#stream?.check();
    }
  }

  #resync(tab, why) {
    this.debug(`via: a tab asks for a full frame: ${why}`);
    Object.assign(tab, { frame: null, next: 0 });
    const first = this.now() - this.#resyncedAt > CALM;
    if (first) this.resyncs.reset();
    this.#resyncedAt = this.now();
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
    // Tabs that join while a stream opens wait for its hello and share the next one; a crowd of
    // them would otherwise abort one request after the other, and none would ever be heard.
    const age = this.now() - this.#openedAt;
    if (this.#stream && this.#opening && age < HANGS) {
      this.#reopen(HANGS - age);
      this.#postponed = true;
      return;
    }
    this.#postponed = false;
    this.#opening = true;
    this.#close();
    const tabs = [...this.#tabs.values()].filter((tab) => tab.token !== null);
    for (const tab of tabs.splice(MAX_TABS)) {
      tab.token = null;
      tab.deliver({ type: 'tab', code: 'too_many_tabs', message: TOO_MANY });
    }
    if (tabs.length === 0) return;
    for (const tab of tabs) Object.assign(tab, { next: 1, events: [], full: tab.frame === null });
    this.#openedAt = this.now();
    const { url, fetch, timers } = this;
    const stream = new Stream({
      url,
      fetch,
      timers,
      tabs,
      event: (event) => stream === this.#stream && this.#take(event),
      lost: (why, wait) => stream === this.#stream && this.#lost(why, wait),
      refused: (code) => stream === this.#stream && this.#refused(tabs, code),
    });
    this.#stream = stream;
    stream.open();
  }

  /** The session is over: nothing is asked for until a tab comes with a new token. */
  #refused(tabs, code) {
    this.#stream = null;
    this.#opening = false;
    for (const tab of tabs) {
      tab.token = null;
      tab.deliver({ type: 'tab', code });
    }
  }

  #lost(why, wait) {
    this.#stream = null;
    if ([...this.#tabs.values()].every((tab) => tab.token === null)) return;
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
      this.#opening = false;
      this.#setStatus('online');
      if (this.#postponed) this.#reopen(0);
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
    if (event === 'via-cmd') {
      tab.deliver({ type: 'command', command: JSON.parse(data) });
      return;
    }
    const n = Number(number);
    // 0: a full frame is asked for, and what comes until then is of no use.
    if (tab.next === 0 || n < tab.next) return;
    if (n > tab.next) {
      this.#resync(tab, `frame ${n} came too early`);
      return;
    }
    tab.events.push({ event, data });
    if (hash === undefined) return;
    const { events, full } = tab;
    Object.assign(tab, { frame: hash, next: n + 1, events: [], full: false });
    tab.deliver({ type: 'frame', full, hash, events });
  }
}
