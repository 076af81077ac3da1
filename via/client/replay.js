/**
 * Does what the user did before the client ran; `early.js` has recorded it.
 */

export function replay() {
  for (const { type, target, submitter } of globalThis.viaEarly?.() ?? []) {
    const init = { bubbles: true, cancelable: true, composed: true };
    // Not a MouseEvent: the browser has already ticked the box or followed the link.
    target.dispatchEvent(type === 'submit' ? new SubmitEvent(type, { ...init, submitter }) : new Event(type, init));
  }
}
