/**
 * Notices: toasts that go away by themselves, and messages that stay until the user answers.
 * Both are announced and neither takes the focus.
 */

import { tell } from './hooks.js';

const SHOWN_FOR = 6_000;
const ERRORS_FOR = 12_000;

/** Adds an element of the client to the page. */
export function addElement(parent, className, name, value) {
  const element = document.createElement('div');
  element.className = className;
  if (name) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

let shown;

/** Makes the container of notices. It must exist before its content, or screen readers do not announce that. */
export function startNotices() {
  shown = addElement(document.body, 'via-notices', 'aria-live', 'polite');
}

/** Shows a text for a few seconds; a click removes it at once. */
export function toast(text, isError) {
  tell('via:toast', { text, error: isError === true });
  const notice = addNotice(text, isError);
  const remove = () => notice.remove();
  notice.onclick = remove;
  setTimeout(remove, isError ? ERRORS_FOR : SHOWN_FOR);
}

/** Shows a text with a reload button until the user leaves the page; repeated calls show it once. */
export function ask(text) {
  for (const notice of shown.children) if (notice.firstChild?.data === text) return notice;
  const button = document.createElement('button');
  button.textContent = 'Reload';
  button.onclick = () => location.reload();
  const notice = addNotice(text, true);
  notice.append(button);
  return notice;
}

function addNotice(text, isError) {
  const notice = addElement(shown, 'via-notice', isError && 'role', 'alert');
  notice.textContent = text;
  return notice;
}
