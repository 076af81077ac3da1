/**
 * Work whose failures do not matter.
 */

/** The result of the work, or `null` if it throws. */
export function tolerant(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

/** The value of a JSON text, or `null`. */
export const parseJson = (text) => tolerant(() => JSON.parse(text));
