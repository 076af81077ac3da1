/**
 * A page's own stream, where there is no shared worker; loaded when it is needed.
 */

import { makeHub } from './hub.js';

/** It is given up when the page has been hidden for this long. */
const HIDDEN_FOR = 10_000;

/** What the hub knows this page by. */
const KEY = 'page';

export function makeOwnStream({ url, shown, pass }) {
  const hub = makeHub({ url, fetch });
  let token = null;
  let hide;

  /** With the tab's token; without one the stream ends. */
  const join = (given) => {
    token = given;
    if (token === null) hub.leave(KEY);
    else hub.join(KEY, { token, frame: shown() }, pass);
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hide);
    if (document.hidden) hide = setTimeout(() => hub.leave(KEY), HIDDEN_FOR);
    else join(token);
  });
  const tell = (type) => (what) => hub[type](KEY, what);
  return { join, wake: hub.wake, failed: tell('failed'), answered: tell('answered') };
}
