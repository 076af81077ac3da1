/**
 * Directives and modifiers that most pages do not need; this file is loaded if a page has one:
 * `data-computed`, `data-ref`, `data-style`, `data-effect`, `data-init`, `data-on-intersect`,
 * `data-on-interval`, `data-on-signal-patch`, `__debounce` and `__throttle`.
 */

import { camel } from './camel.js';
import { followParts } from './follow.js';
import { milliseconds, paced } from './paced.js';

const SIGNAL_PATCH = 'datastar-signal-patch';

/** These make signals and are started first. */
const sources = {
  /** `data-computed:twice="$n * 2"`, or as Rust prints it: `data-computed="$twice = $n * 2"`. */
  computed(context) {
    const { key, value } = context;
    const [, named, source] = key ? [null, camel(key), value] : (/^\$(\w+) = ([^]*)$/.exec(value) ?? []);
    if (!named) throw new Error('expected `$name = ..`');
    return context.page.signals.compute(named, () => context.evaluate(undefined, source));
  },

  ref(context) {
    const { signals } = context.page;
    const name = context.signal;
    signals.write(name, context.element);
    return () => signals.peek(name) === context.element && signals.write(name, undefined);
  },
};

const others = {
  style(context) {
    const { style } = context.element;
    return followParts(context, (name, part) => {
      const text = part === false || part == null ? '' : String(part);
      if (style.getPropertyValue(name) !== text) style.setProperty(name, text);
    });
  },

  effect: (context) => context.follow(() => {}),

  init: (context) => void context.evaluate(),

  /** `__once`, `__exit`, `__half`, `__full`, `__threshold.25`, `__debounce` and `__throttle`. */
  'on-intersect'(context) {
    const { element, modifiers } = context;
    const run = context.handler();
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
    const run = context.handler();
    // While the connection is lost, only one action of a clock waits, instead of one per tick.
    const tick = () => element.hasAttribute('data-via-pending') || run();
    if (options.includes('leading')) tick();
    const timer = setInterval(tick, milliseconds(options) || 1000);
    return () => clearInterval(timer);
  },

  /** In the expression, `patch` holds the changes. */
  'on-signal-patch'(context) {
    const run = context.handler();
    document.addEventListener(SIGNAL_PATCH, run);
    return () => document.removeEventListener(SIGNAL_PATCH, run);
  },
};

export function extend(page) {
  page.paced = paced;
  Object.assign(page.stages[0], sources);
  Object.assign(page.stages[1], others);
}
