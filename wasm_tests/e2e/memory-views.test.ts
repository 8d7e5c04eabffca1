// Lesson 03's views of the cache as a student uses them: on a desktop and a phone, light and dark, isolated or not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { alertOf, column, Site, stopButton, textOf, type Visit } from './site.ts';

const kLesson = '/lessons/03-memory/';
const kSettings =
  '?machine=window:8;sinks:2;storage:f32;tokens:24&map=model:tiny;layer:1;head:0;window:0;sinks:0;newest:64' +
  '&policy=model:tiny;window:0;sinks:0;heads:3;cache:f32;weights:f32;tokens:1024;threads:1';
const kPhone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const kWays = [
  { name: 'isolated, desktop, light', isolation: true, context: { colorScheme: 'light' as const } },
  {
    name: 'not isolated, phone, dark',
    isolation: false,
    context: { colorScheme: 'dark' as const, reducedMotion: 'reduce' as const, ...kPhone },
  },
];
type Way = (typeof kWays)[number];

describe('views of the cache', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());
  for (const way of kWays) describe(way.name, () => describeViews(() => site, way));
});

function describeViews(getSite: () => Site, { isolation, context }: Way): void {
  let visit: Visit;
  const element = (name: string): Locator => visit.page.locator(name);
  before(async () => {
    visit = await getSite().visit({ path: kLesson + kSettings, isolation, context });
  });
  after(() => visit.close());

  describeMachine(() => element('cache-time-machine'), 'reducedMotion' in context);
  describeMap(
    () => element('attention-map'),
    () => visit,
  );
  describeExplorer(
    () => element('policy-explorer'),
    () => visit,
  );

  it('leaves the console clean and fits the window', async () => {
    const [wide, room] = await visit.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(wide! <= room!, `${wide} px in ${room}`);
    visit.assertClean();
  });
}

function describeMachine(machine: () => Locator, still: boolean): void {
  it('steps through the ring: writes, evictions, reads', async () => {
    await machine().scrollIntoViewIfNeeded();
    await machine().locator('.slots').waitFor();
    await machine().getByLabel('Position').fill('12');
    assert.match(
      await machine().locator('.now').innerText(),
      /Position 12,.*written to slot 4, where those of position 4,.*evicted.*reads 10 keys and values/s,
    );
    await machine().getByLabel('goes to slot').fill('6');
    await machine().getByRole('button', { name: 'Step', exact: true }).click();
    assert.match(await textOf(machine()), /You said 6; it went to slot 5/);
    const slots = await machine().locator('.slots li').allInnerTexts();
    assert.equal(slots.length, 10);
    assert.match(slots[0]!, /slot 0, sink[^]*position 0[^]*read/);
    assert.match(slots[5]!, /slot 5[^]*position 13, was 5[^]*overwritten, read/);
    assert.equal(await machine().locator('.text').first().locator('li.lost').count(), 4);
  });

  it('counts what a step computes with the cache and without', async () => {
    const rows = await machine().locator('tbody tr').allInnerTexts();
    assert.match(rows[0]!, /with the cache\s+1\s+14\s+1\.13 KiB\s+11\.3 KiB\s+11\.3 KiB/);
    assert.match(rows[1]!, /without\s+14\s+105\s+–\s+–\s+0 B/);
    assert.match(await textOf(machine()), /2 · 3 layers · 3 heads · 16 numbers/);
    assert.equal(await machine().locator('.again li').count(), 14);
  });

  it('follows the policy', async () => {
    await machine().getByLabel('Kept as').selectOption('int8');
    await machine().getByText('360 B').first().waitFor();
    await machine().getByLabel('Window').selectOption('0');
    await machine().getByText('keeps everything').waitFor();
    assert.equal(await machine().locator('.slots li').count(), 24);
    assert.equal(await machine().locator('.slots li.empty').count(), 10);
    assert.match(machine().page().url(), /machine=window:0;sinks:0;storage:int8/);
  });

  it(still ? 'does not play where motion is not wanted' : 'plays', async () => {
    const play = machine().getByRole('button', { name: 'Play' });
    if (still) return assert.equal(await play.count(), 0);
    await play.click();
    await machine().getByText('Position 15,').waitFor();
    await machine().getByRole('button', { name: 'Pause' }).click();
    await play.waitFor();
  });
}

