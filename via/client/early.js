/**
 * Loaded separately, before the client: records what the user does while the client is still
 * loading. The client then does it as soon as it runs.
 */

{
  // Handlers of the page's own elements. Bound values are read from the fields, and what the browser
  // does by itself needs no client.
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
    // One event is enough for many letters, because the field holds the text.
    const last = events.at(-1);
    if (type !== 'input' || last?.type !== type || last.target !== target) events.push({ type, target, submitter });
  };
  for (const type of types) addEventListener(type, take, true);
  window.viaEarly = () => {
    for (const type of types) removeEventListener(type, take, true);
    return events;
  };
}
