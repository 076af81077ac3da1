/**
 * Attaches the document to the server: gets the token that names its tab, and renews it.
 *
 * The token lives in memory. For a reload it is handed on in sessionStorage. It is only there
 * while no document of the tab is alive, so that a duplicated browser tab cannot find it.
 */

import { makeBackoff } from './backoff.js';
import { post } from './post.js';
import { storage } from './storage.js';
import { parseJson } from './tolerant.js';
import { isHtml, verdict } from './verdict.js';

/** After this long without an answer, the request counts as lost. */
const ATTACHED_WITHIN = 15_000;

/**
 * `page` identifies the build that rendered the document.
 * `attached(token, newTab)` is called for each new token, `refused({ status, code, message })` when the server does
 * not accept this document, and `blocked({ kind, status })` when something other than the app answers. It is asked
 * again then, unless the page is about to be reloaded.
 */
export function makeAttachment({ url, page, attached, refused, blocked }) {
  const key = `via:${location.pathname}`;
  const backoff = makeBackoff({});
  let token = null;
  let tab;
  let running;
  /** Another tab was requested while an answer is still awaited. */
  let another;
  let renewal;
  let wake = () => {};

  /** Attaches until it succeeds. `wanted` keeps the tab; without it, the server makes a new one. */
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
      const answer = await ask(wanted);
      const { status, body } = answer ?? {};
      if (status === 200 && typeof body?.token === 'string') {
        take(body);
        return;
      }
      const kind = verdict(answer);
      if (kind === 'ours') {
        refused({ ...body, status });
        return;
      }
      if (kind !== 'again') blocked({ kind, status });
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
      const text = await response.text();
      return { status: response.status, html: isHtml(response.headers), text, body: parseJson(text) };
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

    /** Attaches for the first time, with the token of the document before a reload; returns whether there was one. */
    start() {
      const left = storage.getItem(key);
      storage.removeItem(key);
      attach(left);
      return left !== null;
    },

    /** The server may be reachable again now. */
    wake: () => wake(),

    /** The user leaves the document. It may be the last one of its tab, be reloaded, or come back. */
    leave() {
      if (token) storage.setItem(key, token);
    },

    /** The document came back from the back-forward cache. Returns whether it still has its tab. */
    comeBack() {
      const ours = token !== null && storage.getItem(key) === token;
      if (ours) storage.removeItem(key);
      else attach(null);
      return ours;
    },
  };
}
