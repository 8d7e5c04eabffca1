// A model is trained on the page: paused, stopped, resumed after a reload, always to the weights that Node comes to.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { loadModule } from '../lib/library.ts';
import { kTrainedDigest, kTrainedRight } from '../lib/trained.ts';
import { alertOf, column, kFirstLesson, Site, textOf, type Visit } from './site.ts';

const kPhone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const kWays = [
  { name: 'isolated, desktop, light', isolation: true, context: { colorScheme: 'light' as const } },
  { name: 'not isolated, phone, dark', isolation: false, context: { colorScheme: 'dark' as const, ...kPhone } },
];

describe('training on a page', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const way of kWays) describe(way.name, () => describeTraining(() => site, way));

  it('stops during the download, and says what could not be downloaded', async () => {
    const visit = await site.visit({ path: kFirstLesson });
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await visit.page.route('**/train-images-idx3-ubyte.gz', async (route) => {
      await held;
      await route.abort().catch(() => {}); // the page has given it up
    });
    const trainer = visit.page.locator('model-trainer');
    await trainer.scrollIntoViewIfNeeded();
    await trainer.getByText(/Downloads 5\.\d+ MiB of images first/).waitFor();
    await trainer.getByRole('button', { name: 'Train', exact: true }).click();
    await trainer.getByText('downloading the images').waitFor();
    assert.ok((await visit.stop(trainer)) < 1000);
    assert.equal(await alertOf(trainer).count(), 0);

    await trainer.getByRole('button', { name: 'Train', exact: true }).click();
    await trainer.getByText('downloading the images').waitFor();
    release();
    assert.match(await alertOf(trainer).innerText(), /train-images-idx3-ubyte\.gz could not be downloaded/);
    await visit.page.unroute('**/train-images-idx3-ubyte.gz');
    await trainer.getByRole('button', { name: 'Try again' }).click();
    await alertOf(trainer).waitFor({ state: 'hidden' });
    await visit.close();
  });

  it('promises the same bits of exact arithmetic only', async () => {
    const path = `${kFirstLesson}?train=model:mlp;epochs:1;batch:512;rate:0.001;mode:fast;threads:1`;
    const visit = await site.visit({ path });
    const trainer = visit.page.locator('model-trainer');
    await visit.run(trainer, /^Train$/);
    assert.equal(await alertOf(trainer).count(), 0);
    assert.match(await textOf(trainer), /Trained: [\d.]+ % of the test images are right/);
    assert.doesNotMatch(await textOf(trainer), /every other device/); // fast bits are nobody else's
    visit.assertClean();
    await visit.close();
  });
});

function describeTraining(getSite: () => Site, { isolation, context }: (typeof kWays)[number]): void {
  const path = `${kFirstLesson}?train=model:mlp;epochs:3;batch:128;rate:0.001;mode:exact&profile=model:mlp;batch:4;rung:simd;threads:1`;
  let visit: Visit;
  let trainer: Locator;
  before(async () => {
    visit = await getSite().visit({ path, isolation, context });
    trainer = visit.page.locator('model-trainer');
  });
  after(() => visit.close());
  const button = (name: string | RegExp): Locator => trainer.getByRole('button', { name });
  /** Looks more often than Playwright does: a training may last a second. */
  const shows = (pattern: string): Promise<void> =>
    trainer.locator('.card').evaluate(
      (card, text) =>
        new Promise<void>((settle) => {
          const look = () => (new RegExp(text).test(card.textContent ?? '') ? settle() : setTimeout(look, 10));
          look();
        }),
      pattern,
    );

  it('pauses, also for another experiment, resumes and stops', async () => {
    await trainer.scrollIntoViewIfNeeded();
    await trainer.locator('button.primary:enabled').waitFor();
    await button(/^Train$/).focus();
    await visit.page.keyboard.press('Enter');
    await shows('epoch [123] of 3,\\s+batch \\d+ of 79, loss [\\d.]+,\\s+[\\d,]+ images/s');
    // Start and stop replace each other, and the focus follows: it is on Pause now.
    await visit.page.keyboard.press('Enter');
    await trainer.getByText('Paused. Other experiments').waitFor();
    assert.ok((await trainer.locator('polyline.training').count()) === 2);
    await visit.run(visit.page.locator('model-profiler'), 'Profile without a prediction');
    await button('Resume').click();
    await button('Pause').waitFor();
    await shows('After [12] of 3 epochs\\s+[\\d.]+ % of the test images are right');
    assert.ok((await visit.stop(trainer)) < 1000);
    assert.equal(await alertOf(trainer).count(), 0);
    await button(/^Resume after epoch [12]$/).waitFor();
  });

  it('goes on after a reload, to the weights that Node comes to', async () => {
    await visit.page.reload();
    await trainer.scrollIntoViewIfNeeded();
    await trainer.getByText(/[12] of 3 epochs are kept in this browser/).waitFor();
    assert.ok((await trainer.locator('circle.tested').count()) >= 2); // the legend has one
    await visit.run(trainer, /^Resume after epoch/);
    assert.equal(await alertOf(trainer).count(), 0);
    const text = await textOf(trainer);
    assert.match(text, /Trained: 84\.80 % of the test images are right \(1,696 of 2,000\)/);
    assert.ok(text.includes(kTrainedDigest), text);
    const rows = await visit.table(trainer, /MLP, batch 128, learning rate 0\.001, exact, 3 epochs/);
    assert.deepEqual(column(rows, 'Epoch'), ['1', '2', '3']);
    assert.equal(column(rows, 'Digest of the weights')[2], kTrainedDigest);
    assert.deepEqual(
      column(rows, 'Right in the test'),
      kTrainedRight.map((right) => `${(right / 20).toFixed(2)} %`),
    );
    assert.equal(await trainer.locator('svg.chart .tested').count(), 3);
  });

  it('hands out the checkpoint', async () => {
    const file = visit.page.waitForEvent('download');
    await button(/^Download the checkpoint/).click();
    const download = await file;
    assert.equal(download.suggestedFilename(), 'fashion-mlp-3-epochs.safetensors');
    const module = await loadModule('simd', 'models');
    const model = new module.Mlp(Uint8Array.from(readFileSync(await download.path())));
    assert.equal(model.digest(), kTrainedDigest);
    model.delete();
  });

  it('keeps a training for its settings, until it is told to forget it', async () => {
    await trainer.locator('label', { hasText: 'Epochs' }).locator('select').selectOption('2');
    await trainer.getByText(/kept in this browser/).waitFor({ state: 'hidden' });
    assert.equal(await button(/Forget/).count(), 0);
    await trainer.locator('label', { hasText: 'Epochs' }).locator('select').selectOption('3');
    await trainer.getByText('3 of 3 epochs are kept in this browser').waitFor();
    await button('Forget this training').click();
    await button(/Forget/).waitFor({ state: 'hidden' });
    await visit.page.reload();
    await button(/^Train$/).waitFor();
    assert.equal(await button(/^(Resume|Download)/).count(), 0);
  });

  it('fits the window and leaves the console clean', async () => {
    const wide = Number(await visit.page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    assert.ok(wide <= 0, `${wide} px too wide`);
    visit.assertClean();
  });
}
