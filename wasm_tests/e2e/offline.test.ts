// The service worker: the site without a server, isolation without headers, and a new version in place of an old one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../../tools/lib/browser.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../tools/serve.ts';
import { kFirstLesson, kLesson, kQuick, textOf, Visit } from './site.ts';

const kSite = resolve(process.env['OPTLAB_SITE'] ?? join(import.meta.dirname, '../../web/dist'));
const kWorkerBuilder = join(import.meta.dirname, '../../web/plugins/service-worker.ts');
const kReady = /Ready for offline use: \d+\.\d MB kept/;

/** One origin whose server can go down, come back and change what it serves; service workers allowed. */
class Host {
  readonly context: BrowserContext;
  readonly url: string;
  #server: RunningServer | null;
  readonly #options: ServerOptions;

  private constructor(context: BrowserContext, server: RunningServer, options: ServerOptions) {
    this.context = context;
    this.url = server.url;
    this.#server = server;
    this.#options = options;
  }

  /** Closed with the test, however it ends: a server that goes on would keep the tests from ending. */
  static async start(test: TestContext, browser: Browser, root = kSite, isolation = true): Promise<Host> {
    const options = { root, isolation };
    const context = await browser.newContext({ serviceWorkers: 'allow' });
    const host = new Host(context, await startServer(options), options);
    test.after(() => host.#close());
    return host;
  }

  async open(path = '/'): Promise<Visit> {
    const page = await this.context.newPage();
    page.setDefaultTimeout(20_000);
    const visit = new Visit(page, this.url);
    await page.goto(this.url + path);
    return visit;
  }

  async down(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }

  async up(): Promise<void> {
    this.#server = await startServer({ ...this.#options, port: Number(new URL(this.url).port) });
  }

  async #close(): Promise<void> {
    await this.context.close();
    await this.down();
  }
}

/** What the page says about offline use, once it matches. */
async function offlineLine(page: Page, text: RegExp): Promise<string> {
  const line = page.locator('offline-state').getByText(text);
  await line.waitFor({ timeout: 60_000 });
  return line.innerText();
}

/** Asks the page until it says yes. (Playwright's waitForFunction takes a promise itself for a yes.) */
async function until<T>(page: Page, question: (value: T) => Promise<boolean>, value: T): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await page.evaluate(question as (value: unknown) => Promise<boolean>, value)) return;
    await page.waitForTimeout(200);
  }
  throw new Error(`not within 20 s: ${String(question)}`);
}

const build = async (visit: Visit) => (await visit.badge()).split('.')[0];
const isolated = (page: Page) => page.evaluate(() => crossOriginIsolated);
const cacheNames = (page: Page) => page.evaluate(() => caches.keys());

