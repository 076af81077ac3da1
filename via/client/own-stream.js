/**
 * A page's own stream, if there is no shared worker; loaded when it is needed.
 */

import { makeHub } from './hub.js';

/** The stream is given up when the page has been hidden for this long. */
const HIDDEN_FOR = 10_000;

/** The key of this page in the hub. */
const KEY = 'page';

export function makeOwnStream({ url, shown, pass }) {
  const hub = makeHub({ url, fetch });
  let token = null;
  let hide;

  /** Opens the stream with the tab's token; without one, ends it. */
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
