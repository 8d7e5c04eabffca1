// What goes wrong says what and where, and the page stays usable.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Route } from 'playwright-core';
import { alertOf, kLesson, kQuick, Site, stopButton, textOf, type Visit } from './site.ts';

const kLongRace = '?race=size:512x512x512;rungs:naive,reordered,blocked,packed,simd;threads:1';

const missing = (route: Route) => route.fulfill({ status: 404, body: 'gone' });

/** Passes the true answer on, changed. */
const changed = (change: (body: Buffer) => Buffer) => async (route: Route) => {
  const response = await route.fetch();
  const headers = response.headers();
  delete headers['content-encoding'];
  delete headers['content-length'];
  await route.fulfill({ status: 200, headers, body: change(await response.body()) });
};
const truncated = changed((body) => body.subarray(0, body.length >> 1));
const corrupted = changed((body) => {
  const copy = Buffer.from(body);
  copy[copy.length >> 1]! ^= 1;
  return copy;
});

/** An element loads once it is in view, out of which those above it may push it again while they load: look until it says something. */
async function alertInView(element: Locator): Promise<Locator> {
  const alert = alertOf(element);
  const seen = () =>
    alert.waitFor({ timeout: 1000 }).then(
      () => true,
      () => false,
    );
  for (let second = 0; second < 20; second++) {
    await element.scrollIntoViewIfNeeded();
    if (await seen()) return alert;
  }
  throw new Error('no alert in 20 s');
}

