/**
 * The morph: makes a live tree equal to new HTML, and keeps everything else about it.
 *
 * Children are matched by id (their own, or one below them), then by equal content, then by kind
 * and order. Matched nodes stay the same nodes, so focus, selection, scroll, media and what the
 * user has typed stay with them. As few as possible of them are moved, and the focused one never
 * if another can be moved instead. Elements with ids are found wherever a frame puts them.
 * Nodes that did not come from the server stay where they are.
 */

import { keep, move, retrieve } from './attic.js';
import { morphAttributes } from './morph-attributes.js';
import { morphField } from './morph-fields.js';
import { isHeld } from './fields.js';
import { remember } from './nodes.js';
import { isServers } from './servers.js';
import { longestRise } from './rise.js';

const ELEMENT = 1;

/**
 * Makes `old` equal to `next`, an element of the same name, or, with `inside`, only their children.
 * With `before` the children of `next` are inserted there, and those of `old` stay unchanged.
 * `directives` learns what was added, changed and removed.
 */
export function morph(old, next, directives, inside, before) {
  // New elements and the old ones with the same ids, wherever they are.
  const partners = new Map();
  const claimed = new Set();
  // Elements on both sides, and the ids below them that both sides have.
  const below = new Map();
  const gone = new Set();
  const added = [];
  const changed = new Map();

  const findPartners = () => {
    const known = new Map();
    for (const element of before === undefined ? withId(old) : []) {
      if (isServers(element) && !known.has(element.id)) known.set(element.id, element);
    }
    for (const element of withId(next)) {
      const partner = known.get(element.id) ?? retrieve(element, old);
      if (partner?.localName !== element.localName || claimed.has(partner)) continue;
      partners.set(element, partner);
      claimed.add(partner);
      note(element, next, partner);
      note(partner, old, partner);
    }
  };

  const note = (element, top, partner) => {
    for (let at = element.parentNode; at && at !== top; at = at.parentNode) {
      addTo(below, at, [partner]);
    }
  };

  const change = (element, names) => addTo(changed, element, names);

  /** Makes one node equal to another. Returns the pairs below it that are left to do. */
  const pair = ([old, next]) => {
    if (old.nodeType !== ELEMENT) {
      if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
      return [];
    }
    if ([old, next].every((node) => node.hasAttribute('data-ignore-morph')) || old.localName === 'script') return [];
    const after = morphField(old, next);
    const names = morphAttributes(old, next);
    if (names.size) change(old, names);
    // The client or the user writes the content of these.
    if (after(names) || old.hasAttribute('data-text') || isHeld(old)) return [];
    return old.localName === 'template' ? children(old.content, next.content) : children(old, next);
  };

  /** Puts the right nodes in the right order. Returns the pairs whose content may differ. */
  const children = (parent, source) => {
    const next = [...source.childNodes];
    const old = [...parent.childNodes].filter((node) => isServers(node) && !gone.has(node));
    let start = 0;
    let oldEnd = old.length;
    let end = next.length;
    const isMore = () => start < end && start < oldEnd;
    while (isMore() && isEqual(old[start], next[start])) start++;
    while (isMore() && isEqual(old[oldEnd - 1], next[end - 1])) oldEnd--, end--;
    if (start === end && start === oldEnd) return [];

    const free = old.slice(start, oldEnd);
    const matched = match(parent, free, next.slice(start, end));
    const used = new Set(matched);
    for (const node of free) if (!used.has(node) && !claimed.has(node)) gone.add(node);

    const stays = staying(matched, free);
    const pairs = [];
    let before = old[oldEnd] ?? null;
    for (let i = end - 1; i >= start; i--) {
      let node = matched[i - start];
      if (!node) {
        node = create(next[i], parent, before, pairs);
      } else {
        if (!stays.has(node)) move(node, parent, before);
        if (!node.isEqualNode(next[i])) pairs.push([node, next[i]]);
      }
      before = node;
    }
    return pairs.reverse();
  };

  /** Inserts new nodes at one place. Returns the pairs whose content may differ. */
  const insert = () => {
    const pairs = [];
    for (const fresh of [...next.childNodes]) {
      const node = partners.get(fresh);
      if (node) {
        move(node, old, before);
        pairs.push([node, fresh]);
      } else create(fresh, old, before, pairs);
    }
    return pairs.reverse();
  };

  const isEqual = (old, next) =>
    (partners.get(next) ?? old) === old && claimed.has(old) === partners.has(next) && old.isEqualNode(next);

  const match = (parent, free, next) => {
    const matched = next.map((node) => partners.get(node));
    const left = new Set(free.filter((node) => !claimed.has(node)));
    const each = (find) => {
      if (left.size && matched.includes(undefined)) {
        const found = find();
        next.forEach((node, i) => left.delete((matched[i] ??= found(node))));
      }
    };

    each(() => (node) => {
      for (let inside of below.get(node) ?? []) {
        while (inside && inside.parentNode !== parent) inside = inside.parentNode;
        if (left.has(inside) && kind(inside) === kind(node)) return inside;
      }
      return undefined;
    });
    for (const key of [content, kind]) each(() => takeBy(left, key));
    return matched;
  };

  /** The matched nodes that need not move: the longest run in order, around the focused one. */
  const staying = (matched, free) => {
    const places = new Map(free.map((node, index) => [node, index]));
    const here = matched.filter((node) => places.has(node));
    const focus = here.findIndex((node) => node.contains(document.activeElement));
    const order = here.map((node) => places.get(node));
    const candidates = here.filter(
      (_, index) => focus < 0 || Math.sign(index - focus) === Math.sign(order[index] - order[focus]),
    );
    return new Set(longestRise(candidates.map((node) => places.get(node))).map((index) => candidates[index]));
  };

  const create = (next, parent, before, pairs) => {
    // Nodes that are kept from the old tree are moved into the new element afterwards.
    const node = below.has(next) ? document.importNode(next, false) : document.adoptNode(next);
    parent.insertBefore(node, before);
    remember(node);
    if (node !== next) pairs.push([node, next]);
    added.push(node);
    // A bound `<select>` must choose again among its options.
    if (node.localName === 'option') change(parent.closest('select') ?? parent, ['options']);
    return node;
  };

  findPartners();
  // A list and not recursion: pages may be deep, and parents must be whole before children.
  const work = before !== undefined ? insert() : inside ? children(old, next) : [[old, next]];
  while (work.length) for (const more of pair(work.pop())) work.push(more);
  for (const node of gone) remove(node, directives);
  for (const [element, names] of changed) directives.restart(element, names);
  for (const element of added) directives.start(element);
}

