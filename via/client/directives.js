/**
 * The life of `data-*` attributes: finding and starting them. (`endings.js` handles what patches do to them.)
 *
 * A directive is a function of a context, and may return a function that ends it. Each attribute has
 * its own life, so a patch that changes one leaves the others (and their timers and listeners) alone.
 */

import { camel } from './camel.js';
import { compile } from './expression.js';
import { tell } from './hooks.js';
import { batch, effect } from './signals.js';

/** For each element, the functions that end its attributes, by attribute name. */
export const live = new WeakMap();
const reported = new Set();

/** Reports a mistake in an attribute once, with its element and text. */
export function report(element, name, error) {
  const source = element.getAttribute(name);
  const key = `${name}=${source}: ${error.message}`;
  if (reported.has(key)) return;
  reported.add(key);
  console.error(`via: in ${name}="${source}": ${error.message}`, element);
  tell('via:error', { element, attribute: name, expression: source, message: error.message });
}

/** `data-on:click__debounce.500ms` is plugin `on`, key `click`, modifiers `debounce` -> `["500ms"]`. */
export function parseName(name) {
  const [head, ...modifiers] = name.slice('data-'.length).split(/(?<=.)__(?!$)/);
  const [, plugin, key] = /^([^:]*):?(.*)/s.exec(head);
  return { plugin, key, modifiers: parseModifiers(modifiers) };
}

function parseModifiers(texts) {
  return new Map(texts.map((text) => text.split('.')).map(([tag, ...args]) => [tag, args]));
}

/** Rust prints modifiers before the expression: `__debounce.500ms__prevent $open = true`. */
export function parseValue(value) {
  const [, modifiers, source] = /^__(\S+) ([^]*)$/.exec(value) ?? [];
  return { value: source ?? value, modifiers: parseModifiers(modifiers?.split('__') ?? []) };
}

/** What a directive gets. */
function makeContext(page, element, name, { key, modifiers }) {
  const parsed = parseValue(element.getAttribute(name));
  const { value } = parsed;
  const all = new Map([...modifiers, ...parsed.modifiers]);

  /** Evaluates the attribute's expression. Mistakes are reported and give `undefined`. */
  const evaluate = (evt, source = value) => {
    const { signals, actions } = page;
    try {
      return compile(source)({ signals, actions, el: element, evt });
    } catch (error) {
      report(element, name, error);
      return undefined;
    }
  };

  return {
    page,
    element,
    value,
    key,
    modifiers: all,
    evaluate,

    /** The expression as an event handler that runs as often as the modifiers allow. */
    handler: () => page.paced(all, (event) => batch(() => evaluate(event))),

    /** Applies the expression's value now and whenever it may have changed. */
    follow: (apply) => effect(() => apply(evaluate())),

    /** The signal that the key or the value names: `data-bind:step`, `="step"`, `="$step"`. */
    get signal() {
      const signal = key ? camel(key) : value.trim().replace(/^\$/, '');
      if (!/^[A-Za-z_]\w*(?:[.-]\w+)*$/.test(signal)) throw new Error('expected the name of a signal');
      return signal;
    },
  };
}

/** Starts all attributes of an element and its descendants: first those that make signals, in the whole tree. */
export function start(page, root) {
  const found = [];
  collect(root, found);
  for (const stage of page.stages) for (const element of found) startOne(page, element, stage);
}

/** Starts the attributes of an element that have not been started. */
export function startOne(page, element, stage) {
  for (const name of element.getAttributeNames()) {
    if (!name.startsWith('data-')) continue;
    const parsed = parseName(name);
    if (!Object.hasOwn(stage, parsed.plugin)) continue;
    let lives = live.get(element);
    if (!lives) live.set(element, (lives = new Map()));
    if (lives.has(name)) continue;
    try {
      lives.set(name, stage[parsed.plugin](makeContext(page, element, name, parsed)));
    } catch (error) {
      lives.set(name, undefined);
      report(element, name, error);
    }
  }
}

function collect(element, found) {
  if (element.nodeType !== Node.ELEMENT_NODE || element.hasAttribute('data-ignore')) return;
  if (element.hasAttributes()) found.push(element);
  for (const child of element.children) collect(child, found);
}
