/** The headers that the site wants of its host. tools/serve.ts sends them, `_headers` asks for them, and the service worker adds what is missing. */

/** Makes SharedArrayBuffer, and so WebAssembly threads, available. */
export const kIsolation: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** A worker has the policy of its script's response, not that of the page's <meta>. */
export const kScriptPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
].join('; ');

/** The page's own policy is in its <meta>, where frame-ancestors has no effect. */
export const kPagePolicy = "frame-ancestors 'self'";

const kCommon: Readonly<Record<string, string>> = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
};

/** What a response to this path should carry. */
function wantedHeaders(path: string): Record<string, string> {
  const wanted = { ...kIsolation, 'Cross-Origin-Resource-Policy': 'same-origin' };
  if (/\.m?js$/.test(path)) return { ...wanted, 'Content-Security-Policy': kScriptPolicy };
  if (path.endsWith('.html')) return { ...wanted, 'Content-Security-Policy': kPagePolicy };
  return wanted;
}

const kWithoutBody = new Set([101, 103, 204, 205, 304]);

/** The response with the headers that its host left out; the very same one if it has them all, or may not be changed (a redirect). */
export function withHeaders(response: Response, path: string): Response {
  if (response.status === 0 || response.type === 'opaqueredirect') return response;
  const missing = Object.entries(wantedHeaders(path)).filter(([name]) => !response.headers.has(name));
  if (missing.length === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of missing) headers.set(name, value);
  const body = kWithoutBody.has(response.status) ? null : response.body;
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}

/**
 * The file `_headers` that Netlify and Cloudflare Pages read. Rules name folders, since all that runs as a script lies in these, and on
 * the other files of theirs a policy has no effect.
 */
export function headersFile(base: string): string {
  const rule = (path: string, headers: Readonly<Record<string, string>>) =>
    [base + path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`), ''].join('\n');
  const policy = { 'Content-Security-Policy': kScriptPolicy };
  return [
    rule('*', { ...kIsolation, ...kCommon, 'X-Frame-Options': 'SAMEORIGIN' }),
    rule('_astro/*', { ...policy, 'Cache-Control': 'public, max-age=31536000, immutable' }),
    ...['wasm/*', 'pagefind/*', 'sw.js'].map((path) => rule(path, policy)),
  ].join('\n');
}
