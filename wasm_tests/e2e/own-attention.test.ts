// A student's attention, append and slots from the editor into the language model.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exerciseFolder } from '../../tools/lib/exercises.ts';
import { Site, textOf, type Visit } from './site.ts';

const kPath = '/lessons/03-memory/?own-attention=policy:window;count:32&generate=model:tiny;count:16';
/** Loading the compiler on a busy machine. */
const kLoadLimitMs = 120_000;

/** Writes the solution of an exercise into its editor and runs it. */
async function solve(visit: Visit, id: string): Promise<void> {
  const name = `03-memory/${id}`;
  const exercise = visit.page.locator(`code-exercise[exercise="${name}"]`);
  await exercise.scrollIntoViewIfNeeded();
  const run = exercise.getByRole('button', { name: 'Run', exact: true });
  const enable = exercise.getByRole('button', { name: /Enable the compiler/ });
  await run.or(enable).first().waitFor();
  if (await enable.isVisible()) await enable.click();
  await run.waitFor({ timeout: kLoadLimitMs });
  await exercise.locator('code-editor').evaluate((element) => (element as HTMLElement).focus());
  await visit.page.keyboard.press('ControlOrMeta+a');
  await visit.page.keyboard.insertText(readFileSync(join(exerciseFolder(name), 'solution.cpp'), 'utf8'));
  await run.click();
  await exercise
    .locator('.results')
    .getByText(/points/)
    .first()
    .waitFor({ timeout: kLoadLimitMs });
}

describe('the reader’s own code in the language model', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const isolation of [true, false]) {
    it(`writes what the library writes, ${isolation ? 'isolated' : 'not isolated'}`, async () => {
      const visit = await site.visit({ path: kPath, isolation });
      const own = visit.page.locator('own-attention');
      await own.scrollIntoViewIfNeeded();
      assert.match(await textOf(own), /attend, not yet: pass its exercise first/);
      assert.equal(await own.getByRole('button', { name: /Write/ }).count(), 0);

      for (const id of ['incremental-attention', 'kv-append', 'sliding-window']) await solve(visit, id);
      await own.scrollIntoViewIfNeeded();
      await own.getByRole('button', { name: 'Write with your code' }).and(visit.page.locator(':enabled')).click();
      await own.locator('.verdict').waitFor({ timeout: kLoadLimitMs });
      const text = await textOf(own);
      assert.match(text, /The same tokens: at each of 32 positions/);
      assert.match(text, /with your attend, kv_append, slot_of\s+[\d,.]+ tokens\/s/);
      assert.match(text, /largest difference of a logit, of the largest logit\s+\d[\d.e-]* of \d/);
      assert.ok((await own.locator('.text').innerText()).length > 'Call me'.length + 32);

      const race = visit.page.locator('token-race');
      await visit.run(race, 'Write without a prediction');
      const lanes = race.locator('.lane');
      assert.deepEqual(await lanes.locator('h4').allInnerTexts(), ['with the cache', 'without', 'with your attention']);
      const texts = await lanes.locator('.text').allInnerTexts();
      assert.equal(texts[2], texts[0]);
      visit.assertClean();
      await visit.close();
    });
  }
});
