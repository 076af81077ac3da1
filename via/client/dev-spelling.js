/**
 * Attributes that do nothing because of their spelling, for the overlay.
 */

const KNOWN = new Set(
  'attr bind class computed effect ignore ignore-morph indicator init on on-intersect on-interval on-signal-patch preserve-attr ref show signals style text'.split(
    ' ',
  ),
);

/** Returns what is wrong with the name of an attribute, if anything. */
export function misspelled(name, isEvent = () => false) {
  if (!name.startsWith('data-') || name.startsWith('data-via-')) return null;
  const [head] = name.slice('data-'.length).split('__');
  const [plugin, key] = head.split(/:(.*)/s);
  if (key !== undefined) return KNOWN.has(plugin) ? null : `there is no data-${plugin}`;
  if (KNOWN.has(plugin)) return null;
  const [, family, rest] = /^(on|attr|bind|class|computed|signals|style)-?(.+)$/.exec(plugin) ?? [];
  const hyphen = plugin.startsWith(`${family}-`);
  if (family === 'on' ? isEvent(rest) : family && hyphen) return `write data-${family}:${rest}`;
  return null;
}