describe('offline use', () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  it('after one visit every lesson works with the server stopped', async (test) => {
    const host = await Host.start(test, browser);
    const visit = await host.open();
    await offlineLine(visit.page, kReady);
    visit.assertClean();
    await host.down();

    await visit.page.goto(host.url + kFirstLesson);
    await visit.page.getByRole('heading', { level: 1 }).waitFor();
    await visit.page.goto(host.url + kLesson + kQuick);
    await visit.page.reload();
    assert.ok(await isolated(visit.page));
    await visit.run(visit.race, 'Run without a prediction');
    assert.match(await textOf(visit.race), /reached [\d.]+ GFLOP\/s/);
    await visit.run(visit.classifier, 'Classify all images');
    assert.match(await textOf(visit.classifier), /1,8\d\d of 2,000 right \(9\d\.\d\d %\)/);
    const fonts = await visit.page.evaluate(() =>
      document.fonts.ready.then((set) => [...set].map((font) => font.status)),
    );
    assert.ok(fonts.includes('loaded') && !fonts.includes('error'), fonts.join());

    await visit.page.goto(host.url);
    assert.match(await visit.badge(), /Relaxed SIMD \+ threads/);
    await visit.page.keyboard.press('Control+k');
    await visit.page.locator('#starlight__search input').fill('roofline');
    await visit.page.getByText(/\d+ results? for roofline/).waitFor();
    visit.assertClean();
  });

  it('a compiler that was enabled once compiles with the server stopped', async (test) => {
    const host = await Host.start(test, browser);
    const home = await host.open();
    await offlineLine(home.page, kReady);
    await home.page.goto(host.url + kLesson);
    const exercise = home.page.locator('code-exercise').first();
    await exercise.getByRole('button', { name: /Enable the compiler/ }).click();
    const run = exercise.getByRole('button', { name: 'Run', exact: true });
    await run.waitFor({ timeout: 120_000 });
    await host.down();
    // Not out of the browser's own cache either: other hosts ask it to keep less than tools/serve.ts does.
    const session = await host.context.newCDPSession(home.page);
    await session.send('Network.clearBrowserCache');
    await home.page.reload();
    await run.click();
    await exercise.locator('.total').waitFor({ timeout: 120_000 });
    home.assertClean();
  });

  it('what is used once is kept too; what the reader deletes is gone', async (test) => {
    const host = await Host.start(test, browser);
    const visit = await host.open();
    await offlineLine(visit.page, kReady);
    const path = '/data/fashion-mnist/train-images-idx3-ubyte.gz';
    const load = () => visit.page.evaluate((url) => fetch(url).then((file) => file.arrayBuffer()), path);
    const size = async () => Number(/([\d.]+) MB/.exec(await offlineLine(visit.page, kReady))?.[1]);
    const before = await size();
    await load();
    await until(visit.page, async (url) => (await caches.match(url)) !== undefined, path);
    await visit.page.reload();
    assert.ok((await size()) > before + 4, `${before} MB before, ${await size()} MB after`);
    await host.down();
    await load();

    await host.up();
    await visit.page.locator('offline-state').getByRole('button', { name: 'Delete it' }).click();
    await offlineLine(visit.page, /Nothing is kept/);
    assert.deepEqual(
      (await cacheNames(visit.page)).filter((name) => name.startsWith('optlab-site')),
      [],
    );
    await visit.page.reload();
    await visit.badge();
    await visit.page.waitForTimeout(3000); // idle enough for a fill
    await offlineLine(visit.page, /Nothing is kept/);
    await visit.page.locator('offline-state').getByRole('button', { name: 'Keep the site' }).click();
    await offlineLine(visit.page, kReady);
    visit.assertClean();
  });

  it('a damaged file is downloaded again', async (test) => {
    const host = await Host.start(test, browser);
    const visit = await host.open();
    await offlineLine(visit.page, kReady);
    const path = '/wasm/relaxed-threads/optlab.wasm';
    const kept = () =>
      visit.page.evaluate(async (url) => {
        const bytes = await (await caches.match(url))?.arrayBuffer();
        return bytes === undefined ? null : Array.from(new Uint8Array(bytes.slice(0, 4)));
      }, path);
    await visit.page.evaluate(async (url) => {
      const name = (await caches.keys()).find((key) => key.startsWith('optlab-site')) ?? '';
      const cache = await caches.open(name);
      await cache.put(url, new Response(new Uint8Array(100), { headers: { 'Content-Type': 'application/wasm' } }));
    }, path);
    assert.deepEqual(await kept(), [0, 0, 0, 0]);
    await visit.page.reload();
    assert.match(await visit.badge(), /Relaxed SIMD \+ threads/);
    const isSound = async (url: string) => {
      const bytes = await (await caches.match(url))?.arrayBuffer();
      return bytes !== undefined && bytes.byteLength > 100;
    };
    await until(visit.page, isSound, path);
    assert.deepEqual(await kept(), [0, 0x61, 0x73, 0x6d]);
    visit.assertClean();
  });

  it('nothing is downloaded while a page measures', async (test) => {
    const host = await Host.start(test, browser);
    const visit = await host.open(`${kLesson}?race=size:1024x1024x1024;rungs:naive,reordered,blocked;threads:1`);
    await visit.race.getByRole('button', { name: 'Run without a prediction' }).click();
    const stop = visit.race.getByRole('button', { name: 'Stop' });
    await stop.waitFor();
    await visit.page.waitForTimeout(500); // a file that was on its way ends
    const count = () =>
      visit.page.evaluate(async () => {
        const names = (await caches.keys()).filter((name) => name.startsWith('optlab-site'));
        const sizes = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
        return sizes.reduce((sum, size) => sum + size, 0);
      });
    const first = await count();
    await visit.page.evaluate(async () => (await navigator.serviceWorker.ready).active?.postMessage({ type: 'fill' }));
    await visit.page.waitForTimeout(3000);
    assert.ok(await stop.isVisible(), 'the race was over too soon to tell');
    assert.equal(await count(), first);
    await stop.click();
    await offlineLine(visit.page, kReady);
  });
});

