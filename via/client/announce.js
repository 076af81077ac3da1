/**
 * The event `datastar-signal-patch`, which tells what signals have changed.
 */

/** From now on announces the signals that change; those of one moment in one event. */
export function announcePatches(signals) {
  let patch = null;
  signals.onWrite = (name) => {
    // Runs as a separate task, so that an expression that always changes its own signal does not stop the page.
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
