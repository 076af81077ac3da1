/**
 * Work that may fail in ways that do not matter.
 */

/** What the work gives, or `null` where it throws. */
export function tolerant(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

/** What a text says in JSON, or `null`. */
export const parseJson = (text) => tolerant(() => JSON.parse(text));
