/**
 * Names of signals in the names of attributes.
 */

/** `my-name` in an attribute's name, which has no capitals, is the signal `myName`. */
export function camel(text) {
  return text.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
}
