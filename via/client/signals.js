/**
 * Signals: named reactive values, and effects that run again when something that they read has changed.
 *
 * Effects run after the outermost `batch`, each once, however many of its signals changed.
 */

import { ownValue, same } from './data.js';

let running = null;
let depth = 0;
let pending = new Set();

/** The most rounds of effects that one change may cause; more is a loop. */
const MAX_ROUNDS = 100;

class Cell {
  observers = new Set();
  value = undefined;

  read() {
    track(this);
    return this.value;
  }

  write(value) {
    if (same(this.value, value)) return false;
    this.value = value;
    notify(this);
    return true;
  }
}

class Computed {
  observers = new Set();
  sources = new Set();
  stale = true;

  constructor(run) {
    this.run = run;
  }

  read() {
    track(this);
    if (this.stale) {
      this.stale = false;
      this.value = observe(this);
    }
    return this.value;
  }

  invalidate() {
    if (this.stale) return;
    this.stale = true;
    notify(this);
  }
}

class Effect {
  sources = new Set();

  constructor(run) {
    this.run = run;
  }

  invalidate() {
    pending.add(this);
  }
}

function track(source) {
  if (!running) return;
  source.observers.add(running);
  running.sources.add(source);
}

function notify(source) {
  batch(() => {
    for (const observer of [...source.observers]) observer.invalidate();
  });
}

function forget(observer) {
  for (const source of observer.sources) source.observers.delete(observer);
  observer.sources.clear();
}

function observe(observer) {
  forget(observer);
  const outer = running;
  running = observer;
  try {
    return observer.run();
  } finally {
    running = outer;
  }
}

/** Runs `work`, and then the effects of everything that it changed. */
export function batch(work) {
  depth++;
  try {
    return work();
  } finally {
    if (depth === 1) flush();
    depth--;
  }
}

function flush() {
  for (let round = 0; pending.size > 0; round++) {
    const effects = pending;
    pending = new Set();
    if (round === MAX_ROUNDS) {
      console.error('via: effects change signals that they depend on; stopped');
      return;
    }
    for (const effect of effects) run(effect);
  }
}

function run(effect) {
  try {
    observe(effect);
  } catch (error) {
    console.error('via: an effect failed', error);
  }
}

/** Runs `work` now and whenever a signal that it read changes; returns the function that ends it. */
export function effect(work) {
  const made = new Effect(work);
  batch(() => run(made));
  return () => {
    pending.delete(made);
    forget(made);
  };
}

/** Runs `work` without making the running effect depend on what it reads. */
export function untracked(work) {
  const outer = running;
  running = null;
  try {
    return work();
  } finally {
    running = outer;
  }
}

/** All signals of a page, by name. */
export class Signals {
  #cells = new Map();

  /** Called with the name of a signal that the user or an expression changed. */
  onEdit = () => {};

  /** Called with the name of a signal whose value changed, from any source. */
  onWrite = () => {};

  #cell(name) {
    let cell = this.#cells.get(name);
    if (!cell) this.#cells.set(name, (cell = new Cell()));
    return cell;
  }

  get(name) {
    return this.#cell(name).read();
  }

  peek(name) {
    return untracked(() => this.get(name));
  }

  /** Whether the signal has a value; `null` is one. */
  has(name) {
    return this.peek(name) !== undefined;
  }

  /** A write that is not an edit: the server's, or the client's own. */
  write(name, value) {
    const cell = this.#cell(name);
    const changed = cell instanceof Cell && cell.write(value);
    if (changed) this.onWrite(name);
    return changed;
  }

  /** A write by the user or by an expression; `path` leads to a value inside the signal's value. */
  edit(name, value, path = []) {
    const cell = this.#cell(name);
    if (cell instanceof Computed) throw new TypeError(`$${name} is computed and cannot be assigned`);
    batch(() => {
      if (!cell.write(replaced(cell.value, path, value))) return;
      this.onEdit(name);
      this.onWrite(name);
    });
  }

  /** Makes `name` a signal that is computed from others; returns the function that ends it. */
  compute(name, work) {
    const before = this.#cells.get(name);
    if (before instanceof Cell && before.value !== undefined) throw new TypeError(`$${name} is a signal already`);
    const cell = new Computed(work);
    this.#cells.set(name, cell);
    if (before) notify(before);
    return () => {
      if (this.#cells.get(name) !== cell) return;
      this.#cells.delete(name);
      forget(cell);
      notify(cell);
    };
  }
}

function replaced(whole, [key, ...rest], value) {
  if (key === undefined) return value;
  // An object literal makes `__proto__` a key like any other; an assignment would not.
  const part = { [key]: replaced(ownValue(whole, key), rest, value) };
  return Array.isArray(whole) ? Object.assign([...whole], part) : { ...whole, ...part };
}
