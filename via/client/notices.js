/**
 * Notices: toasts that go away by themselves, and messages that stay until the user answers.
 * Both are announced and neither takes the focus.
 */

import { tell } from './hooks.js';

const SHOWN_FOR = 6_000;
const ERRORS_FOR = 12_000;

export class Notices {
  #list;

  constructor() {
    this.#list = document.createElement('div');
    this.#list.className = 'via-notices';
    // There before its content is, or the content is not announced.
    this.#list.setAttribute('aria-live', 'polite');
    document.body.append(this.#list);
  }

  /** Shows a text for a few seconds; a click sends it away at once. */
  toast(text, { error = false } = {}) {
    tell('via:toast', { text, error });
    const notice = this.#add(text, error);
    const remove = () => notice.remove();
    notice.addEventListener('click', remove);
    setTimeout(remove, error ? ERRORS_FOR : SHOWN_FOR);
  }

  /** Shows a text with one button until the page is left; shown once however often it is asked. */
  ask(text, label, answer) {
    for (const { dataset } of this.#list.children) if (dataset.text === text) return;
    const notice = this.#add(text, true);
    notice.dataset.text = text;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', answer);
    notice.append(button);
  }

  #add(text, error) {
    const notice = document.createElement('div');
    notice.className = 'via-notice';
    if (error) notice.setAttribute('role', 'alert');
    notice.textContent = text;
    this.#list.append(notice);
    return notice;
  }
}