/** Removes a node from the page. */
export function remove(node, directives) {
  if (keep(node)) return;
  node.remove();
  directives.stop(node);
}

const withId = (root) => root.querySelectorAll('[id]');

function addTo(sets, key, items) {
  if (!sets.has(key)) sets.set(key, new Set());
  for (const item of items) sets.get(key).add(item);
}

function takeBy(left, key) {
  const byKey = new Map();
  // From the last to the first, because they are removed from the end.
  for (const node of [...left].reverse()) {
    const name = key(node);
    if (!byKey.has(name)) byKey.set(name, []);
    byKey.get(name).push(node);
  }
  return (node) => byKey.get(key(node))?.pop();
}

const content = (node) => (node.nodeType === ELEMENT ? node.outerHTML : `${node.nodeType} ${node.nodeValue}`);

/** Only nodes of one kind may become each other: a field never takes over another field's text. */
function kind(node) {
  if (node.nodeType !== ELEMENT) return node.nodeType;
  const { localName } = node;
  const isField = /^(input|select|textarea)$/.test(localName);
  const names = isField ? ['type', 'name', 'data-bind', 'placeholder', 'aria-label'] : ['is'];
  const bound = isField ? node.getAttributeNames().filter((name) => name.startsWith('data-bind:')) : [];
  return [node.namespaceURI, localName, node.id, ...names.map((name) => node.getAttribute(name)), ...bound].join('\n');
}

/** Remembers the focus. The returned function restores it if a move has taken it away. */
export function keepFocus() {
  const element = document.activeElement;
  const { selectionStart, selectionEnd, selectionDirection } = element ?? {};
  return () => {
    if (!element?.isConnected || element === document.activeElement) return;
    element.focus({ preventScroll: true });
    if (Number.isInteger(selectionStart)) element.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
  };
}
