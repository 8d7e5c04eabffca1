// The three experiments of lesson 02 and the home page, with and without isolation.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { alertOf, column, kLesson, kQuick, Site, stopButton, textOf, type Visit } from './site.ts';

interface RaceExport {
  kind: string;
  schema: number;
  recorded: string;
  browser: string;
  engine: { build: { build: string } };
  options: { m: number; variants: string[]; threads: number };
  lanes: { name: string; statistics: { count: number; median: number } }[];
  blocking: { depth: number; rows: number; columns: number };
  memory: { scratch: number; packed: number };
  digests: string[];
  samples: number[][];
  stopped: boolean;
}

describe('the site', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const isolation of [true, false]) {
    describe(isolation ? 'isolated' : 'not isolated', () => describeSite(() => site, isolation));
  }

  it('is light or dark as the reader wants', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      for (const path of ['/', kLesson]) {
        const visit = await site.visit({ path, context: { colorScheme: scheme } });
        const [paper, ink] = await Promise.all(['backgroundColor', 'color'].map((style) => brightness(visit, style)));
        if (scheme === 'light') assert.ok(paper! > 0.85 && ink! < 0.4, `${path}: paper ${paper}, ink ${ink}`);
        else assert.ok(paper! < 0.25 && ink! > 0.6, `${path}: paper ${paper}, ink ${ink}`);
        await visit.close();
      }
    }
  });

  it('fits a phone', async () => {
    for (const path of ['/', kLesson + kQuick]) {
      const visit = await site.visit({ path, context: { viewport: { width: 390, height: 844 }, hasTouch: true } });
      await visit.run(visit.race, path === '/' ? 'Run the race' : 'Run without a prediction');
      if (path !== '/') await visit.table(visit.race, /64×64×64/);
      assert.equal(await visit.page.evaluate('document.documentElement.scrollWidth'), 390, path);
      visit.assertClean();
      await visit.close();
    }
  });

  it('runs by the keyboard alone', async () => {
    // What has the focus, inside of shadows too, and the last tag on the way there.
    const focused = `(() => {
      let [element, host] = [document.activeElement, ''];
      while (element?.shadowRoot?.activeElement) [element, host] = [element.shadowRoot.activeElement, element.id || element.localName];
      return host + ': ' + (element?.textContent?.trim() ?? '');
    })()`;
    for (const [path, first, wanted, again] of [
      ['/', null, 'kernel-race: Run the race', 'kernel-race: Run again'],
      [kLesson + kQuick, 'Size', 'race: Run without a prediction', 'race: Run without a prediction'],
    ] as const) {
      const visit = await site.visit({ path });
      const start = visit.race.getByRole('button', { name: wanted.split(': ')[1]! });
      await start.and(visit.page.locator(':enabled')).waitFor();
      if (first !== null) await visit.race.getByLabel(first).focus();
      for (let tabs = 0; (await visit.page.evaluate(focused)) !== wanted; ++tabs) {
        assert.ok(tabs < 50, `${path}: Tab does not reach the button`);
        await visit.page.keyboard.press('Tab');
      }
      await visit.page.keyboard.press('Enter');
      await stopButton(visit.race).waitFor();
      assert.match(String(await visit.page.evaluate(focused)), /: Stop$/);
      await stopButton(visit.race).waitFor({ state: 'hidden' });
      await visit.page.waitForFunction(`${focused} === '${again}'`);
      assert.match(await textOf(visit.race), /computed the same bits/);
      visit.assertClean();
      await visit.close();
    }
  });
});

