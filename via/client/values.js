/**
 * The values of fields as values of signals. No number changes silently: text that a double cannot hold
 * exactly, or that is not a number at all, stays text, and the server decides.
 */

/** Stands for the text of a number field that hides it because it is not a number. */
export const NOT_A_NUMBER = 'not a number';

export function parseNumber(text) {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const number = Number(trimmed);
  // No two decimal numbers of 15 digits are one double. `1e3` and `-0` are not integers here.
  const plain =
    /^[+-]?(?:\d+\.?|\d*\.\d+)$/.test(trimmed) && trimmed.replace(/\D/g, '').length <= 15 && !Object.is(number, -0);
  const whole = Number.isInteger(number);
  const exact = Number.isFinite(number) && (plain || String(number) === trimmed);
  return exact && whole === Number.isSafeInteger(number) ? number : trimmed;
}

/** The replacer that keeps JSON from making `null` of other numbers, and from leaving out signals. */
export function forJson(_, value) {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value === undefined ? null : value;
}

export function fieldKind(field) {
  if (field.localName === 'select') return field.multiple ? 'many' : 'one';
  if (field.localName !== 'input') return 'text';
  if (field.type === 'range') return 'number';
  return ['checkbox', 'radio', 'number'].includes(field.type) ? field.type : 'text';
}
