/**
 * One stream: a `fetch` whose body is read as server-sent events, with a watch over its heartbeat.
 */

import { SseParser } from './sse.js';

/** The server answers and says hello within this time, or it is not there. */
const HELLO_WITHIN = 15_000;

export class Stream {
  #abort = new AbortController();
  #watch = null;
  #patience = HELLO_WITHIN;
  #over = false;
  #heard = 0;

  /** `event` is called for each event, `lost(why, wait)` once; `wait` is given for a planned end,
   * and `refused(code)` instead where it is not to be tried again. */
  constructor({ url, fetch, timers, tabs, event, lost, refused }) {
    Object.assign(this, { url, fetch, timers, tabs, event, lost, refused });
  }

  async open() {
    this.#listen();
    try {
      const response = await this.fetch.call(globalThis, this.url, {
        method: 'POST',
        credentials: 'same-origin',
        cache: 'no-store',
        headers: { 'Content-Type': 'application/json', 'Via-Request': 'stream', Accept: 'text/event-stream' },
        body: JSON.stringify({ tabs: this.tabs.map(({ token, frame }) => ({ token, frame })) }),
        signal: this.#abort.signal,
      });
      const type = response.headers.get('Content-Type') ?? '';
      if (response.status !== 200 || !type.startsWith('text/event-stream')) {
        const code = [401, 500].includes(response.status) && (await response.json().catch(() => null))?.code;
        // Any other 500 may be a gateway's.
        if (code && (code === 'damaged' || response.status === 401) && !this.#over) {
          this.close();
          this.refused(code);
        } else this.#end(`status ${response.status}`);
        return;
      }
      await this.#read(response.body.getReader());
      this.#end('closed by the server');
    } catch (error) {
      this.#end(String(error));
    }
  }

  /** Ends the stream without a word to its owner. */
  close() {
    this.#over = true;
    this.timers.clearTimeout(this.#watch);
    this.#abort.abort();
  }

  async #read(reader) {
    const decoder = new TextDecoder();
    const parser = new SseParser((event) => this.#take(event));
    while (!this.#over) {
      const { done, value } = await reader.read();
      if (done) return;
      if (this.#over) return;
      this.#listen();
      parser.push(decoder.decode(value, { stream: true }));
    }
  }

  #take(event) {
    if (this.#over) return;
    if (event.event === 'via-bye') {
      const { reconnect_ms: wait } = JSON.parse(event.data);
      this.#end('bye', Number(wait) || 0);
      return;
    }
    if (event.event === 'via-hello') {
      const { heartbeat_ms: heartbeat } = JSON.parse(event.data);
      if (heartbeat > 0) this.#patience = 2.5 * heartbeat;
      this.#listen();
    }
    this.event(event);
  }

  /** Timers may have slept with the machine: is the heartbeat overdue by the clock? */
  check() {
    if (Date.now() - this.#heard > this.#patience) this.#end('no heartbeat');
  }

  /** Something was heard; if nothing more is within the time, the stream is lost. */
  #listen() {
    this.#heard = Date.now();
    this.timers.clearTimeout(this.#watch);
    this.#watch = this.timers.setTimeout(() => this.#end('no heartbeat'), this.#patience);
  }

  #end(why, wait) {
    if (this.#over) return;
    this.close();
    this.lost(why, wait);
  }
}
