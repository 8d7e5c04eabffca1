// The built site in Chromium: one server with and one without isolation headers, and pages that note everything suspicious.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { startServer, type RunningServer } from '../../tools/serve.ts';
import { launchBrowser } from '../../tools/lib/browser.ts';

export const kLesson = '/lessons/02-acceleration/';
export const kFirstLesson = '/lessons/01-profiling/';
/** Experiments that are done in a second. */
export const kQuick = '?race=size:64x64x64;rungs:naive,simd;threads:2&classify=rungs:simd;threads:1';

/** What Playwright itself warns of when a page registers a service worker that the context blocks. */
const kBlocked = 'Service Worker registration blocked by Playwright';

export interface VisitOptions {
  path?: string;
  isolation?: boolean;
  context?: BrowserContextOptions;
  /** JavaScript that runs before the page's own. */
  initScript?: string;
  /** Called before the page is opened, to set routes. */
  prepare?: (page: Page) => Promise<unknown>;
}

export class Site {
  readonly browser: Browser;
  readonly #servers: { isolated: RunningServer; plain: RunningServer };

  private constructor(browser: Browser, servers: { isolated: RunningServer; plain: RunningServer }) {
    this.browser = browser;
    this.#servers = servers;
  }

  static async start(): Promise<Site> {
    const root = resolve(process.env['OPTLAB_SITE'] ?? join(import.meta.dirname, '../../web/dist'));
    if (!existsSync(join(root, 'index.html'))) {
      throw new Error(`${root} holds no built site: build it with  tools/build`);
    }
    const isolated = await startServer({ root });
    const plain = await startServer({ root, isolation: false });
    return new Site(await launchBrowser(), { isolated, plain });
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.#servers.isolated.close();
    await this.#servers.plain.close();
  }

  /** Opens a page in a context of its own. */
  async visit({ path = '/', isolation = true, context = {}, initScript, prepare }: VisitOptions = {}): Promise<Visit> {
    const server = isolation ? this.#servers.isolated : this.#servers.plain;
    // The service worker has tests of its own (offline.test.ts); without it each page is as the server sends it.
    const page = await (await this.browser.newContext({ serviceWorkers: 'block', ...context })).newPage();
    page.setDefaultTimeout(20_000);
    const visit = new Visit(page, server.url);
    if (initScript !== undefined) await page.addInitScript(initScript);
    await prepare?.(page);
    await page.goto(server.url + path);
    return visit;
  }
}

export class Visit {
  readonly page: Page;
  /** Warnings and errors of the console, uncaught errors, and requests to anywhere else. */
  readonly problems: string[] = [];
  readonly requests: string[] = [];

  constructor(page: Page, origin: string) {
    this.page = page;
    page.on('console', (message) => {
      if (message.text() === kBlocked) return;
      if (['error', 'warning'].includes(message.type())) this.problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(`uncaught: ${error.message}`));
    page.context().on('request', (request) => {
      const { origin: target, protocol } = new URL(request.url());
      this.requests.push(request.url());
      if (target !== origin && protocol !== 'data:' && protocol !== 'blob:') {
        this.problems.push(`request to ${request.url()}`);
      }
    });
  }

  get race(): Locator {
    return this.page.locator('kernel-race').last(); // the lesson's race of all rungs; the home page has only one
  }
  get roofline(): Locator {
    return this.page.locator('roofline-chart');
  }
  get tuner(): Locator {
    return this.page.locator('blocking-tuner');
  }
  get classifier(): Locator {
    return this.page.locator('image-classifier');
  }

  /** The badge's text once the engine runs (home page only). */
  async badge(): Promise<string> {
    const badge = this.page.locator('build-badge').getByRole('status');
    await badge.filter({ hasText: 'Running here' }).waitFor();
    return badge.innerText();
  }

  /** Starts an experiment by its button and waits until its stop button has come and gone. */
  async run(experiment: Locator, button: string | RegExp): Promise<void> {
    await experiment.scrollIntoViewIfNeeded(); // some load their data only then
    await experiment.getByRole('button', { name: button }).click();
    await stopButton(experiment).waitFor();
    await stopButton(experiment).waitFor({ state: 'hidden', timeout: 60_000 });
  }

  /** The cells of the experiment's table with this caption, the first row being the heading. */
  async table(experiment: Locator, caption: string | RegExp): Promise<string[][]> {
    const closed = experiment.locator('details:not([open]) > summary');
    while ((await closed.count()) > 0) await closed.first().click();
    const rows = experiment.locator('table').filter({ hasText: caption }).locator('tr');
    const cells = await Promise.all((await rows.all()).map((row) => row.locator('th, td').allInnerTexts()));
    return cells.map((row) => row.map((cell) => cell.trim()));
  }

  /** Presses an experiment's stop button; the milliseconds until the button is gone, as the page itself sees it. */
  async stop(experiment: Locator): Promise<number> {
    return stopButton(experiment).evaluate(
      (button) =>
        new Promise<number>((settle) => {
          const start = performance.now();
          const check = () => (button.isConnected ? setTimeout(check, 5) : settle(performance.now() - start));
          (button as HTMLElement).click();
          check();
        }),
    );
  }

  assertClean(): void {
    assert.deepEqual(this.problems, []);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

export const stopButton = (experiment: Locator): Locator => experiment.getByRole('button', { name: 'Stop' });
/** What a reader sees of an experiment. (innerText of the element itself leaves out its shadow.) */
export const textOf = (experiment: Locator): Promise<string> => experiment.locator('.card').innerText();
export const alertOf = (experiment: Locator): Locator => experiment.getByRole('alert');

/** The cells of one column of a table, its heading left out. */
export function column(table: readonly string[][], title: string): string[] {
  const index = table[0]?.indexOf(title) ?? -1;
  assert.notEqual(index, -1, `no column '${title}' among ${table[0]?.join(', ')}`);
  return table.slice(1).map((row) => row[index] ?? '');
}
