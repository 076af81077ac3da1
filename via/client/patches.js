/**
 * Applies the events of a frame: `datastar-patch-elements` and `datastar-patch-signals`.
 *
 * A patch whose target is missing throws `MissingTarget`; the caller then requests a full frame.
 */

import { clear } from './attic.js';
import { start } from './directives.js';
import { restart, stop } from './endings.js';
import { lifecycle } from './hooks.js';
import { keepFocus, morph, remove } from './morph.js';
import { serverChild } from './servers.js';
import { tolerant } from './tolerant.js';
import { html } from './trusted.js';

const SVG = 'http://www.w3.org/2000/svg';
const MATHML = 'http://www.w3.org/1998/Math/MathML';

export class MissingTarget extends Error {
  name = 'MissingTarget';
}

/** Returns a function that applies the events of a frame, `{ event, data }`; it ignores events of other kinds. */
export function makePatches(page) {
  const directives = {
    start: (root) => start(page, root),
    restart: (element, changed) => restart(page, element, changed),
    stop,
  };

  const patch = ({ selector, mode = 'outer', elements = '', namespace }) => {
    const isExchange = mode === 'outer' || mode === 'replace';
    if (!selector) {
      if (!isExchange && mode !== 'remove') throw new MissingTarget(`${mode} without a selector`);
      for (const next of [...parseHtml(elements, null, namespace).children]) {
        const target = byId(next);
        const content = new DocumentFragment();
        content.append(next);
        if (isExchange) exchange(target, content, mode);
        else remove(target, directives);
      }
      return;
    }
    const target = find(selector);
    if (mode === 'remove') {
      remove(target, directives);
      return;
    }
    const isInside = /^(?:inner|append|prepend)$/.test(mode);
    const content = parseHtml(elements, isInside ? target : target.parentNode, namespace);
    if (mode === 'inner') morph(target, content, directives, true);
    else (isExchange ? exchange : insert)(target, content, mode);
  };

  const exchange = (target, content, mode) => {
    const next = content.firstChild;
    if (mode === 'outer' && next?.localName === target.localName && next.namespaceURI === target.namespaceURI) {
      next.remove();
      insert(target, content, 'after');
      morph(target, next, directives);
    } else {
      insert(target, content, 'before');
      remove(target, directives);
    }
  };

  const insert = (target, content, mode) => {
    const { parentNode, nextSibling, firstChild } = target;
    const [parent, before] = {
      append: [target, null],
      prepend: [target, firstChild],
      before: [parentNode, target],
      after: [parentNode, nextSibling],
    }[mode];
    morph(parent, content, directives, true, before);
  };

  const apply = ({ event, data }) => {
    const fields = eventFields(data);
    lifecycle(event, null, fields);
    if (event === 'datastar-patch-signals') {
      page.drafts.receive(JSON.parse(fields.signals ?? '{}'), { onlyIfMissing: fields.onlyIfMissing === 'true' });
    } else if (event === 'datastar-patch-elements') patch(fields);
  };

  return (list) => {
    const focused = keepFocus();
    let isWhole;
    try {
      list.forEach(apply);
    } finally {
      isWhole = clear(stop);
      focused();
    }
    if (!isWhole) throw new MissingTarget('an id is not unique');
  };
}

/** The fields of an event's data lines; several lines of one field form one text. */
export function eventFields(data) {
  const fields = {};
  for (const line of data.split('\n')) {
    const [, name, value] = /^([^ ]*) ?(.*)/s.exec(line);
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}\n${value}` : value;
  }
  return fields;
}

/**
 * The element that a selector names. Steps by position count only elements that came from the
 * server, so nodes that extensions and scripts have inserted do not matter.
 */
function find(selector) {
  const [, anchor, steps] = /^(.*?)((?:\s*>\s*:nth-child\(\d+\))*)$/s.exec(selector);
  let element = anchor[0] === '#' ? document.getElementById(anchor.slice(1)) : null;
  element ??= tolerant(() => document.querySelector(anchor));
  for (const [index] of steps.matchAll(/\d+/g)) element &&= serverChild(element, Number(index));
  if (!element) throw new MissingTarget(`there is no ${selector}`);
  return element;
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
