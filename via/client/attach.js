/**
 * Attaches the document to the server: gets the token that names its tab, and renews it.
 *
 * The token lives in memory. Over a reload it is handed on in sessionStorage, where it lies only
 * while no document of the tab is alive, so that a duplicated browser tab cannot find it.
 */

import { makeBackoff } from './backoff.js';

/** After this long without an answer the request is taken for lost. */
const ATTACHED_WITHIN = 15_000;

export class Attachment {
  token = null;
  tab = null;
  #running = null;
  /** Another tab is asked for, while an answer is still awaited. */
  #another = false;
  #renewal;
  #wake = () => {};

  /**
   * `page` stands for the build that rendered the document.
   * `attached({ token, tab, newTab })` is called for each new token, `refused({ status, code,
   * message })` when the server will not have this document.
   */
  constructor({ url, storage, page, attached, refused }) {
    Object.assign(this, { url, storage, page, attached, refused });
    this.key = `via:${location.pathname}`;
    this.backoff = makeBackoff({});
  }

  /** Attaches for the first time, with the token that a document before a reload has left. */
  start() {
    const left = this.storage.getItem(this.key);
    this.storage.removeItem(this.key);
    return this.attach(left);
  }

  /** Attaches until it succeeds; `token` keeps the tab, none makes a new one. */
  attach(token = this.token) {
    if (this.#running) this.#another ||= token === null;
    this.#running ??= this.#run(token).finally(() => {
      this.#running = null;
      if (this.#another) this.attach(null);
      this.#another = false;
    });
    return this.#running;
  }

  /** A moment when the server may be reachable again. */
  wake() {
    this.#wake();
  }

  /** The document is left and may be the last of its tab, or be reloaded, or come back. */
  leave() {
    if (this.token) this.storage.setItem(this.key, this.token);
  }

  /** The document came back from the back-forward cache. Says whether it still has its tab. */
  comeBack() {
    const left = this.storage.getItem(this.key);
    const ours = left !== null && left === this.token;
    if (ours) this.storage.removeItem(this.key);
    else this.attach(null);
    return ours;
  }

  async #run(token) {
    this.backoff.reset();
    for (;;) {
      const answer = await this.#ask(token);
      if (answer?.ok) {
        this.#take(answer.body);
        return;
      }
      if (answer && ((answer.status < 500 && answer.status !== 429) || answer.body.code === 'damaged')) {
        this.refused({ status: answer.status, ...answer.body });
        return;
      }
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, this.backoff.next());
      });
    }
  }

  async #ask(token) {
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'application/json', 'Via-Request': 'attach' },
        body: JSON.stringify({ ...(token && { token }), ...(this.page && { page: this.page }) }),
        signal: AbortSignal.timeout(ATTACHED_WITHIN),
      });
      const body = await response.json().catch(() => null);
      // A page that is not ours (a proxy's, a login form) is no answer.
      if (!body || typeof body !== 'object') return null;
      return { ok: response.ok && typeof body.token === 'string', status: response.status, body };
    } catch {
      return null;
    }
  }

  #take({ token, tab, renew_ms: renewal }) {
    const newTab = tab !== this.tab;
    Object.assign(this, { token, tab });
    clearTimeout(this.#renewal);
    if (renewal > 0) this.#renewal = setTimeout(() => this.attach(), Math.min(renewal * 0.95, 2 ** 31 - 1));
    this.attached({ token, tab, newTab });
  }
}
