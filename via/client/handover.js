/**
 * What a document hands on to the one after a reload: what was typed and not yet sent, and, where
 * the page reloads itself because the server has a newer build of it, the clicks that wait.
 *
 * It lies in sessionStorage only from one document to the next, and holds nothing that was typed
 * into a password field.
 */

import { forJson } from './values.js';

export function makeHandover({ storage, signals, drafts, queue, isSecret }) {
  const key = `via:handover:${location.pathname}`;
  /** The clicks that the server definitely did not take, once the page is of an older build. */
  let refused;

  return {
    /** From now on clicks wait for the document after this one, behind `item` if there is such. */
    carry(item) {
      queue.halt();
      refused ??= [];
      if (item) refused.push(item);
    },

    /** The document is left. */
    leave() {
      const { signals: values, dirty } = drafts.capture();
      const typed = dirty.filter((name) => !isSecret(name)).map((name) => [name, values[name]]);
      const waiting = refused ? [...refused, ...queue.unsent()] : [];
      const clicks = waiting.map(({ action, args }) => ({ action, args }));
      // What an earlier leave wrote is old: the document may have come back from the back-forward cache.
      storage.removeItem(key);
      if (typed.length + clicks.length) storage.setItem(key, JSON.stringify({ typed, clicks }, forJson));
    },

    /** Takes what the document before has left, if this one is its reload or a return to it. */
    take() {
      const left = storage.getItem(key);
      storage.removeItem(key);
      const [navigation] = performance.getEntriesByType('navigation');
      if (!left || !/reload|back_forward/.test(navigation?.type)) return;
      const { typed, clicks } = JSON.parse(left);
      for (const [name, value] of typed) if (signals.has(name)) signals.edit(name, value);
      // All but what was typed is better known to the server than to a document that is this young.
      const carried = drafts.capture();
      for (const click of clicks) queue.add({ ...click, ...carried, done() {} });
    },
  };
}
