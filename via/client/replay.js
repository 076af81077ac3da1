/**
 * Does what the user did before the client was there; `early.js` has taken note of it.
 */

export function replay() {
  for (const { type, target, submitter } of globalThis.viaEarly?.() ?? []) {
    const init = { bubbles: true, cancelable: true, composed: true };
    // Not a MouseEvent: the browser has ticked the box or followed the link already.
    target.dispatchEvent(type === 'submit' ? new SubmitEvent(type, { ...init, submitter }) : new Event(type, init));
  }
}
