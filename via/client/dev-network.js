/**
 * Stands between the client and the network, for the overlay: delays what is sent and what is
 * applied, and sees the answers. The client does not know of it.
 */

const STORED = 'via:dev:latency';

/** In milliseconds; kept for as long as the browser tab. */
export const latency = { send: 0, apply: 0 };

export function setLatency(values) {
  Object.assign(latency, values);
  sessionStorage.setItem(STORED, JSON.stringify(latency));
}

/** `saw({ kind, response, size })` is called for each answer to the client; kinds are `attach` and `action`. */
export function standBetween(saw) {
  Object.assign(latency, JSON.parse(sessionStorage.getItem(STORED) ?? '{}'));
  const { fetch, SharedWorker } = globalThis;
  globalThis.fetch = async (url, options) => {
    const kind = new Headers(options?.headers).get('Via-Request');
    if (!kind) return fetch(url, options);
    if (latency.send > 0) await pause(latency.send);
    const response = await fetch(url, options);
    if (kind === 'stream') return slowResponse(response);
    saw({ kind, response, size: new TextEncoder().encode(options.body).length });
    return response;
  };
  if (!SharedWorker) return;
  globalThis.SharedWorker = class extends SharedWorker {
    constructor(...args) {
      super(...args);
      slowPort(this.port);
    }
  };
}

function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** Messages of the hub arrive later, in their order. */
function slowPort(port) {
  const waiting = [];
  const take = (handler) => (event) => {
    if (latency.apply === 0 && waiting.length === 0) return handler(event);
    waiting.push(event);
    setTimeout(() => handler(waiting.shift()), latency.apply);
    return undefined;
  };
  Object.defineProperty(port, 'onmessage', {
    set(handler) {
      port.addEventListener('message', take(handler));
      port.start();
    },
  });
}

/** If the page has its own stream. */
function slowResponse(response) {
  if (response.status !== 200 || !response.body) return response;
  const slow = new TransformStream({
    async transform(chunk, controller) {
      if (latency.apply > 0) await pause(latency.apply);
      controller.enqueue(chunk);
    },
  });
  const { status, headers } = response;
  return new Response(response.body.pipeThrough(slow), { status, headers });
}
