/**
 * Brings the compiler into a worker of the page: downloads it once with progress, keeps it for offline use, unpacks it. What comes from
 * outside (fetch, caches, the import) is handed in, so that Node can test all of it.
 */
import { DataError, messageOf } from '../errors.ts';
import type { Toolchain, ToolchainManifest } from './toolchain.ts';

type ToolchainFile = ToolchainManifest['files'][number];

export interface LoaderSurroundings {
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Missing in plain http and in some private windows: then everything is downloaded for each page. */
  caches: CacheStorage | null;
}

export interface LoadProgress {
  /** Bytes so far, and of everything, as they travel. */
  done: number;
  total: number;
  /** They come out of this browser's cache. */
  isCached: boolean;
}

/** Caches of all versions begin like this; the rest is the version. */
const kCachePrefix = 'optlab-toolchain-';
const kManifest = 'toolchain.json';
const kBundle = 'bundle.js';

/** Bytes that a reader has to download for it. */
export function downloadBytes({ files }: ToolchainManifest): number {
  return files.reduce((sum, { download }) => sum + download, 0);
}

/** The manifest in the site's folder `url` (with a slash at the end); offline, that of the version kept here. Throws DataError. */
export async function readManifest(url: string, surroundings: LoaderSurroundings): Promise<ToolchainManifest> {
  const address = `${url}${kManifest}`;
  let reason: string;
  try {
    const response = await surroundings.fetch(address, { cache: 'no-cache' });
    if (response.ok) return checkManifest(await response.json(), address);
    reason = `HTTP ${response.status}`;
  } catch (error) {
    if (error instanceof DataError) throw error;
    reason = messageOf(error);
  }
  const kept = await surroundings.caches?.match(address).catch(() => undefined);
  if (kept !== undefined) return checkManifest(await kept.json(), address);
  throw new DataError(`${address} could not be downloaded: ${reason}`);
}

function checkManifest(value: unknown, address: string): ToolchainManifest {
  const { version, files } = (value ?? {}) as Partial<ToolchainManifest>;
  const isSound =
    typeof version === 'string' &&
    /^[\w.-]+$/.test(version) &&
    Array.isArray(files) &&
    files.every(
      ({ name, bytes, download }) => typeof name === 'string' && Number.isInteger(bytes) && Number.isInteger(download),
    );
  if (!isSound) throw new DataError(`${address} does not describe a compiler: it needs 'version' and 'files'`);
  return value as ToolchainManifest;
}

/** Whether this version lies in the browser's cache as a whole. */
export async function isKept(
  url: string,
  { version }: ToolchainManifest,
  { caches }: LoaderSurroundings,
): Promise<boolean> {
  try {
    if (caches === null || !(await caches.has(kCachePrefix + version))) return false;
    // The manifest goes in last.
    return (await (await caches.open(kCachePrefix + version)).match(url + kManifest)) !== undefined;
  } catch {
    return false;
  }
}

/** Files of one version, from the cache or the network. */
export class ToolchainFiles {
  readonly manifest: ToolchainManifest;
  readonly #folder: string;
  readonly #packed = new Map<string, Uint8Array<ArrayBuffer>>();

  private constructor(manifest: ToolchainManifest, folder: string) {
    this.manifest = manifest;
    this.#folder = folder;
  }

  /** Fetches what is missing. `url`: the folder with toolchain.json. Throws DataError naming the file. */
  static async load(
    url: string,
    surroundings: LoaderSurroundings,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<ToolchainFiles> {
    const manifest = await readManifest(url, surroundings);
    const { version, files } = manifest;
    const found = new ToolchainFiles(manifest, `${url}${version}/`);
    const isCached = await isKept(url, manifest, surroundings);
    const cache = await surroundings.caches?.open(kCachePrefix + version).catch(() => null);
    const total = downloadBytes(manifest);
    let done = 0;
    onProgress({ done, total, isCached });
    for (const file of files) {
      const address = `${found.#folder}${file.name}.gz`;
      const before = done;
      const report = (fraction: number) => {
        done = before + Math.round(fraction * file.download);
        onProgress({ done, total, isCached });
      };
      const kept = await cache?.match(address);
      const bytes =
        kept === undefined
          ? await download(address, file, surroundings, report)
          : new Uint8Array(await kept.arrayBuffer());
      found.#packed.set(file.name, bytes);
      if (kept === undefined) await keep(cache ?? null, address, bytes, 'application/octet-stream');
      report(1);
    }
    if (!isCached) await found.#finish(url, surroundings, cache ?? null);
    return found;
  }

  /** Where the program that runs the files lies. */
  get bundle(): string {
    return this.#folder + kBundle;
  }

  /** The program itself and the manifest go in last: a cache that has the latter has everything. Other versions go. */
  async #finish(url: string, { fetch, caches }: LoaderSurroundings, cache: Cache | null): Promise<void> {
    if (cache === null || caches === null) return;
    try {
      for (const { name } of this.manifest.files) {
        if ((await cache.match(`${this.#folder}${name}.gz`)) === undefined) return; // no room: nothing to rely on
      }
      const program = await fetch(this.bundle);
      if (!program.ok) return;
      await cache.put(this.bundle, program);
      const text = new TextEncoder().encode(JSON.stringify(this.manifest));
      await keep(cache, url + kManifest, text, 'application/json');
      for (const name of await caches.keys()) {
        if (name.startsWith(kCachePrefix) && name !== kCachePrefix + this.manifest.version) await caches.delete(name);
      }
    } catch {
      // It works without, and is downloaded again next time.
    }
  }

