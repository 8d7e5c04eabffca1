import { messageOf } from '../errors.ts';
import type { SiteFile } from './manifest.ts';

/** On what is kept: the SHA-256 that it had when it was stored, for versions that have no manifest any more. */
export const kHashHeader = 'X-OptLab-SHA256';

/** Headers of the host's response that still hold for the bytes alone; those about encoding and length don't. */
const kLasting = ['content-type', 'content-security-policy', 'x-content-type-options', 'referrer-policy'];

/** A response of these bytes. */
export function pack(bytes: Uint8Array<ArrayBuffer>, from: Headers, sha256 = from.get(kHashHeader) ?? ''): Response {
  const headers = new Headers({ [kHashHeader]: sha256, 'Content-Length': String(bytes.length) });
  for (const name of kLasting) {
    const value = from.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(bytes, { headers });
}

/** The response's bytes if they are the file's, else null. */
export async function soundBytes(response: Response, file: SiteFile): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length !== file.bytes) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex === file.sha256 ? bytes : null;
}

/** Downloads a file to keep, a second time past the browser's own cache if the first copy is not it. Throws an Error that names the file. */
export async function fetchFile(
  fetch: (url: string, options: RequestInit) => Promise<Response>,
  url: string,
  file: SiteFile,
  signal: AbortSignal,
): Promise<Response> {
  for (const cache of [file.path.startsWith('_astro/') ? 'default' : 'no-cache', 'reload'] as const) {
    let response: Response;
    try {
      response = await fetch(url, { cache, signal, priority: 'low' });
    } catch (error) {
      throw new Error(`${file.path} could not be downloaded: ${messageOf(error)}`);
    }
    if (!response.ok) throw new Error(`${file.path} could not be downloaded: HTTP ${response.status}`);
    const headers = response.headers;
    const bytes = await soundBytes(response, file);
    if (bytes !== null) return pack(bytes, headers, file.sha256);
  }
  throw new Error(
    `${file.path} is not what this version of the site has: the site has changed, or the file was damaged`,
  );
}
