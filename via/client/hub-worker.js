/**
 * The shell of the hub in a SharedWorker: ports in, ports out, and who is still alive.
 *
 * Web Locks tell at once when a tab or this worker is gone. Where they are missing (plain HTTP on
 * another host than localhost) both sides go by pings.
 */

import { Hub } from './hub.js';

const PING = 20_000;

const hub = new Hub({ url: new URL('../stream', import.meta.url).href, fetch });
const lock = navigator.locks && `via-hub:${crypto.randomUUID()}`;
// Held until this worker dies; a tab that is granted it knows.
const held = lock ? new Promise((ready) => navigator.locks.request(lock, () => (ready(), new Promise(() => {})))) : null;

addEventListener('online', () => hub.wake());

addEventListener('connect', async ({ ports: [port] }) => {
  const state = { heard: Date.now(), tabLock: null };
  const deliver = (message) => port.postMessage(message);
  const leave = () => {
    clearInterval(ping);
    hub.leave(port);
  };
  const ping = setInterval(() => {
    if (!state.tabLock && Date.now() - state.heard > 3 * PING) {
      hub.leave(port);
      deliver({ type: 'left' });
    }
    deliver({ type: 'ping' });
  }, PING);
  port.onmessage = ({ data }) => {
    state.heard = Date.now();
    if (data.type === 'join') {
      hub.join(port, data, deliver);
      if (data.lock && data.lock !== state.tabLock) {
        state.tabLock = data.lock;
        navigator.locks.request(data.lock, leave);
      }
    } else if (data.type === 'leave') leave();
    else if (data.type === 'failed') hub.failed(port, data.why);
    else if (data.type === 'wake') hub.wake();
  };
  await held;
  deliver({ type: 'hello', lock, ping: PING });
});
