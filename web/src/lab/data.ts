import { DataError, messageOf } from './errors.ts';

/** A published file with what it must be. */
export interface DataFile {
  path: string;
  bytes: number;
  sha256: string;
}

/** An IDX file of unsigned bytes (LeCun's format): `shape` outermost first, `data` row-major. */
export interface IdxArray {
  shape: number[];
  data: Uint8Array;
}

/** Downloads a file and checks its size and SHA-256. Throws DataError naming it. */
export async function fetchVerified(base: string, file: DataFile, signal?: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(base + file.path, { ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new DataError(`${file.path} could not be downloaded: ${messageOf(error)}`);
  }
  if (!response.ok) throw new DataError(`${file.path} could not be downloaded: HTTP ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  await verify(bytes, file);
  return bytes;
}

/** Throws DataError unless `bytes` are exactly the published file. */
export async function verify(bytes: Uint8Array, file: DataFile): Promise<void> {
  if (bytes.length !== file.bytes) {
    throw new DataError(
      `${file.path} has ${bytes.length} bytes instead of ${file.bytes}: it arrived truncated or is another file`,
    );
  }
  // Outside a secure context (plain http, not localhost) there is no crypto.subtle; size and format are still checked.
  if (globalThis.crypto?.subtle === undefined) return;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== file.sha256)
    throw new DataError(`${file.path} is corrupted: its SHA-256 is ${hex} instead of ${file.sha256}`);
}

/** Uncompresses gzip, to at most `limit` bytes. Throws DataError naming `what`. */
export async function gunzip(bytes: Uint8Array, what: string, limit: number): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > limit) throw new DataError(`${what} uncompresses to more than ${limit} bytes`);
      chunks.push(part.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    if (error instanceof DataError) throw error;
    throw new DataError(`${what} is not a sound gzip file: ${messageOf(error)}`);
  }
  const result = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    result.set(chunk, offset);
    offset += chunk.length;
  }
  return result;
}

/** Reads an IDX file of unsigned bytes with `dimensions` dimensions. Throws DataError naming `what` and the first thing that is wrong. */
export function parseIdx(bytes: Uint8Array, dimensions: number, what: string): IdxArray {
  const header = 4 + 4 * dimensions;
  if (bytes.length < header) throw new DataError(`${what} ends inside its header (${bytes.length} bytes)`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic !== (0x0800 | dimensions)) {
    throw new DataError(
      `${what} is not an IDX file of unsigned bytes with ${dimensions} dimensions (it starts with ${hex(magic)})`,
    );
  }
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== bytes.length - header) {
    throw new DataError(`${what} declares ${shape.join('×')} = ${count} bytes but holds ${bytes.length - header}`);
  }
  return { shape, data: bytes.subarray(header) };
}

const hex = (word: number) => `0x${word.toString(16).padStart(8, '0')}`;
