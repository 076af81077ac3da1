/**
 * What fields hold, as values of signals. No number is changed in silence: what a double cannot
 * hold stays a string of digits, what is not a number is `null`.
 */

export function parseNumber(text) {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const number = Number(trimmed);
  if (!Number.isFinite(number)) return null;
  if (/^[+-]?\d+$/.test(trimmed) && !Number.isSafeInteger(number)) return trimmed;
  return number;
}

export function fieldKind(field) {
  if (field.localName === 'select') return field.multiple ? 'many' : 'one';
  if (field.localName !== 'input') return 'text';
  if (field.type === 'range') return 'number';
  return ['checkbox', 'radio', 'number'].includes(field.type) ? field.type : 'text';
}
