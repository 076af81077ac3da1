/**
 * The one Trusted Types policy, `via`. It passes the HTML of patches, which the server has escaped
 * and which is only ever parsed into templates, and scripts from beside this module.
 */

const here = new URL('.', import.meta.url).href;

const policy = globalThis.trustedTypes?.createPolicy('via', {
  createHTML: (text) => text,
  createScriptURL(url) {
    if (!url.startsWith(here)) throw new TypeError(`${url} is not part of the client`);
    return url;
  },
});

export function html(text) {
  return policy ? policy.createHTML(text) : text;
}

/** The URL of a module beside this one, for a worker. */
export function scriptUrl(name) {
  const url = new URL(name, here).href;
  return policy ? policy.createScriptURL(url) : url;
}
