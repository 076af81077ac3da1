/**
 * Directives that run by themselves: `data-on-intersect`, `data-on-interval` and
 * `data-on-signal-patch`.
 */

import { milliseconds, paced } from './events.js';
import { batch } from './signals.js';

const SIGNAL_PATCH = 'datastar-signal-patch';

export const watches = {
  /** `__once`, `__exit`, `__half`, `__full`, `__threshold.25`, `__debounce` and `__throttle`. */
  'on-intersect'(context) {
    const { element, modifiers } = context;
    const run = pacedRun(context);
    const percent = modifiers.has('full') ? 100 : modifiers.has('half') ? 50 : modifiers.get('threshold')?.[0];
    let inside = false;
    const see = (entries) => {
      for (const { isIntersecting } of entries) {
        if (inside === isIntersecting) continue;
        inside = isIntersecting;
        if (inside === modifiers.has('exit')) continue;
        if (modifiers.has('once')) observer.disconnect();
        run();
      }
    };
    const observer = new IntersectionObserver(see, { threshold: (Number(percent) || 0) / 100 });
    observer.observe(element);
    return () => observer.disconnect();
  },

  /** `__duration.500ms`, and `.leading` to run at once, too. */
  'on-interval'(context) {
    const { element, modifiers } = context;
    const options = modifiers.get('duration') ?? ['1s'];
    const run = pacedRun(context);
    // While the connection is lost, one action of a clock waits, and not one for each tick.
    const tick = () => element.hasAttribute('data-via-pending') || run();
    if (options.includes('leading')) tick();
    const timer = setInterval(tick, milliseconds(options) || 1000);
    return () => clearInterval(timer);
  },

  /** What changed is `patch` in the expression. */
  'on-signal-patch'(context) {
    const run = pacedRun(context);
    document.addEventListener(SIGNAL_PATCH, run);
    return () => document.removeEventListener(SIGNAL_PATCH, run);
  },
};

function pacedRun(context) {
  return paced(context.modifiers, (event) => batch(() => context.evaluate(event)));
}

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
    document.dispatchEvent(new CustomEvent(SIGNAL_PATCH, { detail }));
  }
}
