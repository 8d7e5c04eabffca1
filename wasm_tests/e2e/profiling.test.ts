// Lesson 01 as a student goes through it: every experiment and the checks, on a desktop and a phone, light and dark, isolated or not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { alertOf, column, kFirstLesson, kLesson, Site, stopButton, textOf, type Visit } from './site.ts';

const kQuick =
  '?timer=size:32&profile=model:cnn;batch:4;rung:simd;threads:1&layers=model:cnn;batch:4;rung:simd;threads:1';
const kPhone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const kWays = [
  { name: 'isolated, desktop, light', isolation: true, context: { colorScheme: 'light' as const } },
  { name: 'not isolated, phone, dark', isolation: false, context: { colorScheme: 'dark' as const, ...kPhone } },
];

describe('lesson 01', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const way of kWays) describe(way.name, () => describeLesson(() => site, way));

  it('is where a new student begins', async () => {
    const visit = await site.visit();
    const start = visit.page.getByRole('link', { name: 'Start lesson 01' });
    await start.click();
    await visit.page.getByRole('heading', { level: 1, name: 'Profiling' }).waitFor();
    visit.assertClean();
    await visit.close();
  });

  it('has questions that can be read without JavaScript', async () => {
    const visit = await site.visit({ path: kFirstLesson, context: { javaScriptEnabled: false } });
    const check = visit.page.locator('lesson-check#mad');
    assert.match(await check.innerText(), /What is their median absolute deviation/);
    assert.equal(await check.getByRole('button').count(), 0);
    assert.doesNotMatch(await check.innerText(), /the distances/i);
    await visit.close();
  });

  it('has checks in lesson 02 too', async () => {
    const visit = await site.visit({ path: kLesson });
    const checks = visit.page.locator('lesson-check');
    assert.ok((await checks.count()) >= 4);
    visit.assertClean();
    await visit.close();
  });
});

type Way = (typeof kWays)[number];

