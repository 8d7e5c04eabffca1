import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  downloadBytes,
  forgetIfDamaged,
  isKept,
  readManifest,
  startToolchain,
  ToolchainFiles,
  type LoadProgress,
  type LoaderSurroundings,
} from './loader.ts';
import type { ToolchainManifest } from './toolchain.ts';

const kUrl = 'https://site.example/toolchain/';
const kProgram = new Uint8Array(5000).map((_, i) => i % 7);
const kHeaders = new TextEncoder().encode('headers '.repeat(100));

/** As much of the Cache API as the loader uses. */
class FakeCaches {
  readonly all = new Map<string, Map<string, Response>>();
  full = false;
  has = (name: string) => Promise.resolve(this.all.has(name));
  keys = () => Promise.resolve([...this.all.keys()]);
  delete = (name: string) => Promise.resolve(this.all.delete(name));
  match = (url: string) =>
    Promise.resolve([...this.all.values()].map((cache) => cache.get(url)?.clone()).find((found) => found));
  open = (name: string) => {
    const cache = this.all.get(name) ?? new Map<string, Response>();
    this.all.set(name, cache);
    const put = async (url: string, response: Response) => {
      if (this.full) throw new DOMException('no room', 'QuotaExceededError');
      cache.set(url, new Response(await response.arrayBuffer()));
    };
    return Promise.resolve({ put, match: (url: string) => Promise.resolve(cache.get(url)?.clone()) });
  };
}

function site(version: string, change: Record<string, Uint8Array | null> = {}) {
  const packed = { program: gzipSync(kProgram), headers: gzipSync(kHeaders) };
  const manifest: ToolchainManifest = {
    version,
    files: [
      { name: 'llvm.core.wasm', bytes: kProgram.length, download: packed.program.length },
      { name: 'llvm-resources.tar', bytes: kHeaders.length, download: packed.headers.length },
    ],
  };
  const served: Record<string, Uint8Array | null> = {
    'toolchain.json': new TextEncoder().encode(JSON.stringify(manifest)),
    [`${version}/bundle.js`]: new TextEncoder().encode('export {}'),
    [`${version}/llvm.core.wasm.gz`]: packed.program,
    [`${version}/llvm-resources.tar.gz`]: packed.headers,
    ...change,
  };
  const asked: string[] = [];
  const fetch = (url: string) => {
    const name = url.slice(kUrl.length);
    asked.push(name);
    const body = served[name];
    if (body === null) return Promise.reject(new TypeError('offline'));
    return Promise.resolve(
      new Response(body === undefined ? null : new Uint8Array(body), { status: body ? 200 : 404 }),
    );
  };
  return { manifest, fetch, asked };
}

const offline = () => Promise.reject(new TypeError('offline'));
const surroundings = (fetch: LoaderSurroundings['fetch'], caches: FakeCaches | null): LoaderSurroundings => ({
  fetch,
  caches: caches as unknown as CacheStorage,
});
const ignore = () => {};
const bytesOf = async (files: ToolchainFiles, name: string) =>
  new Uint8Array((await files.take(`${kUrl}${files.manifest.version}/${name}`)?.arrayBuffer()) ?? []);

