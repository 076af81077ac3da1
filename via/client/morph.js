/**
 * The morph: makes a live tree say what new HTML says, and keeps everything else about it.
 *
 * Children are matched by id (their own, or one below them), then by equal content, then by kind
 * and order. Matched nodes stay the same nodes, so focus, selection, scroll, media and what the
 * user has typed stay with them; as few of them as possible are moved, never the focused one
 * if another can be moved instead. Elements with ids are found again wherever a frame puts them.
 * Nodes that did not come from the server stay where they are.
 */

import { keep, move, retrieve } from './attic.js';
import { morphAttributes } from './morph-attributes.js';
import { morphField } from './morph-fields.js';
import { isHeld } from './fields.js';
import { isServers, remember } from './nodes.js';
import { longestRise } from './rise.js';

const ELEMENT = 1;

/**
 * Makes `old` equal to `next`, an element of the same name.
 * `directives` is told what was added, changed and removed.
 */
export function morphElement(old, next, directives) {
  new Morph(old, next, directives).run(() => [[old, next]]);
}

/** Makes the children of `old` equal to those of `next`. */
export function morphChildren(old, next, directives) {
  const morph = new Morph(old, next, directives);
  morph.run(() => morph.children(old, next));
}

/** Puts the children of `source` into `parent`, and what they continue from elsewhere with them. */
export function insertChildren(parent, before, source, directives) {
  const morph = new Morph(parent, source, directives, true);
  morph.run(() => morph.insert(parent, before, source));
}

class Morph {
  // New elements and the old ones with the same id, wherever they are.
  partners = new Map();
  claimed = new Set();
  // Elements on both sides, and the ids below them that both sides know.
  below = new Map();
  gone = new Set();
  added = [];
  changed = new Map();

  /** `fresh`: what `old` holds stays as it is. */
  constructor(old, next, directives, fresh = false) {
    this.directives = directives;
    const known = new Map();
    for (const element of fresh ? [] : old.querySelectorAll('[id]')) {
      if (isServers(element) && !known.has(element.id)) known.set(element.id, element);
    }
    for (const element of next.querySelectorAll('[id]')) {
      const partner = known.get(element.id) ?? retrieve(element, old);
      if (!partner || partner.localName !== element.localName || this.claimed.has(partner)) continue;
      this.partners.set(element, partner);
      this.claimed.add(partner);
      this.#note(element, next, partner);
      this.#note(partner, old, partner);
    }
  }

