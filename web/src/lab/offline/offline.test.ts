// The service worker's logic without a service worker: what is kept, when it is used, and what happens when something breaks.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { Measuring } from '../measuring.ts';
import { headersFile, kScriptPolicy, withHeaders } from './headers.ts';
import { claimReload, type PageState } from './isolation.ts';
import { SiteKeeper, type KeeperHost } from './keeper.ts';
import { downloadPath, filesToKeep, groupOf, sitePath, type SiteFile, type SiteManifest } from './manifest.ts';
import { isRequest } from './messages.ts';

const kOrigin = 'https://example.org';
const kBase = '/optlab/';
const at = (path: string) => kOrigin + kBase + path;

/** The Cache API as far as the keeper uses it. Stores at most `room` entries. */
class FakeCaches {
  readonly stores = new Map<string, Map<string, Response>>();
  room = Infinity;
  keys = async () => [...this.stores.keys()];
  has = async (name: string) => this.stores.has(name);
  delete = async (name: string) => this.stores.delete(name);
  open = async (name: string) => {
    const entries = this.stores.get(name) ?? new Map<string, Response>();
    this.stores.set(name, entries);
    return {
      keys: async () => [...entries.keys()].map((url) => ({ url })),
      match: async (url: string) => entries.get(url)?.clone(),
      delete: async (url: string) => entries.delete(url),
      put: async (url: string, response: Response) => {
        if (entries.size >= this.room) throw new DOMException('no room', 'QuotaExceededError');
        entries.set(url, response);
      },
    };
  };
}

type Content = Record<string, string>;
const kContent: Content = {
  'index.html': 'home',
  'lessons/02/index.html': 'lesson',
  'wasm/relaxed/optlab.wasm': 'fused',
  'wasm/simd/optlab.wasm': 'plain',
  'data/train.gz': 'much',
};

function manifestOf(content: Content, version = 'v1'): SiteManifest {
  const files = Object.entries(content).map(([path, text]): SiteFile => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { path, bytes: text.length, sha256, group: groupOf(path, text.length) ?? 'core' };
  });
  return { base: kBase, version, files };
}

class World {
  readonly caches = new FakeCaches();
  content: Content = { ...kContent };
  online = true;
  measuring = false;
  readonly downloads: string[] = [];

  keeper(manifest = manifestOf(this.content)): SiteKeeper {
    const host: KeeperHost = {
      caches: this.caches as unknown as CacheStorage,
      origin: kOrigin,
      fetch: async (request) => {
        const url = typeof request === 'string' ? request : request.url;
        this.downloads.push(url);
        if (!this.online) throw new TypeError('Failed to fetch');
        const text = this.content[sitePath(new URL(url), kBase) ?? ''];
        return text === undefined ? new Response('', { status: 404 }) : new Response(text);
      },
      engine: async () => 'relaxed',
      isMeasuring: async () => this.measuring,
    };
    return new SiteKeeper(manifest, host);
  }
}

async function ask(keeper: SiteKeeper, path: string): Promise<Response> {
  const works: Promise<unknown>[] = [];
  const response = await keeper.answer(new Request(at(path)), (work) => works.push(work));
  await Promise.all(works);
  return response;
}
const read = async (keeper: SiteKeeper, path: string) => (await ask(keeper, path)).text();

