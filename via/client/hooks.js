/**
 * The events for a page's own JavaScript: `via.on(name, handler)`, and the lifecycle events that the official
 * Datastar client sends, on the document.
 */

const handlers = new Map();
let connection;

/** Calls `handler` whenever `name` happens; returns a function that ends this. */
export function hook(name, handler) {
  if (typeof handler !== 'function') throw new TypeError('via.on takes a name and a function');
  const registered = handlers.get(name) ?? new Set();
  handlers.set(name, registered);
  // A new object each time: a function that is passed twice is called twice, and each can end separately.
  const entry = { handler };
  registered.add(entry);
  // The connection is a state, so a late listener gets the present one.
  if (name === 'via:connection' && connection) runHook(name, entry, connection);
  return () => void registered.delete(entry);
}

/** Calls all handlers of `name`. A mistake in one of them is reported and does not stop the others. */
export function tell(name, detail) {
  if (name === 'via:connection') connection = detail;
  for (const entry of [...(handlers.get(name) ?? [])]) runHook(name, entry, detail);
}

function runHook(name, { handler }, detail) {
  try {
    handler(detail);
  } catch (error) {
    console.error(`via: a handler of ${name} failed`, error);
  }
}

/** `datastar-fetch`: `started`, `retrying`, `error`, `finished`, and each patch by the name of its event. */
export function lifecycle(type, el, argsRaw = {}) {
  const detail = { type, el: el ?? document.getElementById('via'), argsRaw };
  document.dispatchEvent(new CustomEvent('datastar-fetch', { detail }));
}