  /** The unpacked file as a response that compileStreaming takes, each only once; null for addresses of others. */
  take(address: string): Response | null {
    if (!address.startsWith(this.#folder)) return null;
    const name = address.slice(this.#folder.length);
    const file = this.manifest.files.find((candidate) => candidate.name === name);
    const packed = this.#packed.get(name);
    if (file === undefined || packed === undefined) return null;
    this.#packed.delete(name); // 23 MB that nobody needs any more
    const type = name.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream';
    return new Response(unpack(packed, file, address), { headers: { 'content-type': type } });
  }
}

/** After a failure: forgets this version if something that is kept of it is damaged (gzip has a checksum). True if it was. */
export async function forgetIfDamaged(
  url: string,
  { version, files }: ToolchainManifest,
  { caches }: LoaderSurroundings,
): Promise<boolean> {
  const cache = await caches?.open(kCachePrefix + version).catch(() => null);
  for (const file of files) {
    const address = `${url}${version}/${file.name}.gz`;
    const kept = await cache?.match(address);
    if (kept === undefined) continue;
    try {
      await new Response(unpack(new Uint8Array(await kept.arrayBuffer()), file, address)).arrayBuffer();
    } catch {
      await caches?.delete(kCachePrefix + version);
      return true;
    }
  }
  return false;
}

/** Some hosts (and development servers) unpack .gz on the way, so only the bytes say what arrived. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function download(
  address: string,
  file: ToolchainFile,
  { fetch }: LoaderSurroundings,
  onFraction: (fraction: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const fail = (reason: string) => new DataError(`${address} could not be downloaded: ${reason}`);
  let response: Response;
  try {
    // The Cache API keeps it; the browser's own cache need not keep it a second time.
    response = await fetch(address, { cache: 'no-store' });
  } catch (error) {
    throw fail(messageOf(error));
  }
  if (!response.ok || response.body === null) throw fail(`HTTP ${response.status}`);
  const most = Math.max(file.bytes, file.download);
  let bytes = new Uint8Array(file.download);
  let size = 0;
  let expected = file.download;
  const reader = response.body.getReader();
  for (;;) {
    const part = await reader.read().catch((error: unknown) => {
      throw fail(messageOf(error));
    });
    if (part.done) break;
    if (size + part.value.length > most) {
      await reader.cancel().catch(() => {});
      throw fail(`it is longer than ${most} bytes`);
    }
    if (size + part.value.length > bytes.length) {
      const larger = new Uint8Array(most);
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(part.value, size);
    size += part.value.length;
    if (!isGzip(bytes)) expected = file.bytes;
    onFraction(Math.min(1, size / expected));
  }
  if (size !== expected) throw fail(`it ends after ${size} of ${expected} bytes`);
  return size === bytes.length ? bytes : bytes.slice(0, size);
}

async function keep(cache: Cache | null, address: string, bytes: Uint8Array<ArrayBuffer>, type: string): Promise<void> {
  try {
    await cache?.put(address, new Response(bytes, { headers: { 'content-type': type } }));
  } catch {
    // Full, or refused: it is downloaded again next time.
  }
}

function unpack(packed: Uint8Array<ArrayBuffer>, file: ToolchainFile, address: string): ReadableStream<Uint8Array> {
  let size = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > file.bytes) controller.error(new DataError(`${address} unpacks to more than ${file.bytes} bytes`));
      else controller.enqueue(chunk);
    },
    flush(controller) {
      if (size !== file.bytes)
        controller.error(new DataError(`${address} unpacks to ${size} instead of ${file.bytes} bytes`));
    },
  });
  const stream = new Blob([packed]).stream();
  if (!isGzip(packed)) return stream.pipeThrough(counted);
  return stream
    .pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
    .pipeThrough(counted);
}

/**
 * The compiler, ready to run. It asks for its files by fetch as soon as it runs for the first time, so `scope.fetch` answers for them from
 * then on. Throws DataError.
 */
export async function startToolchain(
  files: ToolchainFiles,
  scope: { fetch: typeof fetch },
  load: (url: string) => Promise<unknown>,
): Promise<Toolchain> {
  const original = scope.fetch.bind(scope);
  scope.fetch = (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const own = files.take(address);
    return own === null ? original(input, init) : Promise.resolve(own);
  };
  try {
    return (await load(files.bundle)) as Toolchain;
  } catch (error) {
    throw new DataError(`${files.bundle} could not be loaded: ${messageOf(error)}`);
  }
}
