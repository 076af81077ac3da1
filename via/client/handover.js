/**
 * What a document hands on to the next one over a reload: text that was typed and not yet sent and, if
 * the page reloads itself because the server has a newer build, the clicks that wait.
 *
 * It is in sessionStorage only from one document to the next, and contains no text from password
 * fields.
 */

import { forJson } from './values.js';

export function makeHandover({ storage, signals, drafts, queue, isSecret }) {
  const key = `via:handover:${location.pathname}`;
  /** The clicks that the server certainly did not accept, after it told the page that its build is old. */
  let refused;

  return {
    /** From now on clicks wait for the next document, behind `item` if there is one. */
    carry(item) {
      queue.halt();
      refused ??= [];
      if (item) refused.push(item);
    },

    /** The user leaves the document. */
    leave() {
      const { signals: values, dirty } = drafts.capture();
      const typed = dirty.filter((name) => !isSecret(name)).map((name) => [name, values[name]]);
      const waiting = refused ? [...refused, ...queue.unsent()] : [];
      const clicks = waiting.map(({ action, args, identity }) => ({ action, args, identity }));
      // What an earlier leave wrote is old: the document may have come back from the back-forward cache.
      storage.removeItem(key);
      if (typed.length + clicks.length) storage.setItem(key, JSON.stringify({ typed, clicks }, forJson));
    },

    /** Takes what the previous document left, if this one is its reload or a return to it. */
    take() {
      const left = storage.getItem(key);
      storage.removeItem(key);
      const [navigation] = performance.getEntriesByType('navigation');
      if (!left || !/reload|back_forward/.test(navigation?.type)) return;
      const { typed, clicks } = JSON.parse(left);
      for (const [name, value] of typed) if (signals.has(name)) signals.edit(name, value);
      // Except for typed text, the server knows all values better than a new document does.
      const carried = drafts.capture();
      for (const click of clicks) queue.add({ ...click, ...carried, done() {} });
    },
  };
}
