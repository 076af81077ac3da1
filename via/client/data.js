/**
 * Values of signals: what they hold, and whether two are the same.
 */

/** What a value holds under a key, and nothing that it inherits. */
export function ownValue(value, key) {
  return Object.hasOwn(value ?? {}, key) ? value[key] : undefined;
}

/** Whether two JSON values are equal. */
export function same(a, b) {
  if (Object.is(a, b)) return true;
  if (!isStructure(a) || !isStructure(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  );
}

/** Arrays and plain objects are compared by what they hold, anything else (an element) is itself. */
const isStructure = (value) => Array.isArray(value) || isPlain(value);

/** Whether a value is an object that holds nothing but data. */
export function isPlain(value) {
  return Object(value) === value && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
