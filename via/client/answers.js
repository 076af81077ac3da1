/**
 * Handles the answers to actions: runs their commands, and tells the user about refusals.
 */

import { tell } from './hooks.js';
import { ask, toast } from './notices.js';
import { storage } from './storage.js';

/** A page that was reloaded this short a time ago is not reloaded again. */
const RELOAD_GUARD = 60_000;

/** What refusals with these codes need; for all others the message is enough. */
const OUTDATED = ['stale_page', 'unknown'];
const ENDED = ['session_gone', 'no_cookie', 'damaged'];
const UNATTACHED = 'expired';

const NO_COOKIES = 'This page needs cookies. Allow them for this site, then reload the page.';

/**
 * `carry(item)` hands the waiting clicks on to the document after a reload, `item` first;
 * `applied(versions)` gets each action that was done; `attach()` requests another token for the tab.
 */
export function makeAnswers({ applied, carry, attach }) {
  const guard = `via:reloaded:${location.pathname}`;

  const outdated = (item) => {
    carry(item);
    if (Date.now() - storage.getItem(guard) < RELOAD_GUARD) {
      ask('This page is out of date. Please reload it.');
      return;
    }
    storage.setItem(guard, Date.now());
    location.reload();
  };

  /** Takes a refusal, `{ status, code, message, definite }`: of `item`, or of the whole page. */
  const refused = ({ status, code, message, definite }, item) => {
    if (code === UNATTACHED) attach();
    else if (OUTDATED.includes(code)) outdated(item);
    else if (status === 401 || ENDED.includes(code)) {
      ask(navigator.cookieEnabled === false ? NO_COOKIES : message || 'Your session has ended.');
    } else {
      // With 422 the user has entered something that the server does not accept.
      if (definite && status !== 422) console.error(`via: the server answered ${status} ${code}: ${message}`);
      toast(message || 'That did not work.', true);
    }
  };

  /** Runs what the server wants done in the browser besides patches: a closed set. */
  const run = ({ do: what, text, to, name, detail }) => {
    if (what === 'toast') toast(text);
    else if (what === 'redirect' && isLocal(to)) location.assign(to);
    else if (what === 'emit') tell(name, detail);
    else console.error('via: the server sent a command that is not known', what);
  };

  return {
    refused,
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
