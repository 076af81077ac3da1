/**
 * Requests to the page's own path.
 */

/**
 * Posts JSON; `kind` tells the server what it is. The browser does not follow a redirect, because it leads to the
 * page of something else, such as a form to sign in.
 */
export function post(url, kind, { headers, ...options }) {
  headers = { 'Content-Type': 'application/json', 'Via-Request': kind, ...headers };
  return fetch(url, { method: 'POST', redirect: 'manual', headers, ...options });
}
