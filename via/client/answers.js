/**
 * What becomes of the answer to an action: commands are done, refusals are told to the user.
 */

import { tell } from './hooks.js';
import { ask, toast } from './notices.js';
import { storage } from './storage.js';

/** A page that had to be reloaded this short a time ago is not reloaded again. */
const RELOAD_GUARD = 60_000;

/** Codes that leave open what became of an action. */
const UNKNOWN = ['unknown_outcome', 'forgotten', 'superseded', 'number_reused'];

/**
 * `carry(item)` hands the clicks that wait on to the document after a reload, `item` first;
 * `applied(versions)` hears of each action that was done.
 */
export function makeAnswers({ applied, carry }) {
  const guard = `via:reloaded:${location.pathname}`;

  const outdated = (item) => {
    carry(item);
    if (Date.now() - storage.getItem(guard) < RELOAD_GUARD) {
      ask('This page is out of date.');
      return;
    }
    storage.setItem(guard, Date.now());
    location.reload();
  };

  const sessionGone = (code) =>
    ask(
      code === 'no_cookie' || navigator.cookieEnabled === false
        ? 'This page needs cookies, which are off in this browser.'
        : code === 'damaged'
          ? 'What is stored for this page cannot be read.'
          : 'Your session has ended.',
    );

  /** Takes an error, `{ status, code, message }`: of `item`, or of the whole page. */
  const refused = ({ status, code, message }, item) => {
    if (status === 401 || status === 410 || code === 'damaged') sessionGone(code);
    else if (code === 'stale_page') outdated(item);
    else {
      const isUnknown = UNKNOWN.includes(code);
      if (!isUnknown && !/^(?:refused|invalid_signal|invalid_arguments)$/.test(code)) {
        console.error(`via: the server answered ${status} ${code ?? ''}: ${message ?? ''}`);
      }
      toast(isUnknown ? 'It is not known whether your last action was done.' : message || 'That did not work.', true);
    }
  };

  /** Does what the server wants done in the browser beyond patches: a closed set. */
  const run = ({ do: what, text, to, name, detail }) => {
    if (what === 'toast') toast(text);
    else if (what === 'redirect' && isLocal(to)) location.assign(to);
    else if (what === 'emit') tell(name, detail);
    else console.error('via: the server sent a command that is not known', what);
  };

  return {
    refused,
    sessionGone,
    run,

    /** Takes a definite answer to `item`. */
    settle(item, answer) {
      const { status, body } = answer;
      item.done(answer);
      if (status === 200 || status === 204) {
        storage.removeItem(guard);
        applied(item.versions);
        for (const command of body?.commands ?? []) run(command);
      } else refused({ ...body, status }, item);
    },
  };
}

const isLocal = (path) => typeof path === 'string' && /^\/(?![/\\])[^\x00-\x1f]*$/.test(path);
