import { withHeaders } from './headers.ts';
import { downloadPath, filesToKeep, sitePath, type SiteFile, type SiteManifest } from './manifest.ts';
import { fetchFile, kHashHeader, pack, soundBytes } from './verify.ts';

/** What the worker tells the pages. `bytes` are those kept of the site, without the compiler, which its own loader keeps. */
export interface OfflineState {
  version: string;
  /** partial: not all that belongs to this version is there, so none of it is used. off: the reader wants nothing kept. */
  phase: 'partial' | 'filling' | 'ready' | 'off';
  bytes: number;
  total: number;
  /** The compiler is kept too. */
  compiler: boolean;
  /** Why the last attempt to fill failed, or null. */
  failure: string | null;
}

/** The parts of a worker's global scope that a keeper uses; tests bring their own. */
export interface KeeperHost {
  caches: CacheStorage;
  origin: string;
  fetch(request: Request | string, options?: RequestInit): Promise<Response>;
  /** Which of the engine's instruction sets this browser runs. */
  engine(): Promise<'simd' | 'relaxed'>;
  /** Some page measures: nothing else should happen on this device. */
  isMeasuring(): Promise<boolean>;
}

const kCompilerCaches = 'optlab-toolchain-';
const kLanes = 3;
/** Kept beside a version's files once all of them are there. No file of the site has this name. */
const kWhole = '.whole';

/**
 * Keeps one version of the site in the Cache API and answers requests from it.
 *
 * A version is used only when it is there as a whole: until then requests go to the network, and if that is down, to an older version that is
 * whole. What is kept is compared with the build's SHA-256 when it is stored and each time it is used.
 */
export class SiteKeeper {
  readonly #host: KeeperHost;
  readonly #manifest: SiteManifest;
  readonly #files: Map<string, SiteFile>;
  readonly #prefix: string;
  readonly #name: string;
  /** Known to be whole. Files are deleted only by clear(). */
  #isWhole = false;
  #filling: AbortController | null = null;
  #failure: string | null = null;

  constructor(manifest: SiteManifest, host: KeeperHost) {
    this.#host = host;
    this.#manifest = manifest;
    this.#files = new Map(manifest.files.map((file) => [file.path, file]));
    // An origin may serve several sites, and several copies of this one.
    this.#prefix = `optlab-site ${manifest.base} `;
    this.#name = this.#prefix + manifest.version;
  }

