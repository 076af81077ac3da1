/**
 * One stream: a `fetch` whose body is read as server-sent events, with a watch on its heartbeat.
 */

import { sseParser } from './sse.js';

/** If the server does not answer and say hello within this time, it counts as unreachable. */
const HELLO_WITHIN = 15_000;

/**
 * Opens a stream. `greeted(id, identity)` is called when it is live, `event` for each event, and `lost(why, wait)`
 * once. `wait` is set for a planned end. `refused({ code, message })` is called instead of `lost` if the
 * stream must not be tried again.
 */
export function openStream({ url, fetch, timers, now, listed, greeted, event, lost, refused }) {
  const controller = new AbortController();
  let patience = HELLO_WITHIN;
  let over;
  let heard;
  let watch;

  /** Ends the stream without telling its owner. */
  const close = () => {
    over = true;
    timers.clearTimeout(watch);
    controller.abort();
  };
  const end = (why, wait) => {
    if (over) return;
    close();
    lost(why, wait);
  };
  const silent = () => end('no heartbeat');

  /** Data arrived. If nothing more arrives within the time, the stream is lost. */
  const listen = () => {
    heard = now();
    timers.clearTimeout(watch);
    watch = timers.setTimeout(silent, patience);
  };

  const push = sseParser((message) => {
    if (over) return;
    if (message.event === 'via-bye') {
      end('bye', JSON.parse(message.data).reconnect_ms);
      return;
    }
    if (message.event === 'via-hello') {
      const hello = JSON.parse(message.data);
      patience = 2.5 * hello.heartbeat_ms || patience;
      listen();
      greeted(hello.stream, hello.identity);
    } else event(message);
  });

  const read = async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Via-Request': 'stream' },
      body: JSON.stringify({ tabs: listed }, ['tabs', 'token', 'frame']),
      signal: controller.signal,
    });
    const { status } = response;
    if (status !== 200 || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      // Any other status may change with the next server, and so may a status from a gateway.
      const body = [401, 500].includes(status) && (await response.json().catch(() => null));
      // Servers of older builds do not send `definite`.
      if (!over && body?.code && (body.definite ?? status === 401)) {
        close();
        refused(body);
      }
      return status;
    }
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || over) return 'closed';
      listen();
      push(decoder.decode(value, { stream: true }));
    }
  };
  listen();
  read().catch(String).then(end);

  return {
    close,
    /** Timers may have slept with the machine, so compare the heartbeat with the clock. */
    check: () => now() - heard > patience && silent(),
  };
}
