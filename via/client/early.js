/**
 * Loaded by itself, before the client: takes note of what the user does to a page whose client is
 * still on its way. The client does it as soon as it is there.
 */

{
  // Handlers of the page's own elements: what is bound is read from the fields, and what else is
  // done by the browser needs no client.
  const find = (element, name) => {
    for (; element; element = element.parentElement) {
      const found = element.getAttributeNames().find((each) => each === name || each.startsWith(`${name}__`));
      if (found) return found + element.getAttribute(found);
    }
    return null;
  };
  const types = ['click', 'submit', 'change', 'input'];
  const events = [];
  const take = (event) => {
    const { type, target, submitter } = event;
    const found = target instanceof Element && find(target, `data-on:${type}`);
    if (!found) return;
    if (type === 'submit' || /^\S*__prevent/.test(found)) event.preventDefault();
    // Of many letters one event is enough: it is the field that holds the text.
    const last = events.at(-1);
    if (type !== 'input' || last?.type !== type || last.target !== target) events.push({ type, target, submitter });
  };
  for (const type of types) addEventListener(type, take, true);
  window.viaEarly = () => {
    for (const type of types) removeEventListener(type, take, true);
    return events;
  };
}
