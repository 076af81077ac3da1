/**
 * Requests to the page's own path.
 */

/** Posts JSON; `kind` tells the server what it is. */
export function post(url, kind, { headers, ...options }) {
  headers = { 'Content-Type': 'application/json', 'Via-Request': kind, ...headers };
  return fetch(url, { method: 'POST', headers, ...options });
}
