/**
 * A page's connection to the hub: in a SharedWorker, or in the page itself if there is no
 * worker, or if it does not say hello in time.
 */

import { scriptUrl } from './trusted.js';

const WORKER_WITHIN = 1_000;

/** `deliver` takes the hub's messages; `shown()` is the hash of the frame that the page shows. */
export function makeLink({ base, deliver, shown }) {
  const { locks } = navigator;
  let joined = null;
  let port;
  let own;
  let said;
  let starts = 0;
  let fallingBack;
  /** Before the worker says hello: give it up. Afterwards: it has been silent for too long. */
  let timer;
  let silence;
  let watch;
  let tabLock;
  let release;

  const pass = (message) => joined !== null && deliver(message);

  const drop = () => {
    clearTimeout(timer);
    said = false;
    watch?.abort();
    release?.();
    release = null;
    port?.postMessage({ type: 'leave' });
    port?.close();
    port = null;
  };

  const start = () => {
    drop();
    watch = new AbortController();
    try {
      const worker = new SharedWorker(scriptUrl('hub-worker.js'), { type: 'module', name: `via:${base}` });
      const mine = (port = worker.port);
      const giveUp = () => port === mine && !said && fallBack();
      timer = setTimeout(giveUp, Math.min(WORKER_WITHIN * 2 ** starts++, 8_000));
      worker.onerror = giveUp;
      port.onmessage = ({ data }) => port === mine && take(data);
    } catch {
      // Also without shared workers.
      fallBack();
    }
  };

  const take = (message) => {
    const { type, lock, ping } = message;
    if (type === 'hello') {
      said = true;
      starts = 0;
      silence = !lock && 3 * ping;
      heard();
      // Granted when the worker has died.
      if (lock) locks.request(lock, { mode: 'shared', signal: watch.signal }, died).catch(() => {});
      joinWorker();
    } else if (type === 'ping') {
      port.postMessage({ type: 'pong' });
      heard();
    } else if (type === 'left') {
      joinWorker();
    } else {
      pass(message);
    }
  };

  const heard = () => {
    clearTimeout(timer);
    if (silence) timer = setTimeout(died, silence);
  };

  const died = () => {
    if (own || joined === null) return;
    deliver({ type: 'status', status: 'reconnecting' });
    start();
  };

  const joinWorker = async () => {
    const mine = port;
    const lock = await holdLock();
    if (port === mine && joined !== null) port.postMessage({ type: 'join', token: joined, frame: shown(), lock });
  };

  /** Holds a lock of this page; the worker gets it when the page is gone. */
  const holdLock = () => {
    if (!locks || release) return tabLock;
    tabLock = `via-tab:${crypto.randomUUID()}`;
    return new Promise((ready) => {
      const hold = (resolve) => {
        release = resolve;
        ready(tabLock);
      };
      locks.request(tabLock, { signal: watch.signal }, () => new Promise(hold)).catch(() => ready());
    });
  };

  const fallBack = async () => {
    drop();
    fallingBack = true;
    const { makeOwnStream } = await import('./own-stream.js').catch(() => ({}));
    fallingBack = false;
    if (makeOwnStream) own ??= makeOwnStream({ url: new URL('stream', base).href, shown, pass });
    else setTimeout(() => !own && joined !== null && start(), 2_000);
    own?.join(joined);
  };

  return {
    /** Joins with a token. Joins again by itself when the hub restarts. */
    join(token) {
      joined = token;
      if (own) own.join(token);
      else if (said) joinWorker();
      else if (!port && !fallingBack) start();
    },

    /** Releases everything that would keep the page from being frozen or cached. */
    leave() {
      joined = null;
      own?.join(null);
      drop();
    },

    /** Calls a function of the hub for this page: `failed`, `answered` or `wake`. */
    tell: (type, what) => (own ? own[type](what) : port?.postMessage({ type, what })),
  };
}
