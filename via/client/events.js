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
export function paced(modifiers, work, { setTimeout, clearTimeout } = globalThis) {
  let paced = work;
  if (modifiers.has('debounce')) {
    const options = modifiers.get('debounce');
    paced = debounce(paced, milliseconds(options), options, { setTimeout, clearTimeout });
  }
  if (modifiers.has('throttle')) {
    const options = modifiers.get('throttle');
    paced = throttle(paced, milliseconds(options), options, { setTimeout });
  }
  return paced;
}

function debounce(work, wait, options, { setTimeout, clearTimeout }) {
  let timer;
  return (event) => {
    if (timer === undefined && options.includes('leading')) work(event);
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      if (!options.includes('notrailing')) work(event);
    }, wait);
  };
}

function throttle(work, wait, options, { setTimeout }) {
  let resting = false;
  let last;
  const rest = () => {
    resting = true;
    setTimeout(() => {
      resting = false;
      if (last === undefined) return;
      const event = last;
      last = undefined;
      rest();
      work(event);
    }, wait);
  };
  return (event) => {
    if (resting) {
      if (options.includes('trailing')) last = event;
      return;
    }
    rest();
    if (!options.includes('noleading')) work(event);
    else last = event;
  };
}
