/**
 * The directives that most pages have and that show or make signals: `data-text`, `data-show`,
 * `data-class`, `data-attr`, `data-signals`.
 *
 * Each writes only differences, so that a page whose state did not change is not touched at all.
 */

import { camel } from './camel.js';
import { followParts } from './follow.js';
import { disown, own, putAttribute } from './nodes.js';
import { parseJson } from './tolerant.js';
import { text } from './text.js';

/** These make signals and are started first. */
export const sources = {
  signals(context) {
    const { drafts } = context.page;
    const options = { onlyIfMissing: context.modifiers.has('ifmissing') };
    if (context.key) {
      drafts.receive({ [camel(context.key)]: context.evaluate() }, options);
      return;
    }
    const values = parseJson(context.value) ?? context.evaluate() ?? {};
    // Only signals that the root declares are sent with actions.
    if (context.element === context.page.root) drafts.declare(Object.keys(values));
    // The server knows only the first value of a local signal.
    for (const [name, value] of Object.entries(values)) {
      drafts.receive({ [name]: value }, name.startsWith('_') ? { onlyIfMissing: true } : options);
    }
  },
};

/** These show signals. */
export const views = {};

views.text = (context) =>
  context.follow((value) => {
    const content = text(value);
    if (context.element.textContent !== content) context.element.textContent = content;
  });

/** The rule for this attribute is in the client's style sheet, which comes with the document. */
const HIDDEN = 'data-via-hidden';

views.show = (context) => {
  const { element } = context;
  own(element, HIDDEN, null);
  const stop = context.follow((value) => putAttribute(element, HIDDEN, value ? null : ''));
  return givingBack(context, stop, [HIDDEN]);
};

views.class = (context) => {
  const { classList } = context.element;
  own(context.element, 'class');
  const stop = followParts(context, (names, on) => {
    for (const name of names.split(/\s+/)) {
      if (name && classList.contains(name) !== Boolean(on)) classList.toggle(name);
    }
  });
  return givingBack(context, stop, ['class']);
};

/** A value must become neither a script nor an expression. */
const REFUSED =
  /^(?:on|srcdoc$|style$|data-(?:on|text|show|class|attr|style|signals|computed|effect|init|bind|ref)(?![a-z]))/i;

views.attr = (context) => {
  const { element } = context;
  const names = new Set();
  const stop = followParts(context, (name, part) => {
    if (REFUSED.test(name)) throw new Error(`data-attr cannot set ${name}`);
    names.add(name);
    own(element, name);
    const isPlain = typeof part !== 'boolean' || name.startsWith('aria-');
    putAttribute(element, name, part == null ? null : isPlain ? text(part) : part ? '' : null);
  });
  return givingBack(context, stop, names);
};

/** The end of a directive that has set attributes which otherwise belong to the server. */
function givingBack({ element }, stop, names) {
  return () => {
    stop();
    for (const name of names) disown(element, name);
  };
}
