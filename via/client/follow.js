/**
 * Directives that are about one thing, `data-attr:title`, or several, `data-attr="{..}"`.
 */

/** Applies the value under the name in the key, or each part of an object under its name. */
export function followParts({ key, follow }, apply) {
  return follow((value) => {
    for (const [name, part] of key ? [[key, value]] : Object.entries(value ?? {})) apply(name, part);
  });
}
