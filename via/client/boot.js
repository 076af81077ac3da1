/**
 * Starts the client on a page: puts the parts together and listens to the life of the page.
 */

import { ActionQueue } from './action-queue.js';
import { makeAnswers } from './answers.js';
import { makeApi } from './api.js';
import { makeAttachment } from './attach.js';
import { sources, views } from './attributes.js';
import { binding, isBoundFieldHeld, isSecret, onBoundRelease } from './bind.js';
import { makeCalls } from './calls.js';
import { Directives } from './directives.js';
import { Drafts } from './drafts.js';
import { events } from './events.js';
import { watchFields } from './fields.js';
import { Handover } from './handover.js';
import { lifecycle, tell } from './hooks.js';
import { makeLink } from './link.js';
import { remember } from './nodes.js';
import { startNotices, toast } from './notices.js';
import { makePatches } from './patches.js';
import { indicator } from './pending.js';
import { post } from './post.js';
import { replay } from './replay.js';
import { batch, Signals } from './signals.js';
import { setStatus, startStatus } from './status.js';
import { storage } from './storage.js';
import { announcePatches, watches } from './watches.js';

function boot(root) {
  const pagePath = location.pathname + location.search;
  let frame = root.dataset.viaFrame ?? null;
  let broken = false;

  startNotices();
  startStatus();
  const signals = new Signals();
  const drafts = new Drafts(signals, isBoundFieldHeld);
  drafts.young = true;
  const page = { root, signals, drafts, booting: true };
  const directives = new Directives(page, [sources, { ...views, ...binding, ...events, ...watches, ...indicator }]);
  const patch = makePatches({ drafts, directives });
  const answers = makeAnswers({
    applied: (versions) => drafts.acknowledged(versions),
    carry: (item) => handover.carry(item),
  });

  const queue = new ActionQueue({
    // The number is in the body too; the header lets a server name it that has not read the body.
    post: (body, { number, ...options }) =>
      post(pagePath, 'action', { headers: { 'Via-Number': String(number) }, body, ...options }),
    queued: ({ action, args, el }) => tell('via:action', { action, args, element: el ?? null }),
    sending(item) {
      item.dirty = drafts.sent(item.versions);
      lifecycle('started', item.el);
    },
    retrying: ({ el }) => lifecycle('retrying', el),
    settled(item, answer) {
      const { action, number, el } = item;
      const { status, body } = answer;
      if (status !== 200 && status !== 204) lifecycle('error', el, { status: String(status) });
      lifecycle('finished', el);
      tell('via:answer', { action, number, element: el ?? null, status, code: body?.code, message: body?.message });
      batch(() => answers.settle(item, answer));
    },
    full: (message) => toast(message, true),
  });
  queue.displaced = () => attachment.attach(null);
  page.actions = makeCalls({ queue, drafts });
  const handover = new Handover({ storage, signals, drafts, queue, isSecret });

  const attachment = makeAttachment({
    url: pagePath,
    page: root.dataset.viaPage,
    attached({ token, newTab }) {
      queue.authorize(token, { newTab });
      link.join(token);
    },
    refused: answers.refused,
  });

  const link = makeLink({
    base: new URL('..', import.meta.url).href,
    shown: () => frame,
    deliver({ type, status, command, code, message, ...more }) {
      if (type === 'status') {
        setStatus(status);
        if (status === 'online') queue.wake();
      } else if (type === 'frame') apply(more);
      else if (type === 'command') answers.run(command);
      // From here on it is about this tab.
      else if (code === 'expired') attachment.attach();
      else if (code === 'unknown') answers.refused({ code: 'stale_page' });
      else if (code === 'too_many_tabs') toast(message, true);
      else answers.sessionGone(code);
    },
  });

  function apply({ full, hash, events: list }) {
    // After a frame that could not be applied, differences from it make no sense.
    if (broken && !full) return;
    try {
      batch(() => patch(list));
      frame = hash;
      broken = false;
      drafts.young = false;
      tell('via:frame', { full, hash, events: list });
    } catch (error) {
      broken = true;
      frame = null;
      link.failed(String(error));
    }
  }

  watchFields();
  onBoundRelease((name) => drafts.settle(name));
  remember(root);
  batch(() => directives.start(root));
  page.booting = false;
  announcePatches(signals);
  globalThis.via = makeApi({ queue, drafts });
  handover.take();

  const wake = () => {
    attachment.wake();
    link.wake();
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

  // What a tab held before a reload comes with the first frame: until then the server knows it better.
  drafts.young = attachment.start();
  replay();
}

const root = document.getElementById('via');
if (root) boot(root);