  /** True for requests that answer() is for. */
  concerns(request: Request): boolean {
    const address = new URL(request.url);
    if (request.method !== 'GET' || address.origin !== this.#host.origin) return false;
    if (request.cache === 'only-if-cached') return false;
    return sitePath(address, this.#manifest.base) !== null;
  }

  /** `later` takes what should still be done once the response is on its way. */
  async answer(request: Request, later: (work: Promise<unknown>) => void): Promise<Response> {
    const address = new URL(request.url);
    const path = sitePath(address, this.#manifest.base) ?? '';
    const file = this.#files.get(path);
    // A cache that fails (a broken profile, no room) must not keep the page from the network.
    const kept = file && (await this.#kept(file).catch(() => null));
    if (kept) return withHeaders(kept, path);
    try {
      const response = await this.#host.fetch(request);
      if (file && response.ok && (file.group === 'demand' || this.#isWhole)) {
        later(this.#keepUsed(file, response.clone()).catch(() => {}));
      }
      return withHeaders(response, path);
    } catch (error) {
      if (request.signal.aborted) throw error;
      const older = await this.#older(path).catch(() => null);
      if (older) return withHeaders(older, path);
      if (!this.#isWhole || !this.#files.has(`${path}/index.html`)) throw error;
      return Response.redirect(`${address.origin}${address.pathname}/${address.search}`);
    }
  }

  async state(): Promise<OfflineState> {
    const total = (await this.#wanted()).reduce((sum, file) => sum + file.bytes, 0);
    const names = await this.#host.caches.keys();
    const paths = names.includes(this.#name) ? await this.#paths(await this.#host.caches.open(this.#name)) : new Set();
    const bytes = this.#manifest.files.reduce((sum, file) => sum + (paths.has(file.path) ? file.bytes : 0), 0);
    const compiler = names.some((name) => name.startsWith(kCompilerCaches));
    const phase = (await this.#isOff())
      ? 'off'
      : this.#filling !== null
        ? 'filling'
        : (await this.#checkWhole())
          ? 'ready'
          : 'partial';
    return { version: this.#manifest.version, phase, bytes, total, compiler, failure: this.#failure };
  }

  /** Downloads what is missing, unless the reader wants nothing kept. Ends early when a page begins to measure; never throws. */
  async fill(): Promise<void> {
    if (this.#filling !== null) return;
    const filling = new AbortController();
    this.#filling = filling;
    this.#failure = null;
    try {
      if (!(await this.#isOff())) await this.#fill(filling.signal);
    } catch (error) {
      if (!filling.signal.aborted) this.#failure = await this.#explain(error);
    } finally {
      this.#filling = null;
    }
  }

  /** Ends a fill at once; what has been stored stays for the next one. */
  pause(): void {
    this.#filling?.abort();
  }

  /** Deletes all that is kept, the compiler too, and keeps nothing more until keep(). */
  async clear(): Promise<void> {
    this.pause();
    this.#isWhole = false;
    this.#failure = null;
    const cache = await this.#host.caches.open(this.#settings);
    await cache.put(this.#url('off'), new Response('off'));
    for (const name of await this.#host.caches.keys()) {
      if (name.startsWith(this.#prefix) || name.startsWith(kCompilerCaches)) await this.#host.caches.delete(name);
    }
  }

  /** Takes clear() back. */
  async keep(): Promise<void> {
    await this.#host.caches.delete(this.#settings);
  }

  /** Deletes other versions if this one is whole: until then they are what there is without a network. */
  async deleteOlder(): Promise<void> {
    if (!(await this.#checkWhole())) return;
    for (const name of await this.#olderNames()) await this.#host.caches.delete(name);
  }

  get #settings(): string {
    return `optlab-settings ${this.#manifest.base}`;
  }

  #url(path: string): string {
    return this.#host.origin + this.#manifest.base + path;
  }

  async #isOff(): Promise<boolean> {
    return this.#host.caches.has(this.#settings);
  }

  async #wanted(): Promise<SiteFile[]> {
    return filesToKeep(this.#manifest, await this.#host.engine());
  }

  async #paths(cache: Cache): Promise<Set<string>> {
    return new Set((await cache.keys()).map(({ url }) => sitePath(new URL(url), this.#manifest.base) ?? ''));
  }

  async #checkWhole(): Promise<boolean> {
    if (this.#isWhole) return true;
    if (!(await this.#host.caches.has(this.#name))) return false;
    const paths = await this.#paths(await this.#host.caches.open(this.#name));
    this.#isWhole = (await this.#wanted()).every(({ path }) => paths.has(path));
    return this.#isWhole;
  }

  async #kept(file: SiteFile): Promise<Response | null> {
    if (!(await this.#checkWhole())) return null;
    const cache = await this.#host.caches.open(this.#name);
    const stored = await cache.match(this.#url(file.path));
    if (stored === undefined) return null;
    const bytes = await soundBytes(stored, file);
    if (bytes !== null) return pack(bytes, stored.headers);
    await cache.delete(this.#url(file.path)); // damaged: the network has it
    return null;
  }

  /** Stores a file that somebody used: one that isn't kept beforehand, or one that was found damaged. */
  async #keepUsed(file: SiteFile, response: Response): Promise<void> {
    if (await this.#isOff()) return;
    const bytes = await soundBytes(response, file);
    if (bytes === null) return;
    const cache = await this.#host.caches.open(this.#name);
    await cache.put(this.#url(file.path), pack(bytes, response.headers, file.sha256));
  }

  async #fill(signal: AbortSignal): Promise<void> {
    const cache = await this.#host.caches.open(this.#name);
    const paths = await this.#paths(cache);
    const missing = (await this.#wanted()).filter(({ path }) => !paths.has(path));
    const older = await Promise.all((await this.#olderNames()).map((name) => this.#host.caches.open(name)));
    const lane = async () => {
      for (let file = missing.shift(); file !== undefined; file = missing.shift()) {
        if (await this.#host.isMeasuring()) this.pause();
        signal.throwIfAborted();
        const response = (await this.#reuse(file, older)) ?? (await this.#download(file, signal));
        signal.throwIfAborted();
        await cache.put(this.#url(file.path), response);
      }
    };
    // A lane that fails ends; what the others still get stays for the next time.
    const ends = await Promise.allSettled(Array.from({ length: kLanes }, lane));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await cache.put(this.#url(kWhole), new Response(this.#manifest.version));
  }

  /** The same bytes out of another version. */
  async #reuse(file: SiteFile, older: readonly Cache[]): Promise<Response | null> {
    for (const cache of older) {
      const stored = await cache.match(this.#url(file.path));
      if (stored?.headers.get(kHashHeader) !== file.sha256) continue;
      const bytes = await soundBytes(stored, file);
      if (bytes !== null) return pack(bytes, stored.headers);
    }
    return null;
  }

  #download(file: SiteFile, signal: AbortSignal): Promise<Response> {
    return fetchFile((url, options) => this.#host.fetch(url, options), this.#url(downloadPath(file)), file, signal);
  }

  async #olderNames(): Promise<string[]> {
    const names = await this.#host.caches.keys();
    return names.filter((name) => name.startsWith(this.#prefix) && name !== this.#name);
  }

  /** Without a network: the compiler's program, as its worker has kept it; before this version is whole, what an older one has. */
  async #older(path: string): Promise<Response | null> {
    if (path.startsWith('toolchain/')) {
      const names = (await this.#host.caches.keys()).filter((name) => name.startsWith(kCompilerCaches));
      for (const name of names) {
        const stored = await (await this.#host.caches.open(name)).match(this.#url(path));
        if (stored) return stored;
      }
      return null;
    }
    for (const name of await this.#olderNames()) {
      const cache = await this.#host.caches.open(name);
      const stored = (await cache.match(this.#url(kWhole))) && (await cache.match(this.#url(path)));
      if (stored) return pack(new Uint8Array(await stored.arrayBuffer()), stored.headers);
    }
    return null;
  }

  async #explain(error: unknown): Promise<string> {
    if (!(error instanceof Error)) return String(error);
    if (error.name !== 'QuotaExceededError') return error.message;
    // Half a version is of no use, and takes the room that the page itself may need.
    this.#isWhole = false;
    await this.#host.caches.delete(this.#name).catch(() => false);
    return 'this browser gives the site no more room';
  }
}
