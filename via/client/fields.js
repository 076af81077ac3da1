/**
 * Which fields the user is editing: in a composition of an input method, or focused and changed.
 *
 * An edit ends when the field is left or the browser reports a `change`, which it also does when
 * Enter is pressed in a text field.
 */

const edited = new WeakSet();
const composing = new WeakSet();
const listeners = new Set();

/** Whether only the user may change the field now. */
export function isHeld(field) {
  return composing.has(field) || (edited.has(field) && field === document.activeElement);
}

/** Calls `listener` with each field that the user has finished editing. */
export function onRelease(listener) {
  listeners.add(listener);
}

export function watchFields() {
  const on = (type, handle) => document.addEventListener(type, ({ target }) => handle(target), true);
  // After the field's own listeners, which may still have to read it.
  const release = (field) => queueMicrotask(() => listeners.forEach((listener) => listener(field)));
  on('input', (field) => edited.add(field));
  on('compositionstart', (field) => composing.add(field));
  on('compositionend', (field) => {
    composing.delete(field);
    release(field);
  });
  for (const type of ['change', 'focusout']) {
    on(type, (field) => {
      edited.delete(field);
      if (type === 'focusout') composing.delete(field);
      release(field);
    });
  }
}
