/**
 * Attaches the document to the server: gets the token that names its tab, and renews it.
 *
 * The token lives in memory. Over a reload it is handed on in sessionStorage, where it lies only
 * while no document of the tab is alive, so that a duplicated browser tab cannot find it.
 */

import { makeBackoff } from './backoff.js';
import { post } from './post.js';
import { storage } from './storage.js';

/** After this long without an answer the request is taken for lost. */
const ATTACHED_WITHIN = 15_000;

/**
 * `page` stands for the build that rendered the document.
 * `attached(token, newTab)` is called for each new token, `refused({ status, code, message })`
 * when the server will not have this document.
 */
export function makeAttachment({ url, page, attached, refused }) {
  const key = `via:${location.pathname}`;
  const backoff = makeBackoff({});
  let token = null;
  let tab;
  let running;
  /** Another tab is asked for, while an answer is still awaited. */
  let another;
  let renewal;
  let wake = () => {};

  /** Attaches until it succeeds; `wanted` keeps the tab, none makes a new one. */
  const attach = (wanted = token) => {
    if (running) another ||= wanted === null;
    running ??= run(wanted).finally(() => {
      running = null;
      if (another) attach(null);
      another = false;
    });
  };

  const run = async (wanted) => {
    backoff.reset();
    for (;;) {
      const { ok, status, body } = (await ask(wanted)) ?? {};
      if (ok && typeof body.token === 'string') {
        take(body);
        return;
      }
      // Servers of older builds do not say `definite`.
      if (body?.definite ?? (status < 500 && status !== 429)) {
        refused({ ...body, status });
        return;
      }
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, backoff.next());
      });
    }
  };

  const ask = async (wanted) => {
    try {
      const body = JSON.stringify({ token: wanted ?? undefined, page });
      const response = await post(url, 'attach', { body, signal: AbortSignal.timeout(ATTACHED_WITHIN) });
      const answer = await response.json();
      // A page that is not ours (a proxy's, a login form) is no answer.
      return Object(answer) === answer && { ok: response.ok, status: response.status, body: answer };
    } catch {
      return null;
    }
  };

  const take = (answer) => {
    const newTab = answer.tab !== tab;
    ({ token, tab } = answer);
    const { renew_ms: wait } = answer;
    clearTimeout(renewal);
    if (wait > 0) renewal = setTimeout(attach, Math.min(wait * 0.95, 2 ** 31 - 1));
    attached(token, newTab);
  };

  return {
    attach,

    get token() {
      return token;
    },

    /** Attaches for the first time, with the token that a document before a reload has left; says whether one did. */
    start() {
      const left = storage.getItem(key);
      storage.removeItem(key);
      attach(left);
      return left !== null;
    },

    /** A moment when the server may be reachable again. */
    wake: () => wake(),

    /** The document is left and may be the last of its tab, or be reloaded, or come back. */
    leave() {
      if (token) storage.setItem(key, token);
    },

    /** The document came back from the back-forward cache. Says whether it still has its tab. */
    comeBack() {
      const ours = token !== null && storage.getItem(key) === token;
      if (ours) storage.removeItem(key);
      else attach(null);
      return ours;
    },
  };
}
