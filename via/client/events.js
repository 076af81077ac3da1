/**
 * `data-on:EVENT` and its modifiers: `__prevent`, `__stop`, `__once`, `__window`, `__outside`,
 * `__capture`, `__passive`, `__key.Enter`, `__debounce.500ms`, `__throttle.500ms`.
 */

import { camel } from './directives.js';
import { batch } from './signals.js';

export const events = {
  on(context) {
    const { element, key, modifiers } = context;
    const has = (name) => modifiers.has(name);
    const type = modifiers.get('case')?.[0] === 'camel' ? camel(key) : key;
    const target = has('window') ? window : has('outside') ? document : element;
    const options = { capture: has('capture'), passive: has('passive'), once: has('once') && !has('outside') };
    const run = paced(modifiers, (event) => batch(() => context.evaluate(event)));

    const keys = modifiers.get('key')?.map(decodeURIComponent);

    const listen = (event) => {
      if (keys && !keys.includes(event.key)) return;
      if (has('outside') && event.composedPath().includes(element)) return;
      // A form that is submitted by the browser would leave the page.
      if (has('prevent') || type === 'submit') event.preventDefault();
      if (has('stop')) event.stopPropagation();
      if (has('once')) target.removeEventListener(type, listen, options);
      run(event);
    };
    target.addEventListener(type, listen, options);
    // A debounced call that is under way still runs: it is something that the user did.
    return () => target.removeEventListener(type, listen, options);
  },
};

/** `500ms`, `2s` or `500` in milliseconds. */
export function milliseconds([text = '0'] = []) {
  const number = parseFloat(text);
  return /\ds$/.test(text) ? number * 1000 : number || 0;
}

/** Wraps `work` as the modifiers `debounce` and `throttle` say, with Datastar's options. */
export function paced(modifiers, work, timers = globalThis) {
  for (const [name, wrap] of [['debounce', debounce], ['throttle', throttle]]) {
    const options = modifiers.get(name);
    if (options) work = wrap(work, milliseconds(options), (option) => options.includes(option), timers);
  }
  return work;
}

function debounce(work, wait, has, { setTimeout, clearTimeout }) {
  let timer;
  return (event) => {
    if (!timer && has('leading')) work(event);
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      if (!has('notrailing')) work(event);
    }, wait);
  };
}

function throttle(work, wait, has, { setTimeout }) {
  let resting;
  let last;
  const rest = () => {
    resting = true;
    setTimeout(() => {
      resting = false;
      const event = last;
      last = null;
      if (!event) return;
      rest();
      work(event);
    }, wait);
  };
  return (event) => {
    const isFirst = !resting;
    if (isFirst) rest();
    if (isFirst && !has('noleading')) work(event);
    else if (isFirst || has('trailing')) last = event;
  };
}
