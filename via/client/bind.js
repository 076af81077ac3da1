/**
 * `data-bind`: a field and a signal that share one value.
 *
 * The field is written only if it means something other than the signal, so that `1.` stays while
 * the user types it.
 */

import { ownValue, same } from './data.js';
import { isHeld, onRelease } from './fields.js';
import { effect } from './signals.js';
import { fieldKind, NOT_A_NUMBER, parseNumber } from './values.js';

const fieldsOf = new Map();
const numeric = new Set();
const EDITS = ['input', 'change'];

/** Whether the user is editing a field that is bound to the signal. */
export function isBoundFieldHeld(name) {
  return anyField(name, isHeld);
}

/** Whether the signal holds the text of a password field. */
export function isSecret(name) {
  return anyField(name, (field) => field.type === 'password');
}

const anyField = (name, is) => [...(fieldsOf.get(name) ?? [])].some(is);

/** Calls `settle(name)` for the signals of each field that the user has finished editing. */
export function onBoundRelease(settle) {
  onRelease((field) => {
    for (const [name, fields] of fieldsOf) if (fields.has(field)) settle(name);
  });
}

export const binding = {
  bind(context) {
    const { element: field, page } = context;
    const { signals } = page;
    const [name, ...path] = context.signal.split('.');
    const current = () => path.reduce(ownValue, signals.get(name));
    const kind = fieldKind(field);
    if (typeof signals.peek(name) === 'number') numeric.add(name);
    const isNumber = () => kind === 'number' || (path.length === 0 && numeric.has(name));
    const take = () => readField(field, kind, isNumber(), current);

    const edit = () => {
      const value = take();
      if (value !== undefined) signals.edit(name, value, path);
    };
    if (!signals.has(name)) {
      const value = take();
      if (value !== undefined && path.length === 0) signals.write(name, value);
    } else if (page.booting && typedBeforeBoot(field)) {
      edit();
    }

    let fields = fieldsOf.get(name);
    if (!fields) fieldsOf.set(name, (fields = new Set()));
    fields.add(field);
    for (const type of EDITS) field.addEventListener(type, edit);
    const stop = effect(() => writeField(field, kind, current(), take));
    return () => {
      stop();
      fields.delete(field);
      for (const type of EDITS) field.removeEventListener(type, edit);
    };
  },
};

/** A field that differs from the document was edited by the user, or restored by the browser on a reload. */
function typedBeforeBoot(field) {
  if (field.defaultValue === undefined || field.type === 'checkbox' || field.type === 'radio') return false;
  if (field.value === initialValue(field)) return false;
  const [navigation] = performance.getEntriesByType?.('navigation') ?? [];
  return field === document.activeElement || navigation?.type === 'navigate';
}

/** What the field held in the document. `value` is not enough: for example, a range is never empty. */
function initialValue(field) {
  const fresh = document.createElement(field.localName);
  for (const name of ['type', 'min', 'max', 'step']) {
    if (field.hasAttribute(name)) fresh.setAttribute(name, field.getAttribute(name));
  }
  fresh.defaultValue = field.defaultValue;
  return fresh.value;
}

function readField(field, kind, isNumber, current) {
  if (kind === 'radio' && !field.checked) return undefined;
  if (kind === 'many') return Array.from(field.selectedOptions, (option) => option.value);
  if (kind === 'checkbox') {
    const value = current();
    if (!Array.isArray(value)) return field.checked;
    const others = value.filter((item) => String(item) !== field.value);
    return field.checked ? [...others, field.value] : others;
  }
  if (!isNumber) return field.value;
  return isBad(field) ? NOT_A_NUMBER : parseNumber(field.value);
}

/** A number field with text that is not a number shows the text, but its value is empty. */
function isBad(field) {
  return Boolean(field.validity?.badInput);
}

function writeField(field, kind, value, take) {
  if (kind === 'radio') {
    put(field, 'checked', String(value) === field.value);
  } else if (kind === 'checkbox') {
    put(field, 'checked', Array.isArray(value) ? value.map(String).includes(field.value) : Boolean(value));
  } else if (kind === 'many') {
    const chosen = new Set(Array.isArray(value) ? value.map(String) : []);
    for (const option of field.options) put(option, 'selected', chosen.has(option.value));
  } else {
    const text = String(value ?? '');
    if ((field.value !== text || isBad(field)) && !same(take(), value)) field.value = text;
  }
}

function put(field, property, value) {
  if (field[property] !== value) field[property] = value;
}
