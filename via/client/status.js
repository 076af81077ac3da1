/**
 * The status of the connection: `data-via-connection` on the root element, and a banner after a second
 * without `online`. It depends on the stream alone. The banner of a page that is online says if an action waits
 * for its answer.
 */

import { tell } from './hooks.js';
import { addElement } from './notices.js';

const SHOWN_AFTER = 1_000;

const TEXTS = {
  connecting: 'Connecting…',
  reconnecting: 'Reconnecting…',
  offline: 'You are offline. Changes are sent later.',
  unsaved: 'Not saved yet. Still trying…',
};

let stream = 'connecting';
let isUnsaved = false;
let told;
let banner;
let timer;

export function startStatus() {
  banner = addElement(document.body, 'via-banner', 'role', 'status');
  for (const type of ['offline', 'online']) addEventListener(type, show);
  show();
}

/** Takes the hub's status: `connecting`, `online` or `reconnecting`. */
export function setStatus(status) {
  stream = status;
  show();
}

/** An action waits for its answer for so long that the user has to know. */
export function setUnsaved(isSlow) {
  if (isUnsaved === isSlow) return;
  isUnsaved = isSlow;
  show();
}

function show() {
  const { dataset } = document.documentElement;
  const isOnline = stream === 'online';
  const status = isOnline || navigator.onLine !== false ? stream : 'offline';
  if (dataset.viaConnection !== status) dataset.viaConnection = status;
  if (status !== told) tell('via:connection', (told = status));
  if (isOnline && isUnsaved) write();
  else if (isOnline) {
    clearTimeout(timer);
    timer = null;
    banner.replaceChildren();
  } else if (banner.hasChildNodes()) {
    write();
  } else {
    timer ??= setTimeout(write, SHOWN_AFTER);
  }
}

/** `<html data-via-text-offline="..">` and the like replace the texts. */
function write() {
  clearTimeout(timer);
  timer = null;
  const root = document.documentElement;
  const { viaConnection } = root.dataset;
  const status = viaConnection === 'online' ? 'unsaved' : viaConnection;
  const text = root.getAttribute(`data-via-text-${status}`) ?? TEXTS[status];
  if (banner.textContent === text) return;
  banner.replaceChildren();
  addElement(banner, '').textContent = text;
}