  #note(element, top, partner) {
    for (let at = element.parentNode; at && at !== top; at = at.parentNode) {
      let inside = this.below.get(at);
      if (!inside) this.below.set(at, (inside = new Set()));
      inside.add(partner);
    }
  }

  run(first) {
    // A list and not recursion: pages may be deep, and parents must be whole before children.
    const work = first();
    while (work.length > 0) for (const pair of this.#pair(...work.pop())) work.push(pair);
    for (const node of this.gone) remove(node, this.directives);
    for (const [element, names] of this.changed) this.directives.restart(element, names);
    for (const element of this.added) this.directives.start(element);
  }

  /** Makes one node equal to another and returns the pairs below that are left to do. */
  #pair(old, next) {
    if (old.nodeType !== ELEMENT) {
      if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
      return [];
    }
    const ignore = 'data-ignore-morph';
    if ((old.hasAttribute(ignore) && next.hasAttribute(ignore)) || old.localName === 'script') return [];
    const after = morphField(old, next);
    const names = morphAttributes(old, next);
    if (names.size > 0) this.#change(old, names);
    const done = after(names);
    // The client writes what is in these, or the user does.
    if (done || old.hasAttribute('data-text') || isHeld(old)) return [];
    if (old.localName === 'template') return this.children(old.content, next.content);
    return this.children(old, next);
  }

  #change(element, names) {
    const before = this.changed.get(element);
    this.changed.set(element, new Set([...(before ?? []), ...names]));
  }

  /** Puts the right nodes in the right order and returns the pairs whose insides may differ. */
  children(parent, source) {
    const next = [...source.childNodes];
    const old = [...parent.childNodes].filter((node) => isServers(node) && !this.gone.has(node));
    let start = 0;
    let oldEnd = old.length;
    let end = next.length;
    while (start < end && start < oldEnd && this.#equal(old[start], next[start])) start++;
    while (start < end && start < oldEnd && this.#equal(old[oldEnd - 1], next[end - 1])) oldEnd--, end--;
    if (start === end && start === oldEnd) return [];

    const free = old.slice(start, oldEnd);
    const matched = this.#match(parent, free, next.slice(start, end));
    const used = new Set(matched);
    for (const node of free) if (!used.has(node) && !this.claimed.has(node)) this.gone.add(node);

    const stays = this.#stays(matched, free);
    const pairs = [];
    let before = old[oldEnd] ?? null;
    for (let i = end - 1; i >= start; i--) {
      let node = matched[i - start];
      if (!node) {
        node = this.#create(next[i], parent, before, pairs);
      } else {
        if (!stays.has(node)) move(node, parent, before);
        if (!node.isEqualNode(next[i])) pairs.push([node, next[i]]);
      }
      before = node;
    }
    return pairs.reverse();
  }

  /** Puts new nodes in at one place and returns the pairs whose insides may differ. */
  insert(parent, before, source) {
    const pairs = [];
    for (const next of [...source.childNodes]) {
      const node = this.partners.get(next);
      if (node) {
        move(node, parent, before);
        pairs.push([node, next]);
      } else this.#create(next, parent, before, pairs);
    }
    return pairs.reverse();
  }

  #equal(old, next) {
    if ((this.partners.get(next) ?? old) !== old) return false;
    if (this.claimed.has(old) && !this.partners.has(next)) return false;
    return old.isEqualNode(next);
  }

  #match(parent, free, next) {
    const matched = next.map((node) => this.partners.get(node));
    const left = new Set(free.filter((node) => !this.claimed.has(node)));
    const each = (find) => {
      for (let i = 0; i < next.length && left.size > 0; i++) {
        if (matched[i]) continue;
        const node = find(next[i]);
        if (!node) continue;
        matched[i] = node;
        left.delete(node);
      }
    };

    if (this.below.size > 0) {
      each((node) => {
        for (let inside of this.below.get(node) ?? []) {
          while (inside && inside.parentNode !== parent) inside = inside.parentNode;
          if (left.has(inside) && kind(inside) === kind(node)) return inside;
        }
        return undefined;
      });
    }
    if (left.size > 0 && matched.includes(undefined)) each(takeBy(left, content));
    if (left.size > 0 && matched.includes(undefined)) each(takeBy(left, kind));
    return matched;
  }

  /** The matched nodes that need not move: the longest run in order, around the focused one. */
  #stays(matched, free) {
    const places = new Map(free.map((node, index) => [node, index]));
    const here = matched.filter((node) => places.has(node));
    const focus = here.findIndex((node) => node.contains(document.activeElement));
    const order = here.map((node) => places.get(node));
    const fits = (place, index) =>
      focus < 0 || index === focus || (index < focus ? place < order[focus] : place > order[focus]);
    const candidates = here.filter((_, index) => fits(order[index], index));
    const rise = longestRise(candidates.map((node) => places.get(node)));
    return new Set(rise.map((index) => candidates[index]));
  }

  #create(next, parent, before, pairs) {
    // What is kept from the old tree is put into the new element afterwards.
    const node = this.below.has(next) ? document.importNode(next, false) : document.adoptNode(next);
    parent.insertBefore(node, before);
    remember(node);
    if (node !== next) pairs.push([node, next]);
    this.added.push(node);
    // A bound `<select>` has to choose again among its options.
    if (node.localName === 'option') this.#change(parent.closest('select') ?? parent, ['options']);
    return node;
  }
}

/** Takes a node out of the page. */
export function remove(node, directives) {
  if (keep(node)) return;
  node.remove();
  directives.stop(node);
}

function takeBy(left, key) {
  const byKey = new Map();
  for (const node of left) {
    const name = key(node);
    if (!byKey.has(name)) byKey.set(name, []);
    byKey.get(name).push(node);
  }
  for (const nodes of byKey.values()) nodes.reverse();
  return (node) => byKey.get(key(node))?.pop();
}

function content(node) {
  return node.nodeType === ELEMENT ? node.outerHTML : `${node.nodeType} ${node.nodeValue}`;
}

/** Only nodes of one kind may become each other: a field never takes over another field's text. */
function kind(node) {
  if (node.nodeType !== ELEMENT) return node.nodeType;
  const field = /^(?:input|select|textarea)$/.test(node.localName);
  const names = field ? ['type', 'name', 'data-bind', 'placeholder', 'aria-label'] : ['is'];
  const bound = field ? node.getAttributeNames().filter((name) => name.startsWith('data-bind:')) : [];
  const traits = names.map((name) => node.getAttribute(name));
  return [node.namespaceURI, node.localName, node.id, ...traits, ...bound].join('\n');
}

/** Remembers the focus; the function it returns gives it back if a move has taken it away. */
export function keepFocus() {
  const element = document.activeElement;
  const { selectionStart, selectionEnd, selectionDirection } = element ?? {};
  return () => {
    if (!element || element === document.activeElement || !element.isConnected) return;
    element.focus({ preventScroll: true });
    if (typeof selectionStart === 'number') {
      element.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
    }
  };
}
