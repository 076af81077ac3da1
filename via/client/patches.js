/**
 * Applies the events of a frame: `datastar-patch-elements` and `datastar-patch-signals`.
 *
 * A patch whose target is missing throws `MissingTarget`; the caller asks for a full frame then.
 */

import { clear } from './attic.js';
import { lifecycle } from './hooks.js';
import { insertChildren, keepFocus, morphChildren, morphElement, remove } from './morph.js';
import { serverChild } from './nodes.js';
import { html } from './trusted.js';

const SVG = 'http://www.w3.org/2000/svg';
const MATHML = 'http://www.w3.org/1998/Math/MathML';

export class MissingTarget extends Error {
  name = 'MissingTarget';
}

export class Patches {
  constructor({ drafts, directives }) {
    Object.assign(this, { drafts, directives });
  }

  /** Applies all events of a frame. */
  applyAll(events) {
    const focused = keepFocus();
    let order = false;
    try {
      for (const event of events) this.apply(event);
    } finally {
      order = clear((element) => this.directives.stop(element));
      focused();
    }
    if (!order) throw new MissingTarget('an id is not unique');
  }

  /** Applies one event, given as `{ event, data }`. Events of other kinds are left alone. */
  apply({ event, data }) {
    const fields = eventFields(data);
    lifecycle(event, null, fields);
    if (event === 'datastar-patch-signals') {
      const onlyIfMissing = fields.onlyIfMissing === 'true';
      this.drafts.receive(JSON.parse(fields.signals ?? '{}'), { onlyIfMissing });
    } else if (event === 'datastar-patch-elements') {
      this.#patch(fields);
    }
  }

  #patch({ selector, mode = 'outer', elements = '', namespace }) {
    if (mode === 'remove') {
      const targets = selector ? [find(selector)] : [...parseHtml(elements, null, namespace).children].map(byId);
      for (const target of targets) remove(target, this.directives);
      return;
    }
    if (!selector) {
      if (mode !== 'outer' && mode !== 'replace') throw new MissingTarget(`${mode} without a selector`);
      for (const next of [...parseHtml(elements, null, namespace).children]) this.#exchange(byId(next), alone(next), mode);
      return;
    }
    const target = find(selector);
    const inside = mode === 'inner' || mode === 'append' || mode === 'prepend';
    const content = parseHtml(elements, inside ? target : target.parentNode, namespace);
    if (mode === 'inner') morphChildren(target, content, this.directives);
    else if (mode === 'outer' || mode === 'replace') this.#exchange(target, content, mode);
    else this.#insert(target, mode, content);
  }

  #exchange(target, content, mode) {
    const next = content.firstChild;
    if (mode === 'outer' && next?.localName === target.localName && next.namespaceURI === target.namespaceURI) {
      next.remove();
      this.#insert(target, 'after', content);
      morphElement(target, next, this.directives);
    } else {
      this.#insert(target, 'before', content);
      remove(target, this.directives);
    }
  }

  #insert(target, mode, content) {
    const inside = mode === 'append' || mode === 'prepend';
    const before = { append: null, prepend: target.firstChild, before: target, after: target.nextSibling }[mode];
    insertChildren(inside ? target : target.parentNode, before, content, this.directives);
  }
}

/** The fields of an event's data lines; several lines of one field are one text. */
export function eventFields(data) {
  const fields = {};
  for (const line of data.split('\n')) {
    const space = line.indexOf(' ');
    const name = space < 0 ? line : line.slice(0, space);
    const value = space < 0 ? '' : line.slice(space + 1);
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}\n${value}` : value;
  }
  return fields;
}

/**
 * The element that a selector names. Steps by position count only elements that came from the
 * server, so what extensions and scripts have inserted is in nobody's way.
 */
function find(selector) {
  const [, anchor, steps] = /^(.*?)((?:\s*>\s*:nth-child\(\d+\))*)$/s.exec(selector);
  let element = anchor[0] === '#' ? document.getElementById(anchor.slice(1)) : null;
  element ??= query(anchor);
  for (const [index] of steps.matchAll(/\d+/g)) element &&= serverChild(element, Number(index));
  if (!element) throw new MissingTarget(`there is no ${selector}`);
  return element;
}

function query(selector) {
  try {
    return document.querySelector(selector);
  } catch {
    return null;
  }
}

function alone(node) {
  const content = document.createDocumentFragment();
  content.append(node);
  return content;
}

function byId(next) {
  const target = next.id && document.getElementById(next.id);
  if (!target) throw new MissingTarget(`there is no #${next.id}`);
  return target;
}

/** Parses HTML for a place below `parent`, which decides between HTML, SVG and MathML. */
function parseHtml(text, parent, namespace) {
  const foreign = parent?.localName === 'foreignObject' ? null : parent?.namespaceURI;
  const wrap =
    namespace === 'svg' || foreign === SVG ? 'svg' : namespace === 'mathml' || foreign === MATHML ? 'math' : '';
  const template = document.createElement('template');
  template.innerHTML = html(wrap ? `<${wrap}>${text}</${wrap}>` : text);
  return wrap ? template.content.firstChild : template.content;
}
