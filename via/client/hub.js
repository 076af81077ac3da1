/**
 * The hub: one stream for all tabs of a browser, at any server, reopened after every loss.
 *
 * It knows nothing of windows or workers: tabs are keys with a function that takes messages
 * (`status`, `stream`, `frame`, `command`, `tab`). A stream has an immutable list of tabs; when that changes, the
 * stream is replaced. It lives in a SharedWorker, or in the page if there is no worker.
 */

import { makeBackoff } from './backoff.js';
import { sseParser } from './sse.js';
import { openStream } from './stream.js';

/** Tabs that join within this time share one new stream. */
const JOIN_DELAY = 5;

/** A tab that left costs the server little: the list is shortened with the next change, or after this time. */
const LEAVE_DELAY = 5_000;

/** A stream that lived this long has shown that the server is well. */
const SETTLED = 5_000;

/** A stream that has been opening for this long is given up if something says "try now". */
const HANGS = 2_000;

/** A frame that came with an answer and overtakes another one waits for it this long. */
const OVERTAKES = 1_000;

/** Requests for full frames that are more frequent than this are slowed down more and more. */
const CALM = 10_000;

/** The server accepts this many tabs of a browser. */
const MAX_TABS = 32;
const TOO_MANY = 'Too many open tabs: close some, then reload.';

export function makeHub({ url, fetch, random, timers = globalThis, now = Date.now, debug = console.debug }) {
  const tabs = new Map();
  const backoff = makeBackoff({ random });
  const resyncs = makeBackoff({ random });
  let status = 'connecting';
  let stream;
  /** The tabs of the stream. */
  let listed;
  let timer;
  let due = Infinity;
  let openedAt = 0;
  let resyncedAt = -Infinity;
  let postponed;

  const tellAll = (message) => {
    for (const tab of tabs.values()) tab.deliver(message);
  };

  const setStatus = (next) => {
    if (status === next) return;
    status = next;
    tellAll({ type: 'status', status });
  };

  /** Opens a new stream after `wait`, or earlier if one is already planned. */
  const reopen = (wait) => {
    const at = now() + wait;
    if (due <= at) return;
    timers.clearTimeout(timer);
    due = at;
    timer = timers.setTimeout(open, wait);
  };

  const close = () => {
    timers.clearTimeout(timer);
    due = Infinity;
    stream?.close();
    stream = null;
  };

  /** The tab stays out of the list until it sends another token. */
  const refuse = (tab, news) => {
    tab.token = null;
    tab.deliver({ type: 'tab', ...news });
  };

  /** The tabs whose tokens the server has accepted. */
  const welcome = () => [...tabs.values()].filter(({ token }) => token !== null);

  /** The tab shows `frame`, and the frame with the number `next` comes next. */
  const expect = (tab, frame, next) => Object.assign(tab, { frame, next, events: [], early: [] });

  const open = () => {
    due = Infinity;
    // Tabs that join while a stream opens wait for its hello and share the next one. Otherwise many
    // joining tabs would abort one request after the other, and no stream would ever open.
    const age = now() - openedAt;
    postponed = stream && !stream.id && age < HANGS;
    if (postponed) {
      reopen(HANGS - age);
      return;
    }
    close();
    listed = welcome();
    for (const tab of listed.splice(MAX_TABS)) refuse(tab, { code: 'too_many_tabs', message: TOO_MANY });
    if (!listed.length) return;
    for (const tab of listed) expect(tab, tab.frame, 1);
    openedAt = now();
    stream = openStream({
      url,
      fetch,
      timers,
      now,
      listed,
      greeted(id, identity) {
        stream.id = id;
        setStatus('online');
        tellAll({ type: 'stream', id, identity });
        if (postponed) reopen(0);
      },
      event: take,
      lost,
      // The session is over: the hub requests nothing until a tab sends a new token.
      refused(refusal) {
        stream = null;
        for (const tab of listed) refuse(tab, refusal);
      },
    });
  };

  const lost = (why, wait) => {
    stream = null;
    if (!welcome().length) return;
    if (status === 'online' && now() - openedAt > SETTLED) backoff.reset();
    if (wait === undefined) {
      debug(`via: the stream is lost: ${why}`);
      if (status !== 'connecting') setStatus('reconnecting');
    }
    reopen(wait ?? backoff.next());
  };

  const take = (message) => {
    const { event, id, data } = message;
    const [index, number, hash] = id.split('/');
    const tab = listed[index];
    // A tab that has left, or has another token since, does not matter.
    if (!tab || tabs.get(tab.key) !== tab) return;
    const { next } = tab;
    const n = Number(number);
    if (event === 'via-tab') refuse(tab, JSON.parse(data));
    else if (event === 'via-cmd') tab.deliver({ type: 'command', command: JSON.parse(data) });
    // The same if a full frame was requested: frames before it are useless.
    else if (n > next) {
      tab.early.push(message);
      timers.setTimeout(() => tab.early.includes(message) && reopen(0), OVERTAKES);
    } else if (n === next) {
      tab.events.push({ event, data });
      if (!hash) return;
      const { frame, events, early } = tab;
      // First, because a tab in this page may report at once that it could not apply the frame.
      expect(tab, hash, next + 1);
      tab.deliver({ type: 'frame', full: frame === null, hash, events });
      early.forEach(take);
    }
  };

  return {
    /** Adds a tab, or gives it a new token; `frame` is the hash of what it shows. */
    join(key, { token, frame }, deliver) {
      const before = tabs.get(key);
      deliver({ type: 'status', status });
      if (before?.token === token && stream && listed.includes(before)) return;
      // For a known tab the hub knows better, because a frame may be on its way to it.
      tabs.set(key, { key, token, frame: before ? before.frame : frame, deliver });
      reopen(JOIN_DELAY);
    },

    leave(key) {
      if (!tabs.delete(key)) return;
      if (tabs.size) reopen(LEAVE_DELAY);
      else close();
    },

    /**
     * What came with the answer to an action that named the stream `id`: a frame, or nothing if an earlier
     * answer with one was lost. Then the tab still shows the old frame, and the next stream handles that.
     */
    answered(_, { id, text }) {
      if (stream?.id !== id) return;
      if (text) sseParser(take)(text);
      else reopen(0);
    },

    /** A tab could not apply a frame: it needs a full one, and ignores all others until it comes. */
    failed(key, why) {
      const tab = tabs.get(key);
      if (!tab) return;
      debug(`via: full frame: ${why}`);
      expect(tab, null, NaN);
      const first = now() - resyncedAt > CALM;
      if (first) resyncs.reset();
      resyncedAt = now();
      reopen(first ? 0 : resyncs.next());
    },

    /** A lost connection may be back now (`online`, or a page became visible). */
    wake() {
      if (status === 'online') {
        stream?.check();
        return;
      }
      backoff.reset();
      // A request that has been opening for long may hang on a network that is gone.
      if (!stream || now() - openedAt > HANGS) reopen(0);
    },
  };
}
