/**
 * What a document hands on to the next one over a reload: text that was typed and not yet sent and, if
 * the page reloads itself because the server has a newer build or another page stands in front of the app, the
 * clicks that wait.
 *
 * It is in sessionStorage only from one document to the next, and contains no text from password
 * fields.
 */

import { forJson } from './values.js';

/** The user may need this long to sign in and come back. */
const AWAY = 10 * 60_000;

/** `unsure()` is called if clicks were lost on the way. */
export function makeHandover({ storage, signals, drafts, queue, isSecret, unsure }) {
  const key = `via:handover:${location.pathname}`;
  /** The clicks that are handed on, from the moment when the page is about to be reloaded. */
  let carried;
  /** Whether the user may see another page before the next document of this one. */
  let moved;

  const holdsSecret = ({ signals: sent }) => Object.keys(sent ?? {}).some(isSecret);

  return {
    /**
     * From now on clicks wait for the next document, behind `item` if there is one: an action that the server
     * certainly did not accept or, if the page has moved, one that may have been done.
     */
    carry(item, hasMoved) {
      queue.halt();
      carried ??= [];
      moved ||= hasMoved;
      if (!item) return;
      if (!hasMoved) item.body = null;
      carried.push(item);
    },

    /** The user leaves the document. */
    leave() {
      const { signals: values, dirty } = drafts.capture();
      const typed = dirty.filter((name) => !isSecret(name)).map((name) => [name, values[name]]);
      const waiting = carried ? [...carried, ...queue.waiting().filter(({ body }) => moved || !body)] : [];
      // An action that was sent is sent again as it is, so that it takes effect once.
      const kept = waiting.filter((item) => !item.body || !holdsSecret(item));
      const clicks = kept.map(({ action, args, identity, number, body }) => ({ action, args, identity, ...(body && { number, body, resumed: true }) }));
      const until = moved ? Date.now() + AWAY : 0;
      const isUnsure = kept.length < waiting.length;
      // What an earlier leave wrote is old: the document may have come back from the back-forward cache.
      storage.removeItem(key);
      if (typed.length + waiting.length) storage.setItem(key, JSON.stringify({ typed, clicks, until, isUnsure }, forJson));
    },

    /** Takes what the previous document left, if this one is its reload or a return to it. */
    take() {
      const left = storage.getItem(key);
      storage.removeItem(key);
      if (!left) return;
      const [navigation] = performance.getEntriesByType('navigation');
      const { typed, clicks, until, isUnsure } = JSON.parse(left);
      if (!/reload|back_forward/.test(navigation?.type) && !(Date.now() < until)) {
        if (until && clicks.length) unsure();
        return;
      }
      if (isUnsure) unsure();
      for (const [name, value] of typed) if (signals.has(name)) signals.edit(name, value);
      // Except for typed text, the server knows all values better than a new document does.
      const known = drafts.capture();
      for (const click of clicks) {
        // Of the edits that are made again, nobody knows which ones an earlier document has sent.
        const versions = click.body ? new Map() : known.versions;
        queue.add({ ...click, ...known, versions, done() {} });
      }
    },
  };
}
