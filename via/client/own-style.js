/**
 * The style of the client's own elements, as a constructed sheet, which a strict CSP allows.
 * It stands in a layer, so that any rule of a page goes before it.
 */

const RULES = `@layer via {
.via-banner, .via-notices { position: fixed; z-index: 2147483000; left: 50%; transform: translateX(-50%);
  font: 14px/1.4 system-ui, sans-serif; max-width: calc(100vw - 2rem); }
.via-banner { top: .5rem; pointer-events: none; }
.via-notices { bottom: 1rem; display: grid; gap: .5rem; }
.via-banner > *, .via-notice { padding: .5rem 1rem; border-radius: .5rem; background: #222; color: #fff;
  box-shadow: 0 2px 12px #0005; }
.via-notice[role=alert] { background: #8c1d18; }
.via-notice button { margin-left: 1rem; font: inherit; }
}`;

export function adoptStyle() {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(RULES);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  } catch {
    // Without it the notices are plain, and still there.
  }
}