/** With ordinary spaces. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

/** 0 (black) to 1 (white) of a colour of the body. */
async function brightness(visit: Visit, style: string): Promise<number> {
  const color = String(await visit.page.evaluate(`getComputedStyle(document.body).${style}`));
  const parts = /rgba?\((\d+), (\d+), (\d+)/.exec(color);
  assert.ok(parts, color);
  return (0.2126 * Number(parts[1]) + 0.7152 * Number(parts[2]) + 0.0722 * Number(parts[3])) / 255;
}

function describeSite(getSite: () => Site, isolation: boolean): void {
  it('says which build runs and why', async () => {
    const visit = await getSite().visit({ isolation });
    assert.match(
      await visit.badge(),
      isolation
        ? /Relaxed SIMD \+ threads \(\d+\)\. This page is cross-origin isolated/
        : /Relaxed SIMD, one thread\. This page is not cross-origin isolated .*one thread/,
    );
    await visit.run(visit.race, 'Run the race');
    assert.match(await textOf(visit.race), /reached [\d.]+ GFLOP\/s, [\d.]+× as fast as naive/);
    visit.assertClean();
    await visit.close();
  });

  describe('in lesson 02', () => {
    let visit: Visit;
    before(async () => {
      visit = await getSite().visit({ path: kLesson + kQuick, isolation });
    });
    after(() => visit.close());

    it('races: prediction, bars, table, equal digests, export', async () => {
      await visit.race.getByLabel('Fastest').selectOption('simd');
      await visit.race.getByLabel('times faster').selectOption('10');
      await visit.run(visit.race, 'Run the race');
      assert.equal(await alertOf(visit.race).count(), 0);
      const text = await textOf(visit.race);
      assert.match(text, /You predicted simd at about 10×: the right rung/);
      assert.match(text, /Both exact rungs computed the same bits/);

      assert.match(visit.page.url(), /race=size:64x64x64;rungs:naive,simd;threads:\d/);

      const table = await visit.table(visit.race, /64×64×64/);
      assert.deepEqual(column(table, 'Rung'), ['naive', 'simd']);
      for (const rate of column(table, 'GFLOP/s')) assert.ok(Number(rate) > 0.01, rate);
      for (const count of column(table, 'Samples')) assert.ok(Number(count) >= 1, count);
      const digests = column(table, 'Digest');
      assert.match(digests[0]!, /^[0-9a-f]{16}$/);
      assert.equal(digests[1], digests[0]);

      const download = visit.page.waitForEvent('download');
      await visit.race.getByRole('button', { name: 'Export as JSON' }).click();
      const record = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as RaceExport;
      assert.equal(record.kind, 'gemm-race');
      assert.equal(record.schema, 1);
      assert.ok(Math.abs(Date.parse(record.recorded) - Date.now()) < 60_000, record.recorded);
      assert.match(record.browser, /^Chrome \d+$/);
      assert.equal(record.engine.build.build, isolation ? 'relaxed-threads' : 'relaxed');
      assert.deepEqual(record.options.variants, ['naive', 'simd']);
      assert.equal(record.options.m, 64);
      assert.deepEqual(record.digests, digests);
      assert.deepEqual(record.blocking, { depth: 512, rows: 48, columns: 512 });
      assert.ok(record.memory.scratch > 0 && record.memory.packed === 0, JSON.stringify(record.memory));
      assert.deepEqual(
        record.samples.map(({ length }) => length),
        record.lanes.map(({ statistics }) => statistics.count),
      );
    });

    it('races prepacked weights to the same bits', async () => {
      const race = visit.page.locator('#race-prepacked');
      await race.getByLabel('Size').selectOption('64x64x64');
      await visit.run(race, 'Run without a prediction');
      assert.equal(await alertOf(race).count(), 0);
      assert.match(await textOf(race), /Both exact rungs computed the same bits/);
      const table = await visit.table(race, /64×64×64/);
      assert.deepEqual(column(table, 'Rung'), ['simd', 'simd_prepacked']);
      assert.match(
        await race.locator('.memory').innerText(),
        /Scratch memory: \S+ \S+ at most\. B packed beforehand: 16 KiB at most\./,
      );
      // The roofline shows the last race.
      await visit.run(visit.race, 'Run the race');
    });

    it('races integers against floats', async () => {
      const race = visit.page.locator('#race-int8');
      await race.getByLabel('Size').selectOption('64x64x64');
      await visit.run(race, 'Run without a prediction');
      assert.equal(await alertOf(race).count(), 0);
      assert.match(await textOf(race), /All 3 integer rungs computed the same sums/);
      const table = await visit.table(race, /64×64×64/);
      assert.deepEqual(column(table, 'Rung'), ['relaxed_prepacked', 'int8_wide', 'int8_dot', 'int8_fused']);
      assert.deepEqual(column(table, 'Mode'), ['fast', 'int8', 'int8', 'int8']);
      await visit.run(visit.race, 'Run the race'); // the roofline shows the last race
    });

    it('measures block sizes, uses the best and goes back', async () => {
      const inUse = visit.tuner.locator('.in-use');
      assert.match(plain(await inUse.innerText()), /In use: 512 × 48 × 512, the default\./);
      await visit.run(visit.tuner, 'Measure the block sizes');
      assert.equal(await alertOf(visit.tuner).count(), 0);
      const table = await visit.table(visit.tuner, /768³ by the fastest rung/);
      const sizes = column(table, 'Depth × rows × columns').map(plain);
      assert.equal(sizes.length, 8);
      for (const rate of column(table, 'GFLOP/s')) assert.ok(Number(rate) > 0.01, rate);
      for (const interval of column(table, '95 % interval')) assert.match(interval, /^[\d.]+ … [\d.]+/);
      const used = sizes.filter((size) => size.startsWith('✓')).map((size) => size.slice(1).trim());
      assert.equal(used.length, 1, sizes.join());
      assert.match(plain(await inUse.innerText()), new RegExp(`In use: ${used[0]}, (the default|measured here)`));
      assert.match(
        plain(await textOf(visit.tuner)),
        /(No other size was clearly faster than|\d % faster than) the default/,
      );

      await visit.run(visit.race, 'Run the race');
      await visit.table(visit.race, /64×64×64/); // opens it
      assert.match(plain(await visit.race.locator('.memory').innerText()), new RegExp(`^Blocks: ${used[0]}\\.`));
      const back = visit.tuner.getByRole('button', { name: 'Back to the default' });
      if (used[0] !== '512 × 48 × 512') await back.click();
      await back.waitFor({ state: 'hidden' });
      assert.match(plain(await inUse.innerText()), /512 × 48 × 512, the default/);
    });

    it('draws the roofline with a dot for each rung of the race', async () => {
      await visit.run(visit.roofline, 'Measure this device');
      assert.equal(await alertOf(visit.roofline).count(), 0);
      assert.equal(await visit.roofline.locator('svg.chart .dot').count(), 2);
      assert.ok((await visit.roofline.locator('svg.chart .roof').count()) >= 2);
      const limits = await visit.table(visit.roofline, 'Measured limits');
      const threads = new Set(column(limits, 'Threads'));
      assert.equal(threads.size, isolation ? 2 : 1);
      for (const value of column(limits, 'Value')) assert.ok(Number.parseFloat(value) > 0.01, value);
      assert.deepEqual(column(await visit.table(visit.roofline, 'Rungs'), 'Rung'), ['naive', 'simd']);
      // Now that the limits are known, the race's table has shares of them.
      for (const share of column(await visit.table(visit.race, /64×64×64/), 'Of peak')) {
        assert.ok(Number.parseFloat(share) > 0 && Number.parseFloat(share) < 150, share);
      }
    });

    it('classifies real images, the same by every rung', async () => {
      await visit.classifier.scrollIntoViewIfNeeded();
      await visit.classifier.locator('canvas').first().waitFor();
      for (const rung of await visit.classifier.locator('label.chip').all()) {
        const wanted = /^(packed|simd|relaxed)$/.test((await rung.innerText()).trim());
        await rung.getByRole('checkbox').setChecked(wanted);
      }
      await visit.run(visit.classifier, 'Classify all images');
      assert.equal(await alertOf(visit.classifier).count(), 0);
      assert.match(
        await textOf(visit.classifier),
        /A packed copy of the weights: 9\d\d KiB at most\. Scratch memory: /,
      );
      const chips = await visit.classifier.locator('label.chip').allInnerTexts();
      assert.ok(!chips.some((rung) => rung.includes('prepacked')), chips.join());
      const table = await visit.table(visit.classifier, '784-256-128-10');
      assert.deepEqual(column(table, 'Rung'), ['packed', 'simd', 'relaxed']);
      const right = column(table, 'Right').map(Number.parseFloat);
      assert.ok(right[0]! > 80, `${right[0]} % are right`);
      assert.deepEqual(right, [right[0], right[0], right[0]]);
      const digests = column(table, 'Digest');
      assert.equal(digests[0], digests[1]);
      assert.notEqual(digests[2], digests[0], 'fused logits have other bits');
      assert.match(await textOf(visit.classifier), /All 3 rungs give the same prediction for every image/);

      assert.match(await textOf(visit.classifier), /1,8\d\d of 2,000 right \(9\d\.\d\d %\)/);
      const [previous, next] = ['Previous images', 'Next images'].map((name) =>
        visit.classifier.getByRole('button', { name }),
      );
      const position = visit.classifier.locator('.position');
      assert.equal(await position.innerText(), '1–36 of 2,000');
      assert.ok(await previous!.isDisabled());
      await next!.click();
      assert.equal(await position.innerText(), '37–72 of 2,000');
      await previous!.click();
      await visit.classifier.getByLabel('only mistakes').check();
      assert.match(await position.innerText(), /^1–36 of 1\d\d$/);
      while (await next!.isEnabled()) await next!.click();
      assert.match(await position.innerText(), /^\d+–(\d+) of \1$/);
      await visit.classifier.getByLabel('only mistakes').uncheck();

      await visit.classifier.locator('button.image').nth(3).click();
      const scores = visit.classifier.locator('.scores .number');
      await scores.first().waitFor();
      const sum = (await scores.allInnerTexts()).reduce((total, score) => total + Number.parseFloat(score), 0);
      assert.ok(Math.abs(sum - 100) < 1, `class scores add up to ${sum} %`);
    });

    it('leaves the console clean and asks no other host', () => {
      visit.assertClean();
      const files = visit.requests.map((url) => new URL(url).pathname);
      for (const wanted of ['optlab.wasm', 'fashion-mlp.safetensors', 't10k-images-idx3-ubyte.gz']) {
        assert.ok(
          files.some((file) => file.endsWith(wanted)),
          `saw no request for ${wanted}`,
        );
      }
    });
  });

  it('stops measuring block sizes within a second, and changes none', async () => {
    const visit = await getSite().visit({ path: kLesson + kQuick, isolation });
    await visit.tuner.scrollIntoViewIfNeeded();
    await visit.tuner.getByRole('button', { name: 'Measure the block sizes' }).click();
    await stopButton(visit.tuner).waitFor();
    await visit.page.waitForTimeout(600);
    const took = await visit.stop(visit.tuner);
    assert.ok(took < 1000, `stopping took ${Math.round(took)} ms`);
    assert.match(
      plain(await textOf(visit.tuner)),
      /Stopped early: nothing was changed\.[^]*In use: 512 × 48 × 512, the default/,
    );
    await visit.run(visit.race, 'Run without a prediction');
    assert.equal(await alertOf(visit.race).count(), 0);
    visit.assertClean();
    await visit.close();
  });

  it('stops within a second, whatever runs', async () => {
    // In the middle of a call that takes seconds: only ending the worker helps. And between short calls of rungs too slow to settle early.
    const races = ['size:1024x1024x1024;rungs:naive', 'size:512x512x512;rungs:naive,reordered,blocked,packed'];
    for (const race of races.map((settings) => `${settings};threads:1`)) {
      const visit = await getSite().visit({ path: `${kLesson}?race=${race}`, isolation });
      await visit.race.getByRole('button', { name: 'Run without a prediction' }).click();
      await stopButton(visit.race).waitFor();
      await visit.page.waitForTimeout(600);
      if (race.includes('1024')) assert.match(await textOf(visit.race), /measuring naive…/);
      const took = await visit.stop(visit.race);
      assert.ok(took < 1000, `stopping took ${Math.round(took)} ms`);
      assert.match(await textOf(visit.race), /Stopped early/);
      const measured = !(await textOf(visit.race)).includes('Nothing was measured');
      const exports = visit.race.getByRole('button', { name: 'Export as JSON' });
      assert.equal(await exports.count(), measured ? 1 : 0);

      await visit.race.getByLabel('Size').selectOption('64x64x64');
      await visit.run(visit.race, 'Run without a prediction');
      assert.match(await textOf(visit.race), /reached [\d.]+ GFLOP\/s/);
      assert.equal(await alertOf(visit.race).count(), 0);
      visit.assertClean();
      await visit.close();
    }
  });
}
