/**
 * `window.via`: how a page's own JavaScript talks to the client. `via.d.ts` describes it.
 */

import { hook } from './hooks.js';
import { markPending } from './pending.js';

/** What `via.call` rejects with: the code and the sentence of the answer. */
class ViaError extends Error {
  name = 'ViaError';

  constructor({ status, body }) {
    super(body?.message ?? 'That did not work.');
    this.status = status;
    this.code = body?.code ?? 'unknown';
  }
}

/** `ready()` is a promise if the page still waits for something before it begins. */
export function makeApi({ queue, drafts, ready = () => null }) {
  return Object.freeze({
    on: hook,
    call(action, args = [], el = null) {
      if (!Array.isArray(args)) throw new TypeError(`the arguments of ${action} are not a list`);
      const outcome = new Promise((resolve, reject) => {
        // First, because it throws for values that are not JSON, such as a BigInt.
        const json = JSON.stringify(args);
        const add = () => {
          const unmark = markPending(el);
          const done = (answer) => {
            unmark();
            if (answer.status === 200 || answer.status === 204) resolve();
            else reject(new ViaError(answer));
          };
          queue.add({ action: String(action), args: json, el, called: true, ...drafts.capture(), done });
        };
        const waits = ready();
        if (waits) waits.then(add);
        else add();
      });
      // The page has already told the user, as after a click, so the caller need not handle the outcome.
      outcome.catch(() => {});
      return outcome;
    },
  });
}
