/**
 * What a page's own JavaScript finds as `window.via` when the client runs. Modules that come in the
 * document after the client's (all that `App::script` adds, and all in a page's `head`) find it at once.
 */

export {};

declare global {
  const via: Via;

  interface Window {
    readonly via: Via;
  }

  interface DocumentEventMap {
    'datastar-fetch': CustomEvent<Lifecycle>;
    /** The signals that have changed, by name. */
    'datastar-signal-patch': CustomEvent<Record<string, unknown>>;
  }
}

export interface Via {
  /**
   * Calls `handler` whenever `name` happens, and for `via:connection` also at once. Returns a
   * function that ends this. Names that do not begin with `via:` are those that the app passes to
   * `Effects::emit` and `Task::emit`.
   */
  on<Name extends keyof ViaEvents>(name: Name, handler: (detail: ViaEvents[Name]) => void): () => void;
  on(name: string, handler: (detail: any) => void): () => void;

  /**
   * Queues an action, such as `"Todos::remove"`, behind the user's clicks. The client repeats it
   * until it has an answer, and it takes effect once. `element` shows that it is busy until then.
   *
   * Resolves when the action was applied. Rejects with a `ViaError` if it was refused, or if its outcome is
   * unknown; the page has already told the user.
   */
  call(action: string, args?: readonly unknown[], element?: Element | null): Promise<void>;
}

export interface ViaError extends Error {
  readonly name: 'ViaError';
  readonly status: number;
  /** Such as `refused`, `invalid_arguments`, `unknown_action`, `session_gone`, `not_ours` or `unknown_outcome`. */
  readonly code: string;
}

export interface ViaEvents {
  /** What `data-via-connection` says. */
  'via:connection': 'connecting' | 'online' | 'reconnecting' | 'offline';
  /** A frame of the server has been applied. */
  'via:frame': { full: boolean; hash: string; events: readonly { event: string; data: string }[] };
  /** An action was queued. `args` is JSON. */
  'via:action': { action: string; args: string; element: Element | null };
  /** An action has its answer. Answers come in the order of the actions. */
  'via:answer': {
    action: string;
    number: number;
    element: Element | null;
    status: number;
    code?: string;
    message?: string;
  };
  /** The user is shown a message. */
  'via:toast': { text: string; error: boolean };
  /** An attribute does not do what it should. The console shows it too. */
  'via:error': { element: Element; attribute: string; expression: string; message: string };
}

/** Events as the official client of Datastar sends them. */
export interface Lifecycle {
  type:
    | 'started'
    | 'retrying'
    | 'error'
    | 'finished'
    | 'datastar-patch-elements'
    | 'datastar-patch-signals';
  el: Element;
  argsRaw: Record<string, string>;
}