function describeMap(map: () => Locator, visit: () => Visit): void {
  it('shows where a head looks, cell by cell', async () => {
    await map().scrollIntoViewIfNeeded();
    const canvas = map().locator('.map canvas');
    await canvas.waitFor();
    assert.equal(await map().locator('.heads button').count(), 6);
    const last = await map().locator('.detail').innerText();
    assert.match(last, /Position \d+, .* gives [\d.]+ % of its attention to position 0, The: computed in this step/);
    await canvas.focus();
    await canvas.press('ArrowUp');
    assert.match(await map().locator('.detail').innerText(), /without a cache it is computed again/);
    for (let i = 0; i < 3; ++i) await canvas.press('ArrowRight');
    assert.match(await map().locator('.detail').innerText(), /to position 3,/);
  });

  it('has drawn something', async () => {
    const inked = await map()
      .locator('.map canvas')
      .evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length / (width * height);
      });
    assert.ok(inked > 0.4 && inked < 0.6, `${inked} of the map has ink: about the lower half should`);
  });

  it('has rows as tables whose probabilities add up', async () => {
    const rows = await visit().table(map(), /looks: layer 1,\s+head\s+0/);
    const sum = column(rows, 'Probability').reduce((total, text) => total + parseFloat(text), 0);
    assert.ok(Math.abs(sum - 100) < 0.005 * rows.length, `${sum} %`);
    await map().locator('.heads button').nth(3).click();
    await map()
      .getByText(/layer 1,\s+head\s+3/)
      .waitFor();
  });

  it('crosses out what a window evicts, and reads another text', async () => {
    await map().getByLabel('Window').selectOption('4');
    await map().getByText('keeps the latest 4 tokens').waitFor();
    await map().getByLabel('Newest token').fill('10');
    assert.match(await textOf(map()), /computes\s+4 cells[^]*without a cache\s+66/);
    const states = column(await visit().table(map(), /looks: layer 1/), 'Cell');
    assert.deepEqual(states, [...Array<string>(7).fill('evicted'), ...Array<string>(4).fill('this step')]);
    await map().getByLabel('Text', { exact: true }).fill('whale whale whale');
    await map()
      .getByText(/Row [0-5] as a table/)
      .waitFor();
    assert.equal(await alertOf(map()).count(), 0);
  });
}

function describeExplorer(explorer: () => Locator, visit: () => Visit): void {
  const figure = (title: string): Promise<string> =>
    explorer().locator('.tile').filter({ hasText: title }).locator('.figure').innerText();

  it('weighs a policy before it is measured', async () => {
    await explorer().scrollIntoViewIfNeeded();
    await explorer().getByText('288 KiB').waitFor();
    await explorer().getByLabel('Key/value heads').selectOption('1');
    await explorer().getByText('96 KiB').waitFor();
    assert.equal(await figure('Speed'), '–');
    await explorer().getByLabel('Key/value heads').selectOption('3');
  });

  it('measures speed and perplexity, and what a policy costs on the same text', async () => {
    await visit().run(explorer(), 'Measure this policy');
    assert.match(await figure('Speed'), /^[\d,.]+ tokens\/s$/);
    assert.match(await figure('Perplexity'), /^[\d.]+ ± [\d.]+$/);
    await explorer().getByLabel('Key/value heads').selectOption('1');
    await visit().run(explorer(), 'Measure this policy');
    const rows = await visit().table(explorer(), /Policies that were tried/);
    assert.deepEqual(column(rows, 'Policy'), ['everything, f32', 'MQA']);
    assert.deepEqual(column(rows, 'Cache'), ['288 KiB', '96 KiB']);
    const [without, cost] = column(rows, 'More bits per byte');
    assert.equal(without, '–');
    assert.ok(parseFloat(cost!) > 0.1, `means of heads cost ${cost}`);
    assert.ok((await explorer().locator('svg.chart .point').count()) === 2);
    assert.match(visit().page.url(), /policy=model:tiny;window:0;sinks:0;heads:1/);
  });

  it('exports what was measured', async () => {
    const [download] = await Promise.all([
      visit().page.waitForEvent('download'),
      explorer().getByRole('button', { name: 'Export as JSON' }).click(),
    ]);
    const record = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.equal(record.kind, 'cache-policies');
    assert.deepEqual(
      record.points.map(({ name }: { name: string }) => name),
      ['everything, f32', 'MQA'],
    );
    assert.equal(record.points[0].figures.score.tokens, 1024);
    assert.ok(record.points[1].cost.bitsPerByte > 0.1);
  });

  it('stops at once, and keeps what was read by then', async () => {
    await explorer().getByLabel('Text', { exact: true }).selectOption('16384');
    await explorer().getByRole('button', { name: 'Measure this policy' }).click();
    await stopButton(explorer()).waitFor();
    await explorer().locator('.tile').filter({ hasText: 'bits per byte' }).waitFor();
    const waited = await visit().stop(explorer());
    assert.ok(waited < 1000, `${waited} ms`);
    const rows = await visit().table(explorer(), /Policies that were tried/);
    assert.equal(rows.at(-1)!.at(-1), 'stopped');
  });
}
