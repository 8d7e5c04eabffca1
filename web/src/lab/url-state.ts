/**
 * An experiment's settings in the page's address, so that a link reproduces them: `?race=size:512;rungs:naive,simd`. Headings keep the
 * fragment for themselves.
 */
export type Settings = Record<string, string>;

/** Settings of the experiment `key`; empty if the address has none. Unknown or broken parts are left out, never an error. */
export function readSettings(search: string, key: string): Settings {
  const settings: Settings = {};
  for (const part of (new URLSearchParams(search).get(key) ?? '').split(';')) {
    const colon = part.indexOf(':');
    if (colon > 0) settings[part.slice(0, colon)] = part.slice(colon + 1);
  }
  return settings;
}

/** `search` with the settings of `key` replaced; without them if `settings` is empty. */
export function writeSettings(search: string, key: string, settings: Settings): string {
  const params = new URLSearchParams(search);
  params.delete(key);
  const text = Object.entries(settings)
    .map(([name, value]) => `${name}:${value.replaceAll(';', '')}`)
    .join(';');
  // ':', ';' and ',' are legal in a query, and escaped they make the address unreadable.
  const readable = (escaped: string) => escaped.replace(/%(3A|3B|2C)/g, decodeURIComponent);
  const rest = readable(params.toString());
  const own = text === '' ? '' : `${encodeURIComponent(key)}=${readable(encodeURIComponent(text))}`;
  const joined = [rest, own].filter((part) => part !== '').join('&');
  return joined === '' ? '' : `?${joined}`;
}
