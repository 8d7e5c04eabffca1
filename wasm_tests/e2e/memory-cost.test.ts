// Lesson 03's costs and limits in Chromium: what a token costs by position, and when caching hurts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { alertOf, column, Site, stopButton, textOf, type Visit } from './site.ts';

const kThirdLesson = '/lessons/03-memory/';
const kQuick = '?cost=model:tiny;to:256;axes:linear&limits=model:tiny;to:512;context:16';
const kPhone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const kWays = [
  { name: 'isolated, desktop, light', isolation: true, context: { colorScheme: 'light' as const } },
  { name: 'not isolated, phone, dark', isolation: false, context: { colorScheme: 'dark' as const, ...kPhone } },
];

describe('costs and limits of caching', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const way of kWays) describe(way.name, () => describeWay(() => site, way));
});

function describeWay(getSite: () => Site, { isolation, context }: (typeof kWays)[number]): void {
  let visit: Visit;
  let cost: Locator;
  let limits: Locator;
  before(async () => {
    visit = await getSite().visit({ path: kThirdLesson + kQuick, isolation, context });
    cost = visit.page.locator('cost-curve');
    limits = visit.page.locator('caching-limits');
  });
  after(() => visit.close());

  async function exported(experiment: Locator, button: string): Promise<string> {
    const file = visit.page.waitForEvent('download');
    await experiment.getByRole('button', { name: button }).click();
    return readFileSync(await (await file).path(), 'utf8');
  }

  it('measures what a token costs, and fits a curve to it', async () => {
    await cost.scrollIntoViewIfNeeded();
    await cost.getByLabel('the token at 256 costs').selectOption('1.5 times as much as');
    await visit.run(cost, 'Measure');
    assert.equal(await alertOf(cost).count(), 0);
    const text = await textOf(cost);
    assert.match(text, /A token at 256 costs [\d.]+× one at 64 with the cache[^]*[\d.]+× without/);
    assert.match(text, /You predicted “1.5 times as much as”: (nearest of all|“.+” is nearer)/);
    assert.match(text, /With the cache, attention has more operations than the matrices from position [\d,]+ on/);
    const fits = await visit.table(cost, /The curves: a \+ b·t \+ c·t²/);
    assert.deepEqual(column(fits, 'Token'), ['with the cache', 'without']);
    for (const name of ['a', 'b, each position', 'c, each squared'])
      for (const cell of column(fits, name)) assert.match(cell, /^-?[\d.]+ ± [\d.]+ (ms|µs|ns|ps)/);
    const exponents = await visit.table(cost, /Exponents from 128 to 256 tokens/);
    assert.deepEqual(column(exponents, 'its limit'), ['1', '2', '2', '3']);
    const generations = await visit.table(cost, /added up from the points above; not measured as a whole/);
    assert.deepEqual(column(generations, 'Tokens'), ['64', '256']);
    const points = await visit.table(cost, /Time of one token by position/);
    assert.deepEqual(column(points, 'Position'), ['8', '16', '32', '64', '96', '128', '192', '256']);
  });

  it('draws it on either kind of axes, and exports it', async () => {
    const ticks = async () => (await cost.locator('svg.xy text').allTextContents()).join(' ');
    assert.doesNotMatch(await ticks(), /logarithmic/);
    await cost.getByLabel('logarithmic').check();
    await cost.locator('svg.xy text', { hasText: 'logarithmic' }).waitFor();
    assert.doesNotMatch(visit.page.url(), /axes:linear/);
    const record = JSON.parse(await exported(cost, 'Export as JSON')) as {
      kind: string;
      points: { position: number; cached: number[] }[];
      fits: { cached: { a: { value: number } } };
    };
    assert.equal(record.kind, 'cost-by-position');
    assert.equal(record.points.length, 8);
    assert.ok(record.points.every(({ cached }) => cached.length === 6));
    assert.equal(typeof record.fits.cached.a.value, 'number');
    assert.equal((await exported(cost, 'Points as CSV')).trim().split('\n').length, 9);
  });

  it('stops at once', async () => {
    await cost.getByLabel('Up to position').selectOption('4,096');
    await cost
      .getByRole('button', { name: 'Measure without a prediction' })
      .or(cost.getByRole('button', { name: 'Measure', exact: true }))
      .first()
      .click();
    await stopButton(cost).waitFor();
    assert.ok((await visit.stop(cost)) < 1500);
    assert.equal(await alertOf(cost).count(), 0);
  });

  it('finds where short texts gain nothing', async () => {
    await limits.scrollIntoViewIfNeeded();
    await limits.getByLabel('8 new tokens come').selectOption('2 times');
    await visit.run(limits, 'Measure');
    const text = await textOf(limits);
    assert.match(text, /You predicted “2 times”: (nearest of all|“.+” is nearer)/);
    assert.match(text, /Prompt of 4: the cache (pays from \d+ new tokens|gained less)/);
    const rows = await visit.table(limits, /The fastest of five repetitions; the range/);
    assert.equal(rows.length, 16);
    assert.deepEqual(column(rows, 'Prompt + new').slice(0, 3), ['1 + 1', '1 + 2', '1 + 4']);
    assert.equal((await exported(limits, 'Figures as CSV')).trim().split('\n').length, 16);
  });

  it('shows what a long prompt leaves', async () => {
    await limits.getByLabel('long prompts').check();
    await visit.run(limits, 'Measure without a prediction');
    assert.match(await textOf(limits), /asked once more[^]*instead of/);
    const rows = await visit.table(limits, /The fastest of five repetitions; the range/);
    assert.deepEqual(column(rows, 'Prompt + new'), ['240 + 1', '240 + 4', '240 + 8', '240 + 16']);
    assert.equal(column(rows, 'prompt’s share')[0], '100 %');
  });

  it('counts caches in memory, and measures one that grows', async () => {
    await limits.getByLabel('memory').check();
    await limits.getByLabel('24 GiB hold').selectOption('about 5');
    await limits.getByRole('button', { name: 'Count', exact: true }).click();
    assert.match(await textOf(limits), /24 GiB hold 5 full sequences of Llama-2-7B[^]*nearest of all/);
    await limits.getByLabel(/^Memory/).selectOption('gpu');
    const rows = await visit.table(limits, /Sequences of a model’s full length/);
    const llama = rows.find(([name]) => name === 'Llama-2-7B')!;
    assert.deepEqual(llama.slice(1, 4), ['2', '5', '11']);
    assert.match(visit.page.url(), /memory:gpu/);
    await visit.run(limits, 'Measure a growing cache');
    const growing = await visit.table(limits, /A token’s time while the cache grows/);
    assert.deepEqual(column(growing, 'Position'), ['0', '64', '128', '256', '512']);
  });

  it('generates several sequences together', async () => {
    await limits.getByLabel('batches').check();
    await visit.run(limits, 'Measure without a prediction');
    const rows = await visit.table(limits, /Steps that give each sequence a token/);
    assert.deepEqual(column(rows, 'Sequences'), ['1', '2', '4', '8', '16']);
    assert.equal(column(rows, 'gain')[0], '1.0×');
    assert.equal(new Set(column(rows, 'weights')).size, 1);
    assert.equal(await alertOf(limits).count(), 0);
  });

  it('fits the window and leaves the console clean', async () => {
    const wide = Number(await visit.page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    assert.ok(wide <= 0, `${wide} px too wide`);
    visit.assertClean();
  });
}