function describeLesson(getSite: () => Site, { isolation, context }: Way): void {
  let visit: Visit;
  const element = (name: string): Locator => visit.page.locator(name);
  before(async () => {
    visit = await getSite().visit({ path: kFirstLesson + kQuick, isolation, context });
  });
  after(() => visit.close());

  it('times one product in four ways', async () => {
    const timer = element('timer-demo');
    await timer.scrollIntoViewIfNeeded();
    await timer.getByLabel('which differ least').selectOption('the batches');
    await visit.run(timer, 'Time it');
    assert.equal(await alertOf(timer).count(), 0);
    assert.match(
      await textOf(timer),
      /The clock moves in steps of [\d.]+ (µs|ms)[^]*You predicted one batch: (right|not here)/,
    );
    const rows = await visit.table(timer, /32³ by simd/);
    assert.deepEqual(column(rows, 'Rule'), ['one call', 'mean of 25', 'median of 25', 'one batch']);
    assert.equal(column(rows, 'Figures')[0], '20');
    assert.ok((await timer.locator('svg.chart').count()) === 2);
  });

  it('counts a layer beside the reader', async () => {
    const counter = element('work-counter');
    await counter.scrollIntoViewIfNeeded();
    await counter.getByLabel('Rows B').fill('32');
    await counter.getByLabel('Inputs I').fill('128');
    await counter.getByLabel('FLOPs').fill('82,240');
    await counter.getByLabel('Bytes').fill('1');
    await counter.getByRole('button', { name: 'Compare' }).click();
    await counter.getByText('82,240').first().waitFor();
    assert.match(await textOf(counter), /82,240 FLOPs \(right\),\s*22,824 bytes \(you: 1\)/);
    await counter.getByLabel('Layer').selectOption('attention');
    await counter.getByLabel('Heads of keys').fill('3');
    await counter.getByRole('button', { name: 'Just show it' }).click();
    assert.match(
      await alertOf(counter).innerText(),
      /These settings do not work\. Attention: 3 key heads don't divide 2/,
    );
    await counter.getByRole('button', { name: 'Reset the settings' }).click();
    await alertOf(counter).waitFor({ state: 'hidden' });
  });

  it('profiles a model layer by layer', async () => {
    const profiler = element('model-profiler');
    await profiler.scrollIntoViewIfNeeded();
    await profiler.getByLabel('most of the time goes to').selectOption('conv2');
    await visit.run(profiler, 'Profile the model');
    assert.equal(await alertOf(profiler).count(), 0);
    assert.match(await textOf(profiler), /4 images take [\d.]+ (µs|ms)[^]*You predicted conv2: (right|another layer)/);
    const layers = await visit.table(profiler, /CNN, batch 4/);
    const names = column(layers, 'Layer').map((name) => name.split(/\s/)[0]);
    assert.deepEqual(names, 'conv1 norm1 pool1 conv2 norm2 pool2 flatten linear1 dropout linear2'.split(' '));
    assert.equal(column(layers, 'FLOPs')[3], (4 * 1_806_336).toLocaleString('en'));

    await profiler.getByRole('button', { name: 'FLOPs' }).click();
    assert.equal(await profiler.locator('th[aria-sort=descending]').innerText(), 'FLOPs ▾');
    assert.match(column(await visit.table(profiler, /CNN, batch 4/), 'Layer')[0]!, /^conv2/);
    await profiler.getByRole('button', { name: 'Layer' }).click();

    const spans = profiler.locator('svg.chart .span');
    assert.equal(await spans.count(), 10);
    await visit.page.mouse.move(0, 0); // a bar that scrolls under the pointer would be chosen too
    await spans.nth(3).focus();
    assert.match(await profiler.locator('.detail').innerText(), /^conv2 \(Conv2d, to 4×14×14×32\)/);
    assert.match(await textOf(profiler), /high-water mark of [\d.]+ [KM]iB/);
    assert.match(visit.page.url(), /profile=model:cnn;batch:4;rung:simd;threads:1/);

    const csv = await download(profiler, 'Export as CSV');
    assert.equal(csv.trimEnd().split('\n').length, 11);
    const trace = JSON.parse(await download(profiler, 'Export for chrome://tracing')) as {
      traceEvents: { ph: string }[];
    };
    assert.ok(trace.traceEvents.filter(({ ph }) => ph === 'X').length >= 10);
  });

  it('profiles the language model, whose batch is the tokens of one text', async () => {
    const profiler = element('model-profiler');
    await profiler.getByLabel('Model').selectOption('lm');
    await profiler.getByLabel('Batch').selectOption('16 tokens');
    await profiler.getByLabel('most of the time goes to').selectOption('SelfAttention');
    await visit.run(profiler, 'Profile the model');
    assert.equal(await alertOf(profiler).count(), 0);
    assert.match(
      await textOf(profiler),
      /16 tokens take [\d.]+ (µs|ms)[^]* tokens a second[^]*(The 3 (SelfAttention|SwiGlu) layers together take|classifier takes) \d+ %[^]*You predicted SelfAttention: (right|others)/,
    );
    const layers = await visit.table(profiler, /LM, batch 16/);
    const names = column(layers, 'Layer').map((name) => name.replace(/\s[^]*/, ''));
    assert.equal(names.length, 21);
    assert.deepEqual([names[0], names[3], names.at(-1)], ['embedding', 'layers.0.attention', 'classifier']);
    assert.equal(column(layers, 'FLOPs').at(-1), (16 * 393_216).toLocaleString('en'));
    assert.match(visit.page.url(), /profile=model:lm;batch:16/);
    await profiler.getByLabel('Model').selectOption('cnn');
    await profiler.getByLabel('Batch').selectOption('4 images');
  });

  async function download(from: Locator, button: string): Promise<string> {
    const file = visit.page.waitForEvent('download');
    await from.getByRole('button', { name: button }).click();
    return readFileSync(await (await file).path(), 'utf8');
  }

  it('puts every layer under the roof of this device', async () => {
    const roofline = element('layer-roofline#layers');
    await roofline.scrollIntoViewIfNeeded();
    await roofline.getByLabel('most layers are limited by').selectOption('memory');
    await visit.run(roofline, 'Measure the layers');
    assert.equal(await alertOf(roofline).count(), 0);
    // flatten and dropout calculate nothing.
    assert.equal(await roofline.locator('svg.chart .dot').count(), 8);
    assert.ok((await roofline.locator('svg.chart .roof').count()) >= 2);
    const layers = await visit.table(roofline, 'Layers under the roofline');
    for (const bound of column(layers, 'Limited by')) assert.match(bound, /^(memory|arithmetic|neither).*\d+ %/);
    const conv2 = layers.find(([name]) => name === 'conv2')!;
    assert.ok(Math.abs(Number(conv2[2]) - 43) < 1, `conv2 has ${conv2[2]} FLOP per byte at a batch of 4`);
    await roofline.locator('svg.chart .dot').first().focus();
    assert.match(
      await roofline.locator('.detail').innerText(),
      /The roof above it: [\d.]+ GFLOP\/s, by (memory|arithmetic)/,
    );
  });

  it('follows the layers of the MLP from one image to 256', async () => {
    const sweep = element('layer-roofline#sweep');
    await sweep.scrollIntoViewIfNeeded();
    await visit.run(sweep, 'Measure without a prediction');
    assert.equal(await alertOf(sweep).count(), 0);
    assert.equal(await sweep.locator('svg.chart .dot').count(), 15);
    assert.equal(await sweep.locator('svg.chart .path').count(), 3);
    const batches = await visit.table(sweep, 'The whole model, by batch');
    assert.deepEqual(column(batches, 'Batch'), ['1', '4', '16', '64', '256']);
    assert.match(
      await textOf(sweep),
      /In the largest batch an image takes \d+ % of the time that it takes alone: [\d.]+× (faster|slower)/,
    );
  });

  it('follows the kinds of layers of the language model from one token to 256', async () => {
    const sweep = element('layer-roofline#sweep');
    await sweep.locator('label', { hasText: 'Model' }).locator('select').selectOption('lm');
    await visit.run(sweep, 'Measure without a prediction');
    assert.equal(await alertOf(sweep).count(), 0);
    // A coarse clock may find that a norm takes no time.
    const dots = await sweep.locator('svg.chart .dot').count();
    assert.ok(isolation ? dots === 20 : dots >= 15 && dots <= 20, `${dots} dots`);
    const labels = (await sweep.locator('svg.chart text.layer').allTextContents()).filter(
      (name) => name !== 'RmsNorm ×7',
    );
    assert.deepEqual(labels.sort(), ['SelfAttention ×3', 'SwiGlu ×3', 'classifier']);
    assert.match(await textOf(sweep), /From one token to 256[^]*In the largest batch a token takes \d+ %/);
    assert.equal(column(await visit.table(sweep, 'The whole model, by batch'), 'Per token').length, 5);
  });

  it('steps through a loop nest, and holds its misses against a prediction', async () => {
    const cache = element('cache-simulator#cache-tiny');
    await cache.scrollIntoViewIfNeeded();
    const step = cache.getByRole('button', { name: 'Step', exact: true });
    for (let access = 0; access < 5; ++access) {
      await step.click();
      await cache
        .locator('.last')
        .getByText(`Access ${access + 1}:`)
        .waitFor();
    }
    assert.match(
      await cache.locator('.last').innerText(),
      /^Access 5: A\[4\]\[0\] is read\. Address 128, line 8, set 0: a miss/,
    );
    assert.equal(await cache.locator('.code mark').innerText(), 'A[i][j]');
    assert.deepEqual(await cache.locator('.set').first().locator('.cell').allInnerTexts(), ['A[4][0–3]', 'A[2][0–3]']);
    await cache.getByRole('button', { name: 'To the next miss' }).click();
    await cache.locator('.last').getByText('Access 6:').waitFor();

    await cache.getByLabel('Misses of A').fill('64');
    await cache.getByLabel('Misses of s').fill('1');
    await cache.getByRole('button', { name: 'Run to the end' }).click();
    await cache.locator('.last').getByText('All accesses have been made.').waitFor();
    const arrays = await visit.table(cache, /Misses by array/);
    assert.deepEqual(column(arrays, 'Misses'), ['64', '8']);
    assert.deepEqual(column(arrays, 'Predicted'), ['64', '1']);
    assert.match(await textOf(cache), /exactly[^]*8\.0× too few/);

    await cache.getByLabel('Padding').selectOption('4');
    await cache
      .locator('.last')
      .getByText(/Step through the nest/)
      .waitFor();
    await cache.getByRole('button', { name: 'Run to the end' }).click();
    await cache.locator('.last').getByText('All accesses have been made.').waitFor();
    assert.deepEqual(column(await visit.table(cache, /Misses by array/), 'Misses'), ['28', '8']);
    assert.match(
      visit.page.url(),
      /cache-tiny=nest:column_sum;n:8;block:4;padding:4;cache:128%2F16%2F2|padding:4;cache:128\/16\/2/,
    );
  });

  it('stops a long simulation', async () => {
    const cache = element('cache-simulator#cache-order');
    await cache.scrollIntoViewIfNeeded();
    await cache.getByLabel('n', { exact: true }).selectOption('256');
    await cache.getByRole('button', { name: 'Run without a prediction' }).click();
    await stopButton(cache).waitFor();
    assert.ok((await visit.stop(cache)) < 1000);
    assert.equal(await alertOf(cache).count(), 0);
    await cache.getByLabel('n', { exact: true }).selectOption('32');
    await cache.getByRole('button', { name: 'Run without a prediction' }).click();
    await cache.locator('.last').getByText('All accesses have been made.').waitFor();
    assert.equal(column(await visit.table(cache, /Misses by array/), 'Misses')[1], '32,768');
  });

  it('judges answers, explains them, and remembers them after a reload', async () => {
    const number = element('lesson-check#linear-flops');
    await number.getByRole('textbox').fill('2570');
    await number.getByRole('button', { name: 'Check' }).click();
    assert.match(await number.innerText(), /Not yet\.[^]*|a batch of 1/);
    assert.match(await number.locator('.feedback:visible').innerText(), /that is a batch of 1/i);
    await number.getByRole('textbox').fill('82,240');
    await visit.page.keyboard.press('Enter');
    assert.equal(await number.getByRole('status').innerText(), 'Right.');

    const several = element('lesson-check#robust');
    await several.getByRole('checkbox').nth(0).check();
    await several.getByRole('checkbox').nth(1).check();
    await several.getByRole('button', { name: 'Check' }).click();
    assert.match(await several.getByRole('status').innerText(), /1 of your choices is wrong, 1 right one is missing/);

    const single = element('lesson-check#sets');
    await single.getByRole('radio').nth(1).check();
    await single.getByRole('button', { name: 'Check' }).click();
    const summary = visit.page.locator('check-summary');
    assert.match(await summary.innerText(), /2 of \d+ checks on this page are right/);

    await visit.page.reload();
    await number.getByText('Right.').waitFor();
    assert.equal(await number.getByRole('textbox').inputValue(), '82,240');
    await single.getByText('Right.').waitFor();
    await several.getByText(/is missing/).waitFor();
    assert.match(await summary.innerText(), /2 of \d+ checks/);
    await single.getByRole('button', { name: 'Try again' }).click();
    assert.match(await summary.innerText(), /1 of \d+ checks/);
    await summary.getByRole('button', { name: 'Forget my answers' }).click();
    assert.match(await summary.innerText(), /0 of \d+ checks/);
    assert.equal(await number.getByRole('textbox').inputValue(), '');
  });

  it('fits the window and leaves the console clean', async () => {
    const wide = Number(await visit.page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    assert.ok(wide <= 0, `${wide} px too wide`);
    visit.assertClean();
  });
}