describe('the compiler in a page', () => {
  it('is downloaded with progress, unpacked, and kept', async () => {
    const { fetch, manifest, asked } = site('v1');
    const caches = new FakeCaches();
    const here = surroundings(fetch, caches);
    assert.equal(await isKept(kUrl, manifest, here), false);
    const seen: LoadProgress[] = [];
    const files = await ToolchainFiles.load(kUrl, here, (progress) => seen.push(progress));
    assert.equal(seen[0]?.done, 0);
    assert.equal(seen.at(-1)?.done, downloadBytes(manifest));
    assert.ok(seen.every(({ done }, i) => done >= (seen[i - 1]?.done ?? 0)));
    assert.deepEqual(await bytesOf(files, 'llvm.core.wasm'), kProgram);
    assert.deepEqual(await bytesOf(files, 'llvm-resources.tar'), kHeaders);
    assert.ok(asked.includes('v1/bundle.js'));
    assert.equal(await isKept(kUrl, manifest, here), true);
  });

  it('comes from the cache without a network', async () => {
    const caches = new FakeCaches();
    await ToolchainFiles.load(kUrl, surroundings(site('v1').fetch, caches), ignore);
    const files = await ToolchainFiles.load(kUrl, surroundings(offline, caches), (progress) =>
      assert.equal(progress.isCached, true),
    );
    assert.deepEqual(await bytesOf(files, 'llvm.core.wasm'), kProgram);
  });

  it('is downloaded anew when its version changes, and the old one goes', async () => {
    const caches = new FakeCaches();
    await ToolchainFiles.load(kUrl, surroundings(site('v1').fetch, caches), ignore);
    await caches.open('of-another-program');
    const next = site('v2');
    await ToolchainFiles.load(kUrl, surroundings(next.fetch, caches), ignore);
    assert.ok(next.asked.includes('v2/llvm.core.wasm.gz'));
    assert.deepEqual([...caches.all.keys()].sort(), ['of-another-program', 'optlab-toolchain-v2']);
  });

  it('goes on where an interrupted download ended', async () => {
    const caches = new FakeCaches();
    const broken = site('v1', { 'v1/llvm-resources.tar.gz': null });
    await assert.rejects(ToolchainFiles.load(kUrl, surroundings(broken.fetch, caches), ignore), {
      name: 'DataError',
      message: /llvm-resources\.tar\.gz could not be downloaded: offline/,
    });
    assert.equal(await isKept(kUrl, broken.manifest, surroundings(offline, caches)), false);
    const again = site('v1');
    await ToolchainFiles.load(kUrl, surroundings(again.fetch, caches), ignore);
    assert.ok(!again.asked.includes('v1/llvm.core.wasm.gz'));
    assert.ok(again.asked.includes('v1/llvm-resources.tar.gz'));
  });

  it('works where nothing can be kept', async () => {
    const full = new FakeCaches();
    full.full = true;
    for (const caches of [null, full]) {
      const { fetch, manifest } = site('v1');
      const files = await ToolchainFiles.load(kUrl, surroundings(fetch, caches), ignore);
      assert.deepEqual(await bytesOf(files, 'llvm.core.wasm'), kProgram);
      assert.equal(await isKept(kUrl, manifest, surroundings(fetch, caches)), false);
    }
  });

  it('takes what a host has unpacked on the way', async () => {
    const { fetch, manifest } = site('v1', { 'v1/llvm.core.wasm.gz': kProgram });
    const last: LoadProgress[] = [];
    const files = await ToolchainFiles.load(kUrl, surroundings(fetch, null), (progress) => last.push(progress));
    assert.deepEqual(await bytesOf(files, 'llvm.core.wasm'), kProgram);
    assert.equal(last.at(-1)?.done, downloadBytes(manifest));
  });

  it('refuses what is too short, too long or damaged', async () => {
    const packed = gzipSync(kProgram);
    const damaged = Uint8Array.from(packed);
    damaged[packed.length - 6]! ^= 0xff; // the checksum
    for (const [change, message] of [
      [packed.subarray(0, packed.length - 3), /ends after \d+ of \d+ bytes/],
      [new Uint8Array(kProgram.length + 1), /longer than/],
      [null, /offline/],
    ] as const) {
      const { fetch } = site('v1', { 'v1/llvm.core.wasm.gz': change });
      await assert.rejects(ToolchainFiles.load(kUrl, surroundings(fetch, null), ignore), {
        name: 'DataError',
        message,
      });
    }
    const caches = new FakeCaches();
    const bad = site('v1', { 'v1/llvm.core.wasm.gz': damaged });
    const here = surroundings(bad.fetch, caches);
    const files = await ToolchainFiles.load(kUrl, here, ignore);
    await assert.rejects(bytesOf(files, 'llvm.core.wasm'));
    assert.equal(await forgetIfDamaged(kUrl, bad.manifest, here), true);
    assert.equal(await isKept(kUrl, bad.manifest, here), false);
  });

  it('forgets nothing that is sound', async () => {
    const caches = new FakeCaches();
    const { fetch, manifest } = site('v1');
    const here = surroundings(fetch, caches);
    await ToolchainFiles.load(kUrl, here, ignore);
    assert.equal(await forgetIfDamaged(kUrl, manifest, here), false);
    assert.equal(await isKept(kUrl, manifest, here), true);
  });

  it('says what is wrong with a manifest', async () => {
    for (const text of ['{}', '{"version":"../x","files":[]}', '{"version":"v","files":[{"name":1}]}']) {
      const { fetch } = site('v1', { 'toolchain.json': new TextEncoder().encode(text) });
      await assert.rejects(readManifest(kUrl, surroundings(fetch, null)), /does not describe a compiler/);
    }
    await assert.rejects(
      readManifest(kUrl, surroundings(offline, null)),
      /toolchain\.json could not be downloaded: offline/,
    );
  });

  it('answers the program’s own questions for files, once each, and no others', async () => {
    const { fetch } = site('v1');
    const files = await ToolchainFiles.load(kUrl, surroundings(fetch, null), ignore);
    const outside: string[] = [];
    const scope = {
      fetch: ((input: RequestInfo | URL) => {
        outside.push(String(input));
        return Promise.resolve(new Response('outside'));
      }) as typeof globalThis.fetch,
    };
    const loaded = await startToolchain(files, scope, (url) => Promise.resolve({ version: url }));
    assert.equal(loaded.version, `${kUrl}v1/bundle.js`);
    const response = await scope.fetch(new URL(`${kUrl}v1/llvm.core.wasm`));
    assert.equal(response.headers.get('content-type'), 'application/wasm');
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), kProgram);
    assert.equal(await (await scope.fetch('https://site.example/other')).text(), 'outside');
    await scope.fetch(`${kUrl}v1/llvm.core.wasm`);
    assert.deepEqual(outside, ['https://site.example/other', `${kUrl}v1/llvm.core.wasm`]);
    await assert.rejects(
      startToolchain(files, scope, () => Promise.reject(new Error('refused'))),
      /bundle\.js could not be loaded: refused/,
    );
  });
});
