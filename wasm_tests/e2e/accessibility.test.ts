// axe-core's rules for WCAG 2.1 A and AA on each page, before and after experiments; and what axe can't see: what is announced, and motion.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { RunOptions, AxeResults } from 'axe-core';
import { kFirstLesson, kLesson, kQuick, Site, stopButton, type Visit } from './site.ts';

const kAxe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const kRules: RunOptions = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] };
/** Starlight's search button shows its shortcut, which is in aria-keyshortcuts and not in its name: for axe a label that isn't in the name. */
const kAllowed = ['label-content-name-mismatch button[data-open-modal=""]'];

const kMemoryLesson = '/lessons/03-memory/';
/** Each page with settings that make its experiments short, and what is run on it. */
const kPages = [
  { path: `/${kQuick}`, elements: ['kernel-race'] },
  { path: kFirstLesson, elements: ['timer-demo', 'model-profiler'] },
  { path: kLesson + kQuick, elements: ['kernel-race', 'image-classifier'] },
  {
    path: `${kMemoryLesson}?generate=model:tiny;count:64&cost=model:tiny;to:256&limits=model:tiny`,
    elements: ['token-race', 'cost-curve', 'caching-limits'],
  },
];
const kWidths = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
];
const kLong = 60_000;

interface AxeWindow {
  axe: { run(context: Document, options: RunOptions): Promise<AxeResults> };
}

/** Walks down the page, so that what loads near the view is there. */
async function walk({ page }: Visit): Promise<void> {
  await page.evaluate(async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
      scrollTo(0, y);
      await new Promise((settle) => setTimeout(settle, 30));
    }
  });
  for (const waiting of await page.getByText(/^(Loading the|Computing…|starting the)/).all()) {
    await waiting.waitFor({ state: 'hidden' });
  }
}

/** One line for each element that breaks a rule; axe looks into open shadow roots by itself. */
async function violations({ page }: Visit): Promise<string[]> {
  await page.evaluate(`${kAxe}; 0`);
  const results = await page.evaluate((rules) => (globalThis as unknown as AxeWindow).axe.run(document, rules), kRules);
  const lines = results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any }) => `${id} ${target.flat().join(' ')}: ${any[0]?.message ?? ''}`),
  );
  return lines.filter((line) => !kAllowed.some((allowed) => line.startsWith(allowed)));
}

/** Runs the first experiment of this name, and opens its tables. */
async function experiment({ page }: Visit, name: string): Promise<void> {
  const element = page.locator(name).first();
  await element.scrollIntoViewIfNeeded();
  await element.locator('button:is(.link, .primary):enabled:visible').first().click();
  await stopButton(element).waitFor();
  await stopButton(element).waitFor({ state: 'hidden', timeout: kLong });
  const closed = element.locator('details:not([open]) > summary');
  while ((await closed.count()) > 0) await closed.first().click();
}

describe('pages are accessible', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const { path, elements } of kPages) {
    const [name] = path.split('?');
    for (const viewport of kWidths) {
      for (const colorScheme of ['light', 'dark'] as const) {
        // Results are looked at in both widths and both schemes, but not in all four ways.
        const runs = (viewport === kWidths[0]) === (colorScheme === 'light');
        it(`${name} at ${viewport.width} px, ${colorScheme}${runs ? ', after experiments' : ''}: axe finds nothing`, async () => {
          const visit = await site.visit({ path, context: { viewport, colorScheme } });
          visit.page.setDefaultTimeout(kLong);
          await walk(visit);
          if (runs) for (const element of elements) await experiment(visit, element);
          assert.deepEqual(await violations(visit), []);
          visit.assertClean();
          await visit.close();
        });
      }
    }
  }

  for (const viewport of kWidths) {
    it(`a link to a heading leads there, however the experiments above it grow: ${viewport.width} px`, async () => {
      const visit = await site.visit({ path: `${kMemoryLesson}#when-caching-hurts`, context: { viewport } });
      const engine = visit.page.locator('caching-limits .note').filter({ hasText: 'SIMD' });
      await engine.waitFor();
      const top = () => visit.page.locator('#when-caching-hurts').evaluate((it) => it.getBoundingClientRect().top);
      assert.ok((await top()) >= 0 && (await top()) < viewport.height / 2, `the heading is at ${await top()} px`);
      await visit.close();
    });
  }

  it('tables and equations wider than a phone scroll by keyboard; narrow ones are no stops', async () => {
    const visit = await site.visit({ path: kMemoryLesson, context: { viewport: kWidths[1]! } });
    const stops = () => visit.page.locator('.sl-markdown-content > :is(table, .katex-display)[tabindex="0"]').count();
    await visit.page.waitForFunction(() => document.querySelector('.sl-markdown-content > table[tabindex]') !== null);
    assert.ok((await stops()) > 0);
    await visit.page.setViewportSize(kWidths[0]!);
    await visit.page.waitForFunction(() => document.querySelector('.sl-markdown-content > table[tabindex]') === null);
    await visit.close();
  });

  it('nothing can be changed before the address is read', async () => {
    let arrive: () => void = () => {};
    const late = new Promise<void>((settle) => (arrive = settle));
    const visit = await site.visit({
      path: `${kMemoryLesson}?generate=model:tiny;count:16`,
      prepare: (page) => page.route('**/*.wasm', (route) => late.then(() => route.continue())),
    });
    const race = visit.page.locator('token-race');
    await race.locator('.card').waitFor();
    assert.ok(await race.evaluate((it) => (it as HTMLElement).inert));
    arrive();
    await race.getByLabel('Prompt').fill('The whale'); // waits until it can
    await race.getByLabel('Prompt').blur();
    assert.equal(await race.getByLabel('New tokens').inputValue(), '16');
    assert.match(visit.page.url(), /model:tiny.*prompt:The%20whale.*count:16/);
    visit.assertClean();
    await visit.close();
  });

  it('a cache that plays by itself isn’t announced step by step', async () => {
    const visit = await site.visit({ path: kMemoryLesson });
    const machine = visit.page.locator('cache-time-machine');
    await machine.scrollIntoViewIfNeeded();
    const now = machine.locator('.now');
    assert.equal(await now.getAttribute('aria-live'), 'polite');
    await machine.getByRole('button', { name: 'Play' }).click();
    assert.equal(await now.getAttribute('aria-live'), 'off');
    await machine.getByRole('button', { name: 'Pause' }).click();
    assert.equal(await now.getAttribute('aria-live'), 'polite');
    await visit.close();
  });
});
