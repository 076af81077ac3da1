/**
 * The directives that show signals and make them: `data-text`, `data-show`, `data-class`,
 * `data-attr`, `data-style`, `data-signals`, `data-computed`, `data-effect`, `data-init`, `data-ref`.
 *
 * Each writes only what differs, so that a page whose state did not change is not touched at all.
 */

import { camel } from './directives.js';
import { disown, own } from './nodes.js';
import { text } from './typed.js';

/** These make signals and are started first. */
export const sources = {
  signals(context) {
    const { drafts } = context.page;
    const options = { onlyIfMissing: context.modifiers.has('ifmissing') };
    if (context.key) {
      drafts.receive({ [camel(context.key)]: context.evaluate() }, options);
      return;
    }
    const values = json(context.value) ?? context.evaluate() ?? {};
    // Only what the root declares is sent with actions.
    if (context.element === context.page.root) drafts.declare(Object.keys(values));
    // The server knows nothing but the first value of a local signal.
    const entries = Object.entries(values);
    const local = ([name]) => name.startsWith('_');
    drafts.receive(Object.fromEntries(entries.filter((entry) => !local(entry))), options);
    drafts.receive(Object.fromEntries(entries.filter(local)), { onlyIfMissing: true });
  },

  /** `data-computed:twice="$n * 2"`, or as Rust prints it: `data-computed="$twice = $n * 2"`. */
  computed(context) {
    const { signals } = context.page;
    const [, named, source] = /^\$(\w+) = ([^]*)$/.exec(context.value) ?? [];
    if (context.key) return signals.compute(camel(context.key), () => context.evaluate());
    if (!named) throw new Error('expected `$name = ..`');
    return signals.compute(named, () => context.evaluate(undefined, source));
  },

  ref(context) {
    const { signals } = context.page;
    const name = context.signal;
    signals.write(name, context.element);
    return () => signals.peek(name) === context.element && signals.write(name, undefined);
  },
};

/** These show signals. */
export const views = {};

views.text = (context) =>
  context.follow((value) => {
    const content = text(value);
    if (context.element.textContent !== content) context.element.textContent = content;
  });

/** The rule for this attribute is in the style sheet of the client, which comes with the document. */
const HIDDEN = 'data-via-hidden';

views.show = (context) => {
  const { element } = context;
  own(element, HIDDEN, null);
  const stop = context.follow((value) => {
    if (element.hasAttribute(HIDDEN) === Boolean(value)) element.toggleAttribute(HIDDEN, !value);
  });
  return () => {
    stop();
    disown(element, HIDDEN);
  };
};

views.class = (context) => {
  const { element, key } = context;
  own(element, 'class');
  const stop = context.follow((value) => {
    for (const [names, on] of key ? [[key, value]] : Object.entries(value ?? {})) {
      for (const name of names.split(/\s+/).filter(Boolean)) {
        if (element.classList.contains(name) !== Boolean(on)) element.classList.toggle(name);
      }
    }
  });
  return () => {
    stop();
    disown(element, 'class');
  };
};

views.attr = (context) => {
  const { element, key } = context;
  const names = new Set();
  const stop = context.follow((value) => {
    for (const [name, part] of key ? [[key, value]] : Object.entries(value ?? {})) {
      if (/^(?:on|srcdoc$|style$)/i.test(name)) throw new Error(`data-attr cannot set ${name}`);
      names.add(name);
      own(element, name);
      setAttribute(element, name, part);
    }
  });
  return () => {
    stop();
    for (const name of names) disown(element, name);
  };
};

views.style = (context) => {
  const { style } = context.element;
  return context.follow((value) => {
    const { key } = context;
    for (const [name, part] of key ? [[key, value]] : Object.entries(value ?? {})) {
      const text = part === false || part === null || part === undefined ? '' : String(part);
      if (style.getPropertyValue(name) !== text) style.setProperty(name, text);
    }
  });
};

views.effect = (context) => context.follow(() => {});

views.init = (context) => {
  context.evaluate();
};

function setAttribute(element, name, value) {
  const present = element.getAttribute(name);
  const absent = value === null || value === undefined || (value === false && !name.startsWith('aria-'));
  if (absent) {
    if (present !== null) element.removeAttribute(name);
    return;
  }
  const content = value === true && !name.startsWith('aria-') ? '' : text(value);
  if (present !== content) element.setAttribute(name, content);
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