describe('the page survives', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  /** The race still runs. */
  async function assertUsable(visit: Visit): Promise<void> {
    await visit.run(visit.race, 'Run without a prediction');
    assert.match(await textOf(visit.race), /reached [\d.]+ GFLOP\/s/);
    assert.equal(await alertOf(visit.race).count(), 0);
  }

  const broken: [string, string, (route: Route) => Promise<void>, RegExp][] = [
    ['a missing model', '**/*.safetensors', missing, /fashion-mlp\.safetensors.*HTTP 404/],
    ['a truncated model', '**/*.safetensors', truncated, /fashion-mlp\.safetensors has \d+ bytes instead of \d+/],
    ['a corrupted model', '**/*.safetensors', corrupted, /fashion-mlp\.safetensors is corrupted.*SHA-256/],
    ['a truncated image file', '**/t10k-images*', truncated, /t10k-images-idx3-ubyte\.gz has \d+ bytes instead of/],
    ['a corrupted label file', '**/t10k-labels*', corrupted, /t10k-labels-idx1-ubyte\.gz is corrupted.*SHA-256/],
    ['a broken connection', '**/t10k-images*', (route) => route.abort(), /t10k-images.*could not be downloaded/],
  ];
  for (const [what, files, answer, message] of broken) {
    it(what, async () => {
      const visit = await site.visit({ path: kLesson + kQuick, prepare: (page) => page.route(files, answer) });
      const alert = await alertInView(visit.classifier);
      assert.match(await alert.innerText(), message);
      assert.ok(await visit.classifier.getByRole('button', { name: 'Classify all images' }).isDisabled());
      await assertUsable(visit);

      await alert.getByRole('button', { name: 'Try again' }).click();
      await alert.filter({ hasText: message }).waitFor();
      await visit.page.unroute(files);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await alert.waitFor({ state: 'hidden' });
      await visit.run(visit.classifier, 'Classify all images');
      assert.match(await textOf(visit.classifier), /1,8\d\d of 2,000 right \(9\d\.\d\d %\)/);
      await visit.close();
    });
  }

  it('a browser without SharedArrayBuffer', async () => {
    const visit = await site.visit({ initScript: 'delete globalThis.SharedArrayBuffer' });
    assert.match(await visit.badge(), /Relaxed SIMD, one thread\. This browser keeps SharedArrayBuffer switched off/);
    await visit.run(visit.race, 'Run the race');
    assert.match(await textOf(visit.race), /GFLOP\/s/);
    visit.assertClean();
    await visit.close();
  });

  it('a browser without WebAssembly SIMD', async () => {
    const visit = await site.visit({ initScript: 'WebAssembly.validate = () => false' });
    await alertOf(visit.race).waitFor();
    assert.match(await alertOf(visit.race).innerText(), /no WebAssembly SIMD/);
    assert.match(
      await visit.page.locator('build-badge').getByRole('status').innerText(),
      /engine does not run.*no WebAssembly SIMD/,
    );
    assert.ok(await visit.race.getByRole('button', { name: 'Run the race' }).isDisabled());
    visit.assertClean();
    await visit.close();
  });

  it('a threaded build that does not start: one thread, and it says so', async () => {
    const threaded = '**/wasm/relaxed-threads/optlab.wasm';
    const visit = await site.visit({ prepare: (page) => page.route(threaded, missing) });
    assert.match(await visit.badge(), /Relaxed SIMD, one thread\. The threaded build did not start .*HTTP 404/);
    await visit.run(visit.race, 'Run the race');
    await visit.close();
  });

  for (const [what, answer, message] of [
    ['a missing engine', missing, /optlab\.wasm.*HTTP 404/],
    ['a truncated engine', truncated, /optlab\.wasm.*(damaged|downloaded)/],
  ] as const) {
    it(what, async () => {
      const visit = await site.visit({
        path: kLesson + kQuick,
        prepare: (page) => page.route('**/optlab.wasm', answer),
      });
      for (const experiment of [visit.tuner, visit.race, visit.roofline, visit.classifier]) {
        const alert = await alertInView(experiment);
        assert.match(await alert.innerText(), message);
      }
      await visit.page.unroute('**/optlab.wasm');
      await alertOf(visit.race).getByRole('button', { name: 'Try again' }).click();
      await alertOf(visit.race).waitFor({ state: 'hidden' });
      await assertUsable(visit);
      await visit.close();
    });
  }

  it('a worker script that is missing', async () => {
    const script = /engine\.worker.*\.js/;
    const visit = await site.visit({ path: kLesson + kQuick, prepare: (page) => page.route(script, missing) });
    await alertOf(visit.race).waitFor();
    assert.match(await alertOf(visit.race).innerText(), /worker failed.*script could not be loaded/);
    await visit.page.unroute(script);
    await alertOf(visit.race).getByRole('button', { name: 'Try again' }).click();
    await alertOf(visit.race).waitFor({ state: 'hidden' });
    await assertUsable(visit);
    await visit.close();
  });

  for (const isolation of [true, false]) {
    for (const [how, script, message] of [
      ['closes', 'self.close()', /worker died in the middle/],
      ['throws', "setTimeout(() => { throw new Error('struck by lightning') })", /worker failed.*struck by lightning/],
    ] as const) {
      it(`a worker that ${how} in the middle of a race, ${isolation ? '' : 'not '}isolated`, async () => {
        const visit = await site.visit({ path: kLesson + kLongRace, isolation });
        await visit.race.getByRole('button', { name: 'Run without a prediction' }).click();
        await stopButton(visit.race).waitFor();
        await visit.page.waitForTimeout(300);
        const engine = visit.page.workers().find((worker) => worker.url().includes('engine.worker'));
        assert.ok(engine, 'found no worker');
        void engine.evaluate(script).catch(() => {}); // a worker that closes never answers
        await alertOf(visit.race).waitFor();
        assert.match(await alertOf(visit.race).innerText(), message);
        await stopButton(visit.race).waitFor({ state: 'hidden' });

        await visit.race.getByLabel('Size').selectOption('64x64x64');
        await assertUsable(visit);
        await visit.close();
      });
    }
  }

  it('settings in the address that make no sense', async () => {
    for (const race of [
      'size:banana;rungs:turbo;threads:-3',
      'size:99999x99999x99999',
      ';;;:::',
      'size:0x0x0;rungs:naive',
    ]) {
      const visit = await site.visit({ path: `${kLesson}?race=${encodeURIComponent(race)}` });
      const start = visit.race.getByRole('button', { name: 'Run without a prediction' });
      await start.and(visit.page.locator(':enabled')).waitFor();
      if (/99999|0x0/.test(race)) {
        await start.click();
        await alertOf(visit.race).waitFor();
        assert.match(await alertOf(visit.race).innerText(), /settings do not work.*(more than 2147483647|>= 1)/);
        await alertOf(visit.race).getByRole('button', { name: 'Reset the settings' }).click();
        await alertOf(visit.race).waitFor({ state: 'hidden' });
        assert.equal(await visit.race.getByLabel('Size').inputValue(), '512x512x512');
        assert.doesNotMatch(visit.page.url(), /race=/);
      }
      await visit.race.getByLabel('Size').selectOption('64x64x64');
      for (const rung of await visit.race.locator('label.chip').all()) {
        await rung.getByRole('checkbox').setChecked((await rung.innerText()).trim() === 'simd');
      }
      await assertUsable(visit);
      visit.assertClean();
      await visit.close();
    }
  });
});
