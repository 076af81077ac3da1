/**
 * The life of `data-*` attributes: found, started, restarted when a patch changes them, ended.
 *
 * A directive is a function of a context that may return how it ends. Each attribute lives on its
 * own, so a patch that changes one leaves the others (and their timers and listeners) alone.
 */

import { compile } from './expression.js';
import { tell } from './hooks.js';
import { effect } from './signals.js';

const live = new WeakMap();
const reported = new Set();
const SHARED = new Set(['class', 'style']);

/** Reports a mistake in an attribute with its element and text, once. */
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

/** What a directive gets of its attribute. */
function makeContext(page, element, name, { key, modifiers }) {
  const parsed = parseValue(element.getAttribute(name));
  const { value } = parsed;

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
    modifiers: new Map([...modifiers, ...parsed.modifiers]),
    evaluate,

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

/** `my-name` in an attribute's name, which has no capitals, is the signal `myName`. */
export function camel(text) {
  return text.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
}

export class Directives {
  /** `plugins` is a list of stages; the first stage of a whole tree is started before the second. */
  constructor(page, stages) {
    this.page = page;
    this.stages = stages;
  }

  /** Starts all attributes of an element and of what is below it. */
  start(root) {
    const found = [];
    collect(root, found);
    for (const stage of this.stages) for (const element of found) this.#startOne(element, stage);
  }

  /** Brings an element in step after a patch changed its attributes named in `changed`. */
  restart(element, changed) {
    if (element.closest('[data-ignore]')) return;
    const lives = live.get(element);
    // Directives that share an attribute (`class`, `style`) start afresh together.
    const targets = new Set(changed);
    for (const name of changed) if (name.startsWith('data-')) targets.add(parseName(name).plugin);
    for (const name of [...(lives?.keys() ?? [])]) {
      const { plugin, key } = parseName(name);
      const shares = SHARED.has(plugin) && targets.has(plugin);
      const sets = plugin === 'attr' && (!key || changed.has(key));
      if (changed.has(name) || shares || sets || plugin === 'bind') end(lives, name);
    }
    for (const stage of this.stages) this.#startOne(element, stage);
  }

  /** Ends all attributes of an element that is gone, and of what is below it. */
  stop(root) {
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    for (const element of [root, ...root.querySelectorAll('*')]) {
      const lives = live.get(element);
      for (const name of lives?.keys() ?? []) end(lives, name);
    }
  }

  #startOne(element, stage) {
    for (const name of element.getAttributeNames()) {
      if (!name.startsWith('data-')) continue;
      const parsed = parseName(name);
      if (!Object.hasOwn(stage, parsed.plugin)) continue;
      let lives = live.get(element);
      if (!lives) live.set(element, (lives = new Map()));
      if (lives.has(name)) continue;
      try {
        lives.set(name, stage[parsed.plugin](makeContext(this.page, element, name, parsed)));
      } catch (error) {
        lives.set(name, undefined);
        report(element, name, error);
      }
    }
  }
}

function end(lives, name) {
  const stop = lives.get(name);
  lives.delete(name);
  stop?.();
}

function collect(element, found) {
  if (element.nodeType !== Node.ELEMENT_NODE || element.hasAttribute('data-ignore')) return;
  if (element.hasAttributes()) found.push(element);
  for (const child of element.children) collect(child, found);
}