describe('a host that sends no isolation headers', () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  it('the page reloads once, and is isolated', async (test) => {
    const host = await Host.start(test, browser, kSite, false);
    const visit = await host.open();
    let loads = 0;
    visit.page.on('load', () => ++loads);
    await visit.page.waitForFunction(() => crossOriginIsolated);
    assert.equal(await build(visit), 'Running here: Relaxed SIMD + threads (2)');
    await visit.page.goto(host.url + kLesson + kQuick);
    await visit.run(visit.race, 'Run without a prediction');
    assert.match(await textOf(visit.race), /reached [\d.]+ GFLOP\/s/);
    assert.ok(loads <= 3, `${loads} loads`);
    const worker = visit.page.workers().find((candidate) => candidate.url().includes('engine.worker'));
    const refused =
      "new Promise((settle) => setTimeout(() => { try { settle((0, eval)('1')); } catch (error) { settle(error.name); } }))";
    await offlineLine(visit.page, kReady);
    assert.ok(worker, 'found no worker');
    assert.equal(await worker.evaluate(refused), 'EvalError');
    visit.assertClean();
  });

  it('a page that the reader uses is left alone; the next one is isolated', async (test) => {
    const host = await Host.start(test, browser, kSite, false);
    await host.context.addInitScript(() => {
      setInterval(() => dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab' })), 20);
    });
    const visit = await host.open();
    await visit.page.evaluate(async () => (await navigator.serviceWorker.ready).active?.scriptURL);
    await visit.page.waitForTimeout(1000);
    assert.equal(await isolated(visit.page), false);
    assert.equal(await build(visit), 'Running here: Relaxed SIMD, one thread');
    await visit.page.goto(host.url + kLesson);
    assert.equal(await isolated(visit.page), true);
    visit.assertClean();
  });

  it('reloads that change nothing are not repeated', async (test) => {
    const host = await Host.start(test, browser, kSite, false);
    // Whatever the worker does, this browser isolates nothing.
    await host.context.addInitScript(() => {
      Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false });
      Object.defineProperty(ServiceWorkerContainer.prototype, 'controller', { value: null });
      sessionStorage.setItem('loads', String(Number(sessionStorage.getItem('loads')) + 1));
    });
    const visit = await host.open();
    await visit.page.waitForTimeout(6000);
    assert.equal(await visit.page.evaluate(() => sessionStorage.getItem('loads')), '2', 'the visit and one reload');
    assert.match(await visit.badge(), /one thread\. This page is not cross-origin isolated/);
  });
});

describe('a new version', () => {
  let browser: Browser;
  let root: string;
  before(async () => {
    browser = await launchBrowser();
    root = mkdtempSync(join(tmpdir(), 'optlab-site-'));
    cpSync(kSite, root, { recursive: true });
  });
  after(async () => {
    await browser.close();
    rmSync(root, { recursive: true });
  });

  it('waits until the open pages are closed, takes over what it shares, and deletes the old one', async (test) => {
    const host = await Host.start(test, browser, root);
    const visit = await host.open();
    await offlineLine(visit.page, kReady);
    const old = (await cacheNames(visit.page)).filter((name) => name.startsWith('optlab-site'));
    assert.equal(old.length, 1);

    const lesson = join(root, 'lessons/02-acceleration/index.html');
    writeFileSync(lesson, readFileSync(lesson, 'utf8').replace(/<title>/, '<title>Changed: '));
    execFileSync(process.execPath, [kWorkerBuilder, root, '/'], { stdio: 'pipe' });

    await visit.page.reload(); // the browser looks for a new worker
    await offlineLine(visit.page, /A newer version is here too/);
    await visit.page.goto(host.url + kLesson);
    assert.doesNotMatch(await visit.page.title(), /Changed/);
    assert.equal((await cacheNames(visit.page)).filter((name) => name.startsWith('optlab-site')).length, 2);

    await visit.page.close();
    const waits = async () => (await navigator.serviceWorker.getRegistration())?.waiting !== null;
    let next = await host.open(kLesson);
    // The browser takes a moment to notice that a page is gone.
    for (let attempt = 0; attempt < 10 && (await next.page.evaluate(waits)); attempt++) {
      await next.page.close();
      await setTimeout(1000);
      next = await host.open(kLesson);
    }
    await until(next.page, async (name) => !(await caches.keys()).includes(name), old[0] ?? '');
    await next.page.reload();
    assert.match(await next.page.title(), /Changed/);
    await offlineLine(next.page, kReady);
    await host.down();
    await next.page.reload();
    assert.match(await next.page.title(), /Changed/);
    next.assertClean();
  });
});
