/**
 * A page's connection to the hub: in a SharedWorker, or in the page itself where there is no
 * worker, or one that does not say hello in time.
 */

import { scriptUrl } from './trusted.js';

const WORKER_WITHIN = 1_000;

/** A page with a stream of its own gives it up when it has been hidden for this long. */
const HIDDEN_FOR = 10_000;

export class Link {
  #port = null;
  #hub = null;
  #joined = null;
  #hello = null;
  #watch = new AbortController();
  #release = null;
  #starts = 0;
  #fallingBack = false;
  #silence;

  /** `deliver` takes the hub's messages; `shown()` is the hash of the frame that the page shows. */
  constructor({ base, deliver, shown }) {
    Object.assign(this, { base, deliver, shown });
  }

  /** Joins with a token; joins again by itself when the hub has to be started anew. */
  join(token) {
    this.#joined = token;
    if (this.#hub) this.#joinHub();
    else if (!this.#port && !this.#fallingBack) this.#start();
    else if (this.#hello === 'said') this.#joinWorker();
  }

  /** Lets go of everything that would keep the page from being frozen or cached. */
  leave() {
    this.#joined = null;
    this.#hub?.leave(this);
    this.#drop();
  }

  /** The page could not apply a frame. */
  failed(why) {
    if (this.#hub) this.#hub.failed(this, why);
    else this.#port?.postMessage({ type: 'failed', why });
  }

  wake() {
    if (this.#hub) this.#hub.wake();
    else this.#port?.postMessage({ type: 'wake' });
  }

  #drop() {
    clearTimeout(this.#silence);
    clearTimeout(this.#hello);
    this.#hello = null;
    this.#watch.abort();
    this.#release?.();
    this.#release = null;
    this.#port?.postMessage({ type: 'leave' });
    this.#port?.close();
    this.#port = null;
  }

  #start() {
    this.#drop();
    this.#watch = new AbortController();
    if (!globalThis.SharedWorker) return this.#fallBack();
    let worker;
    try {
      worker = new SharedWorker(scriptUrl('hub-worker.js'), {
        type: 'module',
        name: `via:${this.base}`,
        credentials: 'same-origin',
      });
    } catch {
      return this.#fallBack();
    }
    const port = (this.#port = worker.port);
    const patience = Math.min(WORKER_WITHIN * 2 ** this.#starts++, 8_000);
    const giveUp = () => this.#port === port && this.#hello !== 'said' && this.#fallBack();
    this.#hello = setTimeout(giveUp, patience);
    worker.onerror = giveUp;
    port.onmessage = ({ data }) => this.#port === port && this.#take(data);
    return undefined;
  }

  #take(message) {
    if (message.type === 'hello') {
      clearTimeout(this.#hello);
      this.#hello = 'said';
      this.#starts = 0;
      this.#watchWorker(message);
      this.#joinWorker();
    } else if (message.type === 'ping') {
      this.#port.postMessage({ type: 'pong' });
      this.#heard();
    } else if (message.type === 'left') {
      this.#joinWorker();
    } else if (this.#joined !== null) {
      this.deliver(message);
    }
  }

  #watchWorker({ lock, ping }) {
    this.silence = lock ? null : 3 * ping;
    this.#heard();
    if (!lock) return;
    // Granted when the worker is dead.
    const { signal } = this.#watch;
    navigator.locks.request(lock, { mode: 'shared', signal }, () => this.#died()).catch(() => {});
  }

  #heard() {
    clearTimeout(this.#silence);
    if (this.silence) this.#silence = setTimeout(() => this.#died(), this.silence);
  }

  #died() {
    if (this.#hub || this.#joined === null) return;
    this.deliver({ type: 'status', status: 'reconnecting' });
    this.#start();
  }

  async #joinWorker() {
    const port = this.#port;
    const lock = await this.#holdLock();
    if (this.#port !== port || this.#joined === null) return;
    port.postMessage({ type: 'join', token: this.#joined, frame: this.shown(), lock });
  }

  /** Holds a lock of this page's own, which the worker is granted when the page is gone. */
  #holdLock() {
    if (!navigator.locks) return null;
    if (this.#release) return this.lock;
    this.lock = `via-tab:${crypto.randomUUID()}`;
    return new Promise((ready) => {
      const hold = () => {
        ready(this.lock);
        return new Promise((release) => (this.#release = release));
      };
      navigator.locks.request(this.lock, { signal: this.#watch.signal }, hold).catch(() => ready(null));
    });
  }

  async #fallBack() {
    this.#drop();
    this.#fallingBack = true;
    const { makeHub } = await import('./hub.js').catch(() => ({}));
    this.#fallingBack = false;
    if (!makeHub) {
      setTimeout(() => !this.#hub && this.#joined !== null && this.#start(), 2_000);
      return;
    }
    if (this.#hub) return;
    this.#hub = makeHub({ url: new URL('stream', this.base).href, fetch });
    this.#joinHub();
    let hide;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hide);
      if (document.hidden) hide = setTimeout(() => this.#hub.leave(this), HIDDEN_FOR);
      else this.#joinHub();
    });
  }

  #joinHub() {
    const message = { token: this.#joined, frame: this.shown() };
    if (this.#joined !== null) this.#hub.join(this, message, (data) => this.#joined !== null && this.deliver(data));
  }
}
