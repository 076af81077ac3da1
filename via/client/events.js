/**
 * `data-on:EVENT` and its modifiers: `__prevent`, `__stop`, `__once`, `__window`, `__outside`,
 * `__capture`, `__passive`, `__key.Enter`, `__debounce.500ms`, `__throttle.500ms`.
 */

import { camel } from './camel.js';

export const events = {
  on(context) {
    const { element, key, modifiers } = context;
    const has = (name) => modifiers.has(name);
    const type = modifiers.get('case')?.[0] === 'camel' ? camel(key) : key;
    const target = has('window') ? window : has('outside') ? document : element;
    const options = { capture: has('capture'), passive: has('passive'), once: has('once') && !has('outside') };
    const run = context.handler();

    const keys = modifiers.get('key')?.map(decodeURIComponent);

    const listen = (event) => {
      if (keys && !keys.includes(event.key)) return;
      if (has('outside') && event.composedPath().includes(element)) return;
      // If the browser submits a form, it leaves the page.
      if (has('prevent') || type === 'submit') event.preventDefault();
      if (has('stop')) event.stopPropagation();
      if (has('once')) target.removeEventListener(type, listen, options);
      run(event);
    };
    target.addEventListener(type, listen, options);
    // A pending debounced call still runs, because the user has done something.
    return () => target.removeEventListener(type, listen, options);
  },
};
