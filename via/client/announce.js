/**
 * The event `datastar-signal-patch`, which tells what signals have changed.
 */

/** Announces the signals that change from now on, those of one moment together. */
export function announcePatches(signals) {
  let patch = null;
  signals.onWrite = (name) => {
    // A task of its own: an expression that always changes its own signal does not stop the page.
    if (!patch) setTimeout(announce);
    patch ??= { __proto__: null };
    patch[name] = true;
  };
  function announce() {
    const detail = patch;
    patch = null;
    for (const name of Object.keys(detail)) detail[name] = signals.peek(name);
    document.dispatchEvent(new CustomEvent('datastar-signal-patch', { detail }));
  }
}
