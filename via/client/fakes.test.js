/**
 * Fakes for the tests: a clock with timers, and a stream that the test writes into.
 * (Its name is that of a test so that it is not served with the client.)
 */

export class FakeClock {
  time = 0;
  #next = 1;
  #timers = new Map();

  now = () => this.time;

  setTimeout = (work, wait = 0) => {
    this.#timers.set(this.#next, { work, at: this.time + wait });
    return this.#next++;
  };

  clearTimeout = (id) => this.#timers.delete(id);

  /** Lets time pass; promises settle before, between and after the timers. */
  async pass(wait) {
    const until = this.time + wait;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].work();
      await settle();
    }
    this.time = until;
  }
}

export async function settle() {
  for (let i = 0; i < 30; i++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

/** A server of streams: each `fetch` becomes a request that the test answers. */
export class FakeServer {
  requests = [];

  fetch = (url, { body, signal, headers }) =>
    new Promise((resolve, reject) => {
      const request = { url, body: JSON.parse(body), headers, aborted: false };
      this.requests.push(request);
      let stream;
      signal.addEventListener('abort', () => {
        request.aborted = true;
        reject(new Error('aborted'));
      });
      request.fail = () => reject(new TypeError('network'));
      request.answer = (status = 200, type = 'text/event-stream') => {
        const readable = new ReadableStream({ start: (controller) => (stream = controller) });
        resolve(new Response(readable, { status, headers: { 'Content-Type': type } }));
      };
      request.send = (text) => stream.enqueue(new TextEncoder().encode(text));
      request.close = () => stream.close();
      request.event = (event, data, id) =>
        request.send(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${data}\n\n`);
      request.hello = () => {
        request.answer();
        request.id = `stream ${this.requests.indexOf(request)}`;
        request.event('via-hello', JSON.stringify({ heartbeat_ms: 20000, stream: request.id }));
      };
    });

  get last() {
    return this.requests.at(-1);
  }
}
