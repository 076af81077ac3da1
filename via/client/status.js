/**
 * The status of the connection: `data-via-connection` on the root element, and a banner when it has
 * not been online for a second. It follows the stream alone.
 */

import { tell } from './hooks.js';

const SHOWN_AFTER = 1_000;

const TEXTS = { connecting: 'Connecting…', reconnecting: 'Reconnecting…', offline: 'You are offline.' };

export class Status {
  #stream = 'connecting';
  #timer = null;
  #told;
  #banner;

  constructor() {
    this.#banner = document.createElement('div');
    this.#banner.className = 'via-banner';
    this.#banner.setAttribute('role', 'status');
    document.body.append(this.#banner);
    addEventListener('offline', () => this.#show());
    addEventListener('online', () => this.#show());
    this.#show();
  }

  get online() {
    return this.#stream === 'online';
  }

  /** Takes what the hub says: `connecting`, `online` or `reconnecting`. */
  set(status) {
    this.#stream = status;
    this.#show();
  }

  #show() {
    const { dataset } = document.documentElement;
    const status = this.online || navigator.onLine !== false ? this.#stream : 'offline';
    if (dataset.viaConnection !== status) dataset.viaConnection = status;
    if (status !== this.#told) tell('via:connection', (this.#told = status));
    if (this.online) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#banner.replaceChildren();
    } else if (this.#banner.hasChildNodes()) {
      this.#write(status);
    } else {
      this.#timer ??= setTimeout(() => this.#appear(), SHOWN_AFTER);
    }
  }

  #appear() {
    this.#timer = null;
    this.#write(document.documentElement.dataset.viaConnection);
  }

  /** `<html data-via-text-offline="..">` and the like replace the texts. */
  #write(status) {
    const text = document.documentElement.getAttribute(`data-via-text-${status}`) ?? TEXTS[status];
    if (this.#banner.textContent === text) return;
    const line = document.createElement('div');
    line.textContent = text;
    this.#banner.replaceChildren(line);
  }
}
