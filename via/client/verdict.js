/**
 * Tells whose answer a request has got: the app's, or that of something between the app and the browser, such
 * as a proxy, a layer of the host, a sign-in page or the portal of a network.
 */

/** Whether the same request may succeed in a moment. A request with any other status is not repeated. */
export const isPassing = (status) => [408, 425, 429, 502, 503, 504].includes(status);

/**
 * Judges an answer `{ status, ack, html, text, body }`; `null` means that the connection was lost. An answer that
 * redirects has a status of 3xx, or 0 because the browser hides it. `number` is the number of the action, if it
 * is one.
 *
 * - `ours`: the app has answered.
 * - `again`: it is unknown what happened; the same request is sent again.
 * - `moved`: another page stands in front of the app. The user sees it if this page is loaded again.
 * - `foreign`: something else has answered. Asking again does not help.
 */
export function verdict(answer, number) {
  if (!answer) return 'again';
  const { status, ack, html, text, body } = answer;
  // An answer to another action says nothing about this one.
  if (ack) return ack === String(number) ? 'ours' : 'again';
  // Something has removed the number, or nobody could read it. What only asks for patience is not final.
  if (body?.code && (body.definite || (body.definite === false && !isPassing(status)))) return 'ours';
  if (isPassing(status)) return 'again';
  if (status < 200 || (status > 299 && status < 400)) return 'moved';
  if (status > 299) return 'foreign';
  if (html) return 'moved';
  // Without a body, the answer was cut.
  return text ? 'foreign' : 'again';
}

/** Whether these headers are those of a page. */
export const isHtml = (headers) => headers.get('Content-Type')?.startsWith('text/html') ?? false;
