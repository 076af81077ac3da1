/**
 * The `@..` calls in expressions: `@post` of an action of the page, `@set` and `@toggle`.
 */

import { markPending } from './pending.js';

export function makeCalls({ queue, drafts }) {
  return {
    post(scope, target) {
      const { action, args } = parseTarget(target);
      queue.add({ action, args, el: scope.el, ...drafts.capture(), done: markPending(scope.el) });
    },
    set({ signals }, name, value) {
      signals.edit(String(name).replace(/^\$/, ''), value);
    },
    toggle({ signals }, name) {
      const plain = String(name).replace(/^\$/, '');
      signals.edit(plain, !signals.peek(plain));
    },
  };
}

/** Splits `?via=Todos::remove&args=%5B5%5D` into the action's name and the JSON text of its arguments. */
export function parseTarget(target) {
  const query = new URLSearchParams(String(target).replace(/^[^?]*/, ''));
  const action = query.get('via');
  if (!action) throw new Error(`@post is for actions of this page, not for \`${target}\``);
  const args = query.get('args') ?? '[]';
  if (!Array.isArray(JSON.parse(args))) throw new Error(`the arguments of ${action} are not a list`);
  return { action, args };
}
