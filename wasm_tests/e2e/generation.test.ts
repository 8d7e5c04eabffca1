// A language model writes on the page: with the cache and without, stopped, offended, and from a checkpoint of the reader's.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { kExactDecoder, kGreedy } from '#lab/generation.ts';
import { loadModule, readLm, readTokenizer } from '../lib/library.ts';
import { llama2c } from '../lib/llama2c.ts';
import { alertOf, Site, textOf } from './site.ts';

const kMemoryLesson = '/lessons/03-memory/';
const kPhone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const kWays = [
  { name: 'isolated, desktop, light', isolation: true, context: { colorScheme: 'light' as const } },
  { name: 'not isolated, phone, dark', isolation: false, context: { colorScheme: 'dark' as const, ...kPhone } },
];
const kSettings = '?generate=model:tiny;count:64;temperature:0;topP:1';

/** What Node writes with the same settings. */
async function expected(count: number): Promise<string> {
  const lms = await loadModule('simd', 'lm');
  const model = new lms.Lm(readLm());
  const tokenizer = new lms.Tokenizer(readTokenizer());
  const decoder = new lms.Decoder(model, kExactDecoder);
  const run = new lms.Generation(decoder, tokenizer, {
    ...kGreedy,
    cached: true,
    prompt: tokenizer.encode('Call me'),
    count,
    repetitionWindow: 64,
    stopTokens: new Int32Array(),
    stopTexts: [],
    shift: false,
  });
  let text = '';
  while (!run.done()) text += run.step().text;
  for (const handle of [run, decoder, tokenizer, model]) handle.delete();
  return text;
}

const textsOf = (race: Locator): Promise<string[]> => race.locator('.lane .text').allInnerTexts();
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

describe('a language model writes on a page', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const { name, isolation, context } of kWays) {
    it(`the same text with and without the cache, which is Node’s: ${name}`, async () => {
      const visit = await site.visit({ path: kMemoryLesson + kSettings, isolation, context });
      const race = visit.page.locator('token-race');
      await race.getByLabel(/Predict/).selectOption({ index: 3 });
      await visit.run(race, 'Write');
      const shown = await textOf(race);
      assert.match(shown, /as fast with the cache: 3 \+ 64 tokens in/);
      assert.match(shown, /Both wrote the same text/);
      assert.match(shown, /You predicted/);
      const wanted = flat(`Call me${await expected(64)}`);
      for (const text of await textsOf(race)) assert.equal(flat(text), wanted);
      const table = await visit.table(race, /Time of a token/);
      assert.equal(table[0]?.[0], 'Position');
      assert.equal(table.at(-1)?.[0], '66');
      assert.equal(table.at(-1)?.at(-1), '0 B'); // without the cache nothing is kept
      const [width, seen] = await visit.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width! <= seen!, `${width} px of page in a window of ${seen}`);
      visit.assertClean();
      await visit.close();
    });
  }

  it('writes beyond the model’s positions until it is stopped', async () => {
    const visit = await site.visit({ path: `${kMemoryLesson}?endless=window:16;sinks:1` });
    const endless = visit.page.locator('endless-text');
    await endless.getByRole('button', { name: 'Write on and on' }).click();
    const lanes = endless.locator('.lane');
    const written = async (): Promise<number> =>
      Number((await lanes.nth(1).locator('dd').first().innerText()).replaceAll(',', ''));
    await visit.page.waitForFunction(() => {
      const lane = document.querySelector('endless-text')?.shadowRoot?.querySelectorAll('.lane')[1];
      return Number(lane?.querySelector('dd')?.textContent?.replaceAll(',', '') ?? 0) > 1500;
    });
    assert.ok((await visit.stop(endless)) < 1500);
    assert.ok((await written()) > 1500);
    assert.match(await lanes.nth(0).innerText(), /The model’s positions are full/);
    assert.doesNotMatch(await lanes.nth(1).innerText(), /positions are full/);
    assert.equal(await alertOf(endless).count(), 0);
    visit.assertClean();
    await visit.close();
  });

  it('stops between two tokens, and keeps what there is', async () => {
    const visit = await site.visit({ path: `${kMemoryLesson}?generate=count:240` });
    const race = visit.page.locator('token-race');
    await race.getByRole('button', { name: 'Write without a prediction' }).click();
    await race.locator('.lane').first().waitFor();
    assert.ok((await visit.stop(race)) < 1500);
    assert.match(await textOf(race), /Stopped early/);
    assert.equal(await alertOf(race).count(), 0);
    visit.assertClean();
    await visit.close();
  });

  it('takes a checkpoint of the reader’s, with its tokenizer and without', async () => {
    const visit = await site.visit({ path: kMemoryLesson });
    const race = visit.page.locator('token-race');
    await open(race);
    await give(race, [{ name: 'mine.bin', mimeType: '', buffer: Buffer.from(llama2c()) }]);
    await race.getByText('no tokenizer: it writes token numbers').waitFor();
    await race.getByLabel('New tokens').selectOption('64');
    await visit.run(race, 'Write without a prediction');
    assert.match(flat((await textsOf(race))[0]!), /^\d+( \d+){15}$/);
    // Sixteen positions, one of them the prompt's; what the last one gives is never read.
    assert.match(await textOf(race), /The model’s positions are full/);
    visit.assertClean();

    await give(race, [{ name: 'tokenizer.bin', mimeType: '', buffer: Buffer.from('not one') }]);
    await race.getByRole('button', { name: 'Write without a prediction' }).click();
    assert.match(await alertOf(race).innerText(), /The tokenizer ends after 0 of the model's 260 tokens/);
    await visit.close();
  });

  it('says what is wrong with a checkpoint, and goes on', async () => {
    const visit = await site.visit({ path: kMemoryLesson + kSettings });
    const race = visit.page.locator('token-race');
    await open(race);
    await give(race, [{ name: 'holiday.bin', mimeType: '', buffer: Buffer.alloc(5000, 7) }]);
    await race.getByRole('button', { name: 'Write without a prediction' }).click();
    assert.match(await alertOf(race).innerText(), /Data could not be used/);
    await race.getByLabel('Model').selectOption('tiny');
    await visit.run(race, 'Write without a prediction');
    assert.equal(await alertOf(race).count(), 0);
    assert.match(await textOf(race), /Both wrote the same text/);
    await visit.close();
  });
});

async function open(race: Locator): Promise<void> {
  await race.scrollIntoViewIfNeeded();
  await race.getByRole('button', { name: 'Write without a prediction' }).isEnabled();
  await race.getByText('More settings, or a checkpoint of your own').click();
}

function give(race: Locator, files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
  return race.locator('input[type=file]').setInputFiles(files);
}
