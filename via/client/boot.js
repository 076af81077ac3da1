/**
 * Starts the client on a page: puts the parts together and listens to the life of the page.
 */

import { makeQueue, UNKNOWN } from './action-queue.js';
import { announcePatches } from './announce.js';
import { makeAnswers } from './answers.js';
import { makeApi } from './api.js';
import { makeAttachment } from './attach.js';
import { sources, views } from './attributes.js';
import { binding, isBoundFieldHeld, isSecret, onBoundRelease } from './bind.js';
import { makeCalls } from './calls.js';
import { start } from './directives.js';
import { Drafts } from './drafts.js';
import { events } from './events.js';
import { watchFields } from './fields.js';
import { makeHandover } from './handover.js';
import { lifecycle, tell } from './hooks.js';
import { makeLink } from './link.js';
import { remember } from './nodes.js';
import { startNotices, toast } from './notices.js';
import { load, makeParts } from './parts.js';
import { indicator } from './pending.js';
import { post } from './post.js';
import { replay } from './replay.js';
import { batch, Signals } from './signals.js';
import { setStatus, setUnsaved, startStatus } from './status.js';
import { storage } from './storage.js';

function boot(root) {
  const pagePath = location.pathname + location.search;
  let frame = root.dataset.viaFrame ?? null;
  let broken = false;
  /** Who is logged in as far as this page shows, and, until a stream has sent its first frame, in that frame. */
  let identity = root.dataset.viaIdentity;
  let coming;
  /** The stream that shows this page, and the one that the action in flight has named. */
  let stream = '';
  let named;

  startNotices();
  startStatus();
  const signals = new Signals();
  const drafts = new Drafts(signals, isBoundFieldHeld);
  drafts.young = true;
  const stages = [sources, { ...views, ...binding, ...events, ...indicator }];
  const page = { root, signals, drafts, stages, booting: true, paced: (_, work) => work };
  const answers = makeAnswers({
    applied: (versions) => drafts.acknowledged(versions),
    carry: (...what) => handover.carry(...what),
    attach: () => attachment.attach(),
  });

  const queue = makeQueue({
    // The number is in the body too; with the header, a server can name it without reading the body.
    post: (body, { number, identity = '', ...options }) =>
      post(pagePath, 'action', {
        headers: { 'Via-Number': number, 'Via-Stream': (named = stream), 'Via-Identity': identity },
        body,
        ...options,
      }),
    queued(item) {
      const { action, args, el } = item;
      // A click that the document before a reload has handed on belongs to the user whom that one showed.
      item.identity ??= identity;
      tell('via:action', { action, args, element: el ?? null });
    },
    sending(item) {
      item.dirty = drafts.sent(item.versions);
      lifecycle('started', item.el);
    },
    retrying: ({ el }) => lifecycle('retrying', el),
    settled(item, given) {
      if (answers.moved(given, item)) return;
      const answer = answers.translate(given, item);
      const { action, number, el } = item;
      const { status, text, body } = answer;
      if (status !== 200 && status !== 204) lifecycle('error', el, { status: String(status) });
      lifecycle('finished', el);
      tell('via:answer', { action, number, element: el ?? null, status, code: body?.code, message: body?.message });
      batch(() => answers.settle(item, answer));
      // Another answer may have replaced one with a frame.
      if (answer !== given || (!body && status !== 204)) link.tell('answered', { id: named, text });
      if (body?.code === 'identity_changed') refresh(body.code);
    },
    delayed: (message) => toast(message, true),
    slow: setUnsaved,
    displaced: () => attachment.attach(null),
  });
  page.actions = makeCalls({ queue, drafts });
  const handover = makeHandover({ storage, signals, drafts, queue, isSecret, unsure: () => toast(UNKNOWN, true) });

  const attachment = makeAttachment({
    url: pagePath,
    page: root.dataset.viaPage,
    attached(token, newTab) {
      answers.unblocked();
      queue.authorize(token, newTab);
      link.join(token);
    },
    refused: answers.refused,
    blocked: answers.blocked,
  });

  const stale = () => answers.refused({ code: 'stale_page' });
  const parts = makeParts({ extend: ({ extend }) => extend(page), gone: stale });
  /** Everything that arrives waits for this, as soon as a part has to be loaded. */
  let ready = parts(root.outerHTML);
  let waiting = 0;
  // A page has this when its first frame comes, and does not need it for anything else.
  let patch;
  const patches = load('patches.js', stale).then(({ makePatches }) => {
    patch = makePatches(page);
  });

  const link = makeLink({
    base: new URL('..', import.meta.url).href,
    // Another stream may come before the waiting frame is shown; that stream then begins with a full frame.
    shown: () => (waiting ? null : frame),
    deliver(message) {
      const more = message.events && parts(message.events.map(({ data }) => data).join());
      if (more || (message.events && !patch)) ready = Promise.all([ready, more, patches]);
      if (ready) {
        waiting++;
        ready = ready.then(() => take(message)).catch(reportError);
        ready.then(() => --waiting || (ready = null));
      } else take(message);
    },
  });

  function take({ type, status, command, code, message, ...more }) {
    if (type === 'status') {
      setStatus(status);
      if (status === 'online') queue.wake();
    } else if (type === 'stream') {
      stream = more.id;
      // A server of an older build does not say it.
      coming = { data: more.identity };
    } else if (type === 'frame') apply(more);
    else if (type === 'command') answers.run(command);
    else answers.refused({ code, message });
  }

  function apply({ full, hash, events: list }) {
    // After a frame that could not be applied, differences from it are useless.
    if (broken && !full) return;
    try {
      batch(() => patch(list));
      const who = list.find(({ event }) => event === 'via-identity') ?? coming;
      if (who) identity = who.data;
      coming = null;
      frame = hash;
      broken = false;
      drafts.young = false;
      tell('via:frame', { full, hash, events: list });
    } catch (error) {
      broken = true;
      refresh(String(error));
    }
  }

  /** Asks for a full frame. */
  function refresh(why) {
    frame = null;
    link.tell('failed', why);
  }

  function begin() {
    batch(() => start(page, root));
    page.booting = false;
    announcePatches(signals);
    handover.take();
    listen();
    // The first frame contains what the tab held before a reload: until then the server knows it better.
    drafts.young = attachment.start();
    replay();
  }

  function listen() {
    const wake = () => {
      attachment.wake();
      link.tell('wake');
    };
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', () => document.hidden || wake());
    let away = false;
    addEventListener('pagehide', () => {
      away = true;
      handover.leave();
      attachment.leave();
      link.leave();
    });
    addEventListener('pageshow', ({ persisted }) => {
      away = false;
      if (!persisted) return;
      if (attachment.comeBack()) link.join(attachment.token);
      wake();
    });
    document.addEventListener('freeze', () => link.leave());
    document.addEventListener('resume', () => {
      if (!away && attachment.token) link.join(attachment.token);
    });
  }

  watchFields();
  onBoundRelease((name) => drafts.settle(name));
  remember(root);
  if (ready) ready = ready.then(begin).catch(reportError);
  else begin();
  globalThis.via = makeApi({ queue, drafts, ready: () => page.booting && ready });
}

const root = document.getElementById('via');
if (root) boot(root);
