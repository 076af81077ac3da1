/**
 * What a document hands on to the one after a reload: what was typed and not yet sent, and, where
 * the page reloads itself because the server has a newer build of it, the clicks that wait.
 *
 * It lies in sessionStorage only from one document to the next, and holds nothing that was typed
 * into a password field.
 */

import { forJson } from './values.js';

export class Handover {
  /** The clicks that the server definitely did not take, once the page is of an older build. */
  #refused = null;

  constructor({ storage, signals, drafts, queue, isSecret }) {
    Object.assign(this, { storage, signals, drafts, queue, isSecret });
    this.key = `via:handover:${location.pathname}`;
  }

  /** From now on clicks wait for the document after this one, behind `refused` if there is such. */
  carry(refused) {
    this.queue.halt();
    this.#refused ??= [];
    if (refused) this.#refused.push(refused);
  }

  /** The document is left. */
  leave() {
    const { signals, dirty } = this.drafts.capture();
    const typed = dirty.filter((name) => !this.isSecret(name)).map((name) => [name, signals[name]]);
    const waiting = this.#refused ? [...this.#refused, ...this.queue.unsent] : [];
    const clicks = waiting.map(({ action, args }) => ({ action, args }));
    // What an earlier leave wrote is old: the document may have come back from the back-forward cache.
    if (typed.length + clicks.length === 0) this.storage.removeItem(this.key);
    else this.storage.setItem(this.key, JSON.stringify({ typed, clicks }, forJson));
  }

  /** Takes what the document before has left, if this one is its reload or a return to it. */
  take() {
    const left = this.storage.getItem(this.key);
    this.storage.removeItem(this.key);
    const [navigation] = performance.getEntriesByType('navigation');
    if (!left || !/reload|back_forward/.test(navigation?.type)) return;
    const { typed, clicks } = JSON.parse(left);
    for (const [name, value] of typed) if (this.signals.has(name)) this.signals.edit(name, value);
    // All but what was typed is better known to the server than to a document that is this young.
    const carried = this.drafts.capture();
    for (const click of clicks) this.queue.add({ ...click, ...carried, done() {} });
  }
}
