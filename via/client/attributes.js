/**
 * The directives that show signals and make them: `data-text`, `data-show`, `data-class`,
 * `data-attr`, `data-style`, `data-signals`, `data-computed`, `data-effect`, `data-init`, `data-ref`.
 *
 * Each writes only what differs, so that a page whose state did not change is not touched at all.
 */

import { camel } from './directives.js';
import { disown, own } from './nodes.js';

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

  computed(context) {
    return context.page.signals.compute(camel(context.key), () => context.evaluate());
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
    const text = value === null || value === undefined ? '' : plain(value);
    if (context.element.textContent !== text) context.element.textContent = text;
  });

views.show = (context) => {
  const { style } = context.element;
  const shown = style.display === 'none' ? '' : style.display;
  const stop = context.follow((value) => {
    const display = value ? shown : 'none';
    if (style.display !== display) style.display = display;
  });
  return () => {
    stop();
    style.display = shown;
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
  const text = value === true && !name.startsWith('aria-') ? '' : plain(value);
  if (present !== text) element.setAttribute(name, text);
}

function plain(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
