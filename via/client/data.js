/**
 * Values of signals: their content, and whether two are the same.
 */

/** What a value itself holds under a key, without anything inherited. */
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

/** Arrays and plain objects are compared by content; anything else (an element) equals only itself. */
const isStructure = (value) => Array.isArray(value) || isPlain(value);

/** Whether a value is an object with nothing but data. */
export function isPlain(value) {
  return Object(value) === value && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
