/**
 * The shell of the hub in a SharedWorker: messages from and to ports, and which tabs are still alive.
 *
 * Web Locks tell at once when a tab or this worker is gone. Where they are missing (plain HTTP on
 * another host than localhost) both sides send pings.
 */

import { makeHub } from './hub.js';

const PING = 20_000;

const hub = makeHub({ url: new URL('../stream', import.meta.url).href, fetch });
const locks = navigator.locks;
const lock = locks && `via-hub:${crypto.randomUUID()}`;
// Held until this worker dies, because the inner promise never ends. A tab that gets the lock knows that.
const held = lock && new Promise((ready) => locks.request(lock, () => new Promise(ready)));

addEventListener('online', hub.wake);

addEventListener('connect', async ({ ports: [port] }) => {
  let heard = Date.now();
  let tabLock;
  const deliver = (message) => port.postMessage(message);
  const leave = () => {
    clearInterval(ping);
    hub.leave(port);
  };
  const ping = setInterval(() => {
    if (!tabLock && Date.now() - heard > 3 * PING) {
      hub.leave(port);
      deliver({ type: 'left' });
    }
    deliver({ type: 'ping' });
  }, PING);
  port.onmessage = ({ data: { type, ...data } }) => {
    heard = Date.now();
    if (type === 'join') {
      hub.join(port, data, deliver);
      if (data.lock && data.lock !== tabLock) locks.request((tabLock = data.lock), leave);
    } else if (type === 'leave') leave();
    // `failed`, `answered` and `wake`
    else hub[type]?.(port, data.what);
  };
  await held;
  deliver({ type: 'hello', lock, ping: PING });
});
