/**
 * What becomes of the answer to an action: commands are done, refusals are told to the user.
 */

import { tell } from './hooks.js';

/** A page that had to be reloaded this short a time ago is not reloaded again. */
const RELOAD_GUARD = 60_000;

/** Codes that leave open what became of an action. */
const UNKNOWN = ['unknown_outcome', 'forgotten', 'superseded', 'number_reused'];

export class Answers {
  /** `carry(item)` hands the clicks that wait on to the document after a reload, `item` first. */
  constructor({ notices, drafts, storage, carry }) {
    Object.assign(this, { notices, drafts, storage, carry });
    this.guard = `via:reloaded:${location.pathname}`;
  }

  /** Takes a definite answer to `item`. */
  settle(item, { status, body }) {
    item.done({ status, body });
    if (status === 200 || status === 204) {
      this.storage.removeItem(this.guard);
      this.drafts.acknowledged(item.versions);
      for (const command of body?.commands ?? []) this.run(command);
      return;
    }
    this.refused({ status, code: body?.code, message: body?.message }, item);
  }

  /** Takes an error, `{ status, code, message }`: of `item`, or of the whole page. */
  refused({ status, code, message }, item) {
    if (status === 401 || status === 410 || code === 'damaged') this.sessionGone(code);
    else if (code === 'stale_page') this.#reload(item);
    else {
      const known = ['refused', 'invalid_signal', 'invalid_arguments', ...UNKNOWN];
      if (!known.includes(code)) console.error(`via: the server answered ${status} ${code ?? ''}: ${message ?? ''}`);
      const text = UNKNOWN.includes(code)
        ? 'It is not known whether your last action was done.'
        : message || 'That did not work.';
      this.notices.toast(text, { error: true });
    }
  }

  sessionGone(code) {
    if (code === 'no_cookie' || navigator.cookieEnabled === false) {
      this.notices.ask('This page needs cookies, which are off in this browser.', 'Try again', reload);
    } else if (code === 'damaged') {
      this.notices.ask('What is stored for this page cannot be read.', 'Try again', reload);
    } else {
      this.notices.ask('Your session has ended.', 'Start again', reload);
    }
  }

  #reload(item) {
    this.carry(item);
    const last = Number(this.storage.getItem(this.guard));
    if (Date.now() - last < RELOAD_GUARD) {
      this.notices.ask('This page is out of date.', 'Reload', reload);
      return;
    }
    this.storage.setItem(this.guard, String(Date.now()));
    reload();
  }

  /** Does what the server wants done in the browser beyond patches: a closed set. */
  run({ do: what, text, to, name, detail }) {
    if (what === 'toast') this.notices.toast(text);
    else if (what === 'redirect' && isLocal(to)) location.assign(to);
    else if (what === 'emit') tell(name, detail);
    else console.error('via: the server sent a command that is not known', what);
  }
}

function reload() {
  location.reload();
}

function isLocal(path) {
  return typeof path === 'string' && /^\/(?![/\\])[^\x00-\x1f]*$/.test(path);
}