describe('the site’s keeper', () => {
  it('keeps what belongs to this browser, and answers from it', async () => {
    const world = new World();
    const keeper = world.keeper();
    assert.equal((await keeper.state()).phase, 'partial');
    await keeper.fill();
    const { phase, bytes, total } = await keeper.state();
    assert.deepEqual([phase, bytes, total], ['ready', 15, 15]);
    assert.ok(!world.downloads.some((url) => /simd|train/.test(url)), world.downloads.join());
    world.online = false;
    assert.equal(await read(keeper, ''), 'home');
    assert.equal(await read(keeper, 'lessons/02/?race=x'), 'lesson');
    assert.equal(await read(keeper, 'wasm/relaxed/optlab.wasm'), 'fused');
    await assert.rejects(read(keeper, 'wasm/simd/optlab.wasm'), /Failed to fetch/);
    const redirect = await ask(keeper, 'lessons/02?race=x');
    assert.equal(redirect.headers.get('location'), at('lessons/02/?race=x'));
  });

  it('uses nothing of a version that is not whole, and goes on where it failed', async () => {
    const world = new World();
    const keeper = world.keeper();
    delete world.content['wasm/relaxed/optlab.wasm'];
    await keeper.fill();
    const { phase, failure, bytes } = await keeper.state();
    assert.equal(phase, 'partial');
    assert.match(failure ?? '', /wasm\/relaxed\/optlab\.wasm could not be downloaded: HTTP 404/);
    assert.ok(bytes > 0);
    world.online = false;
    await assert.rejects(read(keeper, ''), /Failed to fetch/);

    world.online = true;
    world.content = { ...kContent };
    world.downloads.length = 0;
    await keeper.fill();
    assert.equal((await keeper.state()).phase, 'ready');
    assert.ok(!world.downloads.includes(at('')), 'the home page was there already');
  });

  it('refuses a file that is not this version’s', async () => {
    const world = new World();
    const keeper = world.keeper();
    world.content['index.html'] = 'else';
    await keeper.fill();
    assert.match((await keeper.state()).failure ?? '', /index\.html is not what this version/);
    assert.equal(world.downloads.filter((url) => url === at('')).length, 2);
  });

  it('replaces a damaged file', async () => {
    const world = new World();
    const keeper = world.keeper();
    await keeper.fill();
    const store = world.caches.stores.get(`optlab-site ${kBase} v1`);
    store?.set(at('index.html'), new Response('hxme'));
    assert.equal(await read(keeper, ''), 'home');
    world.online = false;
    assert.equal(await read(keeper, ''), 'home');
  });

  it('keeps what was used once', async () => {
    const world = new World();
    const keeper = world.keeper();
    await keeper.fill();
    assert.equal(await read(keeper, 'data/train.gz'), 'much');
    world.online = false;
    assert.equal(await read(keeper, 'data/train.gz'), 'much');
    assert.equal((await keeper.state()).bytes, 19);
  });

  it('does nothing while a page measures', async () => {
    const world = new World();
    const keeper = world.keeper();
    world.measuring = true;
    await keeper.fill();
    assert.deepEqual(world.downloads, []);
    assert.equal((await keeper.state()).failure, null);
    world.measuring = false;
    await keeper.fill();
    assert.equal((await keeper.state()).phase, 'ready');
  });

  it('gives the room back when there is not enough', async () => {
    const world = new World();
    world.caches.room = 2;
    const keeper = world.keeper();
    await keeper.fill();
    assert.match((await keeper.state()).failure ?? '', /no more room/);
    assert.deepEqual(await world.caches.keys(), []);
    assert.equal(await read(keeper, ''), 'home');
  });

  it('a new version takes over what is the same, and the old one stays until it is whole', async () => {
    const world = new World();
    await world.keeper().fill();
    world.content['index.html'] = 'new home';
    const keeper = world.keeper(manifestOf(world.content, 'v2'));
    world.online = false;
    await keeper.fill();
    await keeper.deleteOlder();
    assert.equal(await read(keeper, ''), 'home', 'the old one, while there is no network');

    world.online = true;
    world.downloads.length = 0;
    await keeper.fill();
    assert.deepEqual(world.downloads, [at('')]);
    await world.caches.open('optlab-site /other/ v1');
    await keeper.deleteOlder();
    assert.deepEqual(await world.caches.keys(), [`optlab-site ${kBase} v2`, 'optlab-site /other/ v1']);
    assert.equal(await read(keeper, ''), 'new home');
  });

  it('deletes everything, and keeps nothing until it is asked to', async () => {
    const world = new World();
    const keeper = world.keeper();
    await keeper.fill();
    await world.caches.open('optlab-toolchain-1');
    assert.equal((await keeper.state()).compiler, true);
    await keeper.clear();
    await keeper.fill();
    await read(keeper, 'data/train.gz');
    const { phase, bytes, compiler } = await keeper.state();
    assert.deepEqual([phase, bytes, compiler], ['off', 0, false]);
    await keeper.keep();
    await keeper.fill();
    assert.equal((await keeper.state()).phase, 'ready');
  });

  it('answers for the compiler’s program without a network, and not before', async () => {
    const world = new World();
    const keeper = world.keeper();
    const program = await world.caches.open('optlab-toolchain-1');
    await program.put(at('toolchain/1/bundle.js'), new Response('kept'));
    world.content['toolchain/1/bundle.js'] = 'fresh';
    assert.equal(await read(keeper, 'toolchain/1/bundle.js'), 'fresh');
    world.online = false;
    assert.equal(await read(keeper, 'toolchain/1/bundle.js'), 'kept');
    await assert.rejects(read(keeper, 'toolchain/2/bundle.js'), /Failed to fetch/);
  });

  it('leaves other requests alone', () => {
    const keeper = new World().keeper();
    assert.ok(keeper.concerns(new Request(at('x'))));
    assert.ok(!keeper.concerns(new Request(at('x'), { method: 'POST' })));
    assert.ok(!keeper.concerns(new Request(`${kOrigin}/else/`)));
    assert.ok(!keeper.concerns(new Request('https://example.com/optlab/')));
  });
});

