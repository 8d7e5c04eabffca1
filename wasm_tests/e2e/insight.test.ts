// What stands beside the editor: what the compiler made of the code, and the comparison with other code.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { exerciseFolder, loadExercise } from '../../tools/lib/exercises.ts';
import { NodeHost } from '../../tools/grade/host.ts';
import type { CompileResult } from '#lab/compiler/compile.ts';
import { exerciseHeader } from '#lab/grading/exercise.ts';
import { kLesson, Site, type Visit } from './site.ts';

const kExercise = '02-acceleration/reordered';
const exerciseFile = (name: string) => readFileSync(join(exerciseFolder(kExercise), name), 'utf8');

describe('what the compiler made of it', () => {
  const [starter, own] = [exerciseFile('starter.cpp'), exerciseFile('solution.cpp')];
  let site: Site;
  let compiled: CompileResult;
  before(async () => {
    const host = new NodeHost();
    const headers = { 'exercise.h': exerciseHeader(loadExercise(kExercise).spec) };
    const options = { source: own, headers, exports: ['matmul'], memoryPages: 256, mode: 'fast' } as const;
    compiled = await host.compile({ ...options, remarks: true, assembly: true });
    host.close();
    site = await Site.start();
  });
  after(() => site.close());

  async function open(width: number): Promise<{ visit: Visit; insight: Locator }> {
    const visit = await site.visit({ path: kLesson, context: { viewport: { width, height: 900 } } });
    const { page } = visit;
    await page.evaluate(() => customElements.whenDefined('code-insight').then(() => {}));
    await page.evaluate(
      (given) => {
        const insight = Object.assign(document.createElement('code-insight'), { id: 'trial' }, given);
        insight.addEventListener('go-to', (event) => {
          document.body.dataset['went'] = JSON.stringify((event as CustomEvent).detail);
        });
        document.querySelector('.sl-markdown-content')!.prepend(insight);
      },
      { remarks: compiled.diagnostics, assembly: compiled.assembly, compiled: own, starter, own, solution: null },
    );
    return { visit, insight: page.locator('#trial') };
  }
  const went = (visit: Visit) => visit.page.evaluate(() => document.body.dataset['went']);
  const overflow = (visit: Visit) =>
    visit.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  it('is told loop by loop, and leads to the source', async () => {
    const { visit, insight } = await open(1280);
    const line = own.slice(0, own.indexOf('c[i * N + j] +=')).split('\n').length;
    const loop = insight.getByRole('listitem').filter({ hasText: `line ${line}:` });
    assert.match(await loop.innerText(), /Vectorized: 4 values at a time/);
    await loop.getByRole('button').first().click();
    assert.equal(await went(visit), JSON.stringify({ line, column: 7 }));
    visit.assertClean();
    await visit.close();
  });

  it('is shown as instructions, inner loops counted and marked', async () => {
    const { visit, insight } = await open(390);
    await insight.getByRole('tab', { name: 'Loops' }).focus();
    await visit.page.keyboard.press('ArrowRight');
    await insight.getByRole('tab', { name: 'Instructions', selected: true }).waitFor();
    assert.match(await insight.getByRole('combobox').innerText(), /^matmul: \d+ instructions, \d+ SIMD$/);
    const titles = await insight.locator('.asm li.title').allInnerTexts();
    const rows = insight.locator('tbody tr');
    assert.equal(titles.length, await rows.count());
    const vectors = titles.findIndex((title) => /[1-9]\d* of them SIMD/.test(title));
    assert.notEqual(vectors, -1);
    const [, instructions, simd] = /(\d+) instructions, (\d+) of them SIMD/.exec(titles[vectors] ?? '') ?? [];
    const cells = await rows.nth(vectors).locator('td').allInnerTexts();
    assert.deepEqual(cells.slice(1, 3), [instructions, simd]);
    const shown = insight.locator('.asm li.inner:not(.title)').filter({ has: visit.page.locator('.simd') });
    assert.ok((await shown.count()) >= Number(simd));
    await rows.nth(vectors).getByRole('button', { name: /^loop/ }).click();
    await insight.locator('.asm li.title').nth(vectors).isVisible();
    assert.equal(await overflow(visit), 0);
    visit.assertClean();
    await visit.close();
  });

  it('is compared with the starter, and with the solution once that is revealed', async () => {
    for (const width of [1280, 390]) {
      const { visit, insight } = await open(width);
      await insight.getByRole('tab', { name: 'Compare' }).click();
      const diff = insight.locator('code-diff');
      await diff.locator('.cm-content').first().waitFor();
      assert.equal(await diff.locator('.cm-editor').count(), width === 1280 ? 2 : 1);
      assert.match(await diff.getByRole('status').innerText(), /differ in .* The solution is not revealed yet/);
      assert.equal(await diff.locator('option:disabled').count(), 2);
      await insight.evaluate((element, text) => void Object.assign(element, { solution: text }), own);
      await diff.getByRole('combobox').selectOption({ label: 'your code and the solution' });
      await diff.getByText('They are the same.').waitFor();
      assert.equal(await overflow(visit), 0);
      visit.assertClean();
      await visit.close();
    }
  });
});
