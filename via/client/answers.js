/**
 * Handles the answers to actions: runs their commands, and tells the user about refusals.
 */

import { UNKNOWN } from './action-queue.js';
import { tell } from './hooks.js';
import { ask, toast } from './notices.js';
import { storage } from './storage.js';

/** A page that was reloaded this short a time ago is not reloaded again. */
const RELOAD_GUARD = 60_000;

/** What refusals with these codes need; for all others the message is enough. */
const OUTDATED = ['stale_page', 'unknown'];
const ENDED = ['session_gone', 'no_cookie', 'damaged'];
const UNATTACHED = 'expired';

const SIGN_IN = 'You may have to sign in again.';

/** Possible reasons for an answer that is not the app's, by its status; 0 stands for a redirect or a page. */
const REASONS = {
  0: SIGN_IN,
  401: SIGN_IN,
  403: 'You may not be allowed to do this.',
  413: 'This may be too much to send at once.',
};

const BLOCKED = 'This page cannot reach its server. It keeps trying.';
const NOT_ACCEPTED = 'This was not accepted. Please check, then try again.';
const NO_COOKIES = 'This page needs cookies. Allow them for this site, then reload the page.';

/**
 * `carry(item, hasMoved)` hands the waiting clicks on to the document after a reload, `item` first;
 * `applied(versions)` gets each action that was done; `attach()` requests another token for the tab.
 */
export function makeAnswers({ applied, carry, attach }) {
  let obstacle;
  const guard = `via:reloaded:${location.pathname}`;

  /** Whether the page can be reloaded, because it was not within this time, or an action was done since. */
  const mayReload = (time) => {
    if (Date.now() - (storage.getItem(guard) ?? -Infinity) < time) return false;
    storage.setItem(guard, Date.now());
    // If nothing can be noted, the page would be reloaded for ever.
    return storage.getItem(guard) !== null;
  };

  const outdated = (item) => {
    carry(item);
    if (mayReload(RELOAD_GUARD)) location.reload();
    else ask('This page is out of date. Please reload it.');
  };

  /**
   * Something other than the app has answered. If it is a page that stands in front of the app, the user gets to
   * see it, once; returns whether that is so.
   */
  const moved = ({ kind }, item) => {
    if (kind !== 'moved' || item?.resumed || !mayReload(Infinity)) return false;
    carry(item, true);
    location.reload();
    return true;
  };

  /** What to tell the user about an answer that is not the app's. */
  const explain = (status, outcome) => {
    console.error(`via: something other than the app answered with ${status || 'a redirect or a page'}`);
    return `${REASONS[status] ?? ''} ${outcome}`.trim();
  };
  const statusOf = ({ status }) => (status < 400 ? 0 : status);

  /** Takes a refusal, `{ status, code, message, definite }`: of `item`, or of the whole page. */
  const refused = ({ status, code, message, definite }, item) => {
    if (code === UNATTACHED) attach();
    // An element that a newer build has sent may call an action of that build; a script was wrong from the start.
    else if (OUTDATED.includes(code) || (code === 'unknown_action' && item && !item.called)) outdated(item);
    else if (status === 401 || ENDED.includes(code)) {
      ask(navigator.cookieEnabled === false ? NO_COOKIES : message || 'Your session has ended.');
    } else {
      // With 422 the user has entered something that the server does not accept, or a script is wrong.
      const isMistake = code === 'unknown_action';
      if (definite && (status !== 422 || isMistake)) console.error(`via: the server answered ${status} ${code}: ${message}`);
      toast((!isMistake && message) || 'That did not work.', true);
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
    moved,

    /** Something keeps the page from the app, which is asked again. */
    blocked(answer) {
      if (!moved(answer)) obstacle ??= ask(explain(statusOf(answer), BLOCKED));
    },

    /** The app has answered. */
    unblocked() {
      obstacle?.remove();
      obstacle = null;
    },

    /** Gives an answer that is not the app's the form of a refusal; returns all others as they are. */
    translate(answer, { repeated }) {
      const { kind } = answer;
      if (kind !== 'moved' && kind !== 'foreign') return answer;
      const status = statusOf(answer);
      // An earlier request with the same action may have reached the app.
      // A proxy may have replaced a 409 of the app, which can mean that nobody knows.
      const definite = status >= 400 && status < 500 && status !== 409 && !repeated;
      const [code, outcome] = definite ? ['not_ours', NOT_ACCEPTED] : ['unknown_outcome', UNKNOWN];
      return { kind, status, body: { code, message: explain(status, outcome), definite } };
    },

    /** Takes the last answer to `item`. */
    settle(item, answer) {
      const { kind, status, body } = answer;
      item.done(answer);
      if (status === 200 || status === 204) {
        storage.removeItem(guard);
        applied(item.versions);
        for (const command of body?.commands ?? []) run(command);
      } else if (/moved|foreign/.test(kind)) (REASONS[status] === SIGN_IN ? ask : toast)(body.message, true);
      else refused({ ...body, status }, item);
    },
  };
}

const isLocal = (path) => typeof path === 'string' && /^\/(?![/\\])[^\x00-\x1f]*$/.test(path);