describe('the list of files', () => {
  it('says when each is kept', () => {
    const cases: [string, number, string | null][] = [
      ['_astro/page.abc.js', 100, 'core'],
      ['_astro/large.abc.wasm', 3_000_000, 'demand'],
      ['_astro/KaTeX_Main.abc.woff2', 100, 'core'],
      ['_astro/KaTeX_Main.abc.ttf', 100, 'demand'],
      ['wasm/relaxed-threads/optlab.wasm', 100, 'relaxed'],
      ['wasm/simd/optlab.mjs', 100, 'simd'],
      ['data/fashion-mnist/t10k-images-idx3-ubyte.gz', 100, 'core'],
      ['data/moby-dick/train.txt.gz', 100, 'demand'],
      ['models/moby-lm-tiny.safetensors', 977_488, 'core'],
      ['pagefind/pagefind.js', 100, 'core'],
      ['pagefind/pagefind-ui.js', 100, 'demand'],
      ['toolchain/1/clang.gz', 100, null],
      ['toolchain/toolchain.json', 100, 'core'],
      ['sw.js', 100, null],
    ];
    for (const [path, bytes, group] of cases) assert.equal(groupOf(path, bytes), group, path);
  });

  it('has pages before models', () => {
    const manifest = manifestOf({ 'models/a': 'a', 'index.html': 'b' });
    const paths = filesToKeep(manifest, 'simd').map(({ path }) => path);
    assert.deepEqual(paths, ['index.html', 'models/a']);
  });

  it('finds the file of an address', () => {
    const cases: [string, string | null][] = [
      ['/optlab/', 'index.html'],
      ['/optlab/lessons/02/?a=b#c', 'lessons/02/index.html'],
      ['/optlab/a%20b.js', 'a b.js'],
      ['/optlab/%zz', null],
      ['/', null],
    ];
    for (const [path, file] of cases) assert.equal(sitePath(new URL(kOrigin + path), kBase), file, path);
    const [home, lesson] = manifestOf(kContent).files;
    assert.deepEqual([downloadPath(home!), downloadPath(lesson!)], ['', 'lessons/02/']);
  });
});

describe('headers', () => {
  it('are added where they are missing', async () => {
    const page = withHeaders(new Response('x', { status: 404 }), 'lessons/index.html');
    assert.equal(page.status, 404);
    assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(page.headers.get('cross-origin-embedder-policy'), 'require-corp');
    assert.equal(await page.text(), 'x');
    const script = withHeaders(new Response('x'), 'wasm/simd/optlab.mjs');
    assert.equal(script.headers.get('content-security-policy'), kScriptPolicy);
    assert.equal(withHeaders(script, 'wasm/simd/optlab.mjs'), script, 'nothing was missing');
    assert.equal(withHeaders(new Response(null, { status: 304 }), 'x').status, 304);
  });

  it('are written for hosts below the base', () => {
    const text = headersFile('/optlab/');
    assert.match(text, /^\/optlab\/\*\n {2}Cross-Origin-Opener-Policy: same-origin\n/);
    assert.match(text, /^\/optlab\/sw\.js\n {2}Content-Security-Policy: default-src 'self'/m);
  });
});

describe('the reload for isolation', () => {
  const page: PageState = { isolated: false, controlled: false, framed: false, inUse: false };
  const memory = () => {
    const values = new Map<string, string>();
    return {
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (k: string, v: string) => void values.set(k, v),
    };
  };

  it('happens once', () => {
    const storage = memory();
    assert.equal(claimReload(page, storage), true);
    assert.equal(claimReload(page, storage), false);
  });

  it('does not happen where it cannot help, would disturb, or might repeat', () => {
    for (const flag of ['isolated', 'controlled', 'framed', 'inUse'] as const) {
      assert.equal(claimReload({ ...page, [flag]: true }, memory()), false, flag);
    }
    assert.equal(claimReload(page, null), false);
    const full = { getItem: () => null, setItem: () => assert.fail('no room') };
    assert.equal(claimReload(page, full), false);
    assert.equal(claimReload(page, { getItem: () => null, setItem: () => {} }), false);
  });
});

it('a measurement is announced from its beginning to its end, however many there are', () => {
  const measuring = new Measuring();
  const seen: boolean[] = [];
  measuring.addEventListener('change', () => seen.push(measuring.active));
  const [first, second] = [measuring.begin(), measuring.begin()];
  first();
  first();
  assert.equal(measuring.active, true);
  second();
  assert.deepEqual(seen, [true, false]);
});

it('only known messages are obeyed', () => {
  assert.ok(isRequest({ type: 'fill' }));
  for (const data of [null, 'fill', {}, { type: 'explode' }]) assert.ok(!isRequest(data));
});
