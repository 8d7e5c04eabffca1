// The editor by itself, on a page that loads it, under the site's own policy; and in an exercise.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { exerciseFolder } from '../../tools/lib/exercises.ts';
import type { Diagnostic } from '#lab/compiler/diagnostics.ts';
import { kLesson, Site, type Visit, type VisitOptions } from './site.ts';

interface Editor extends HTMLElement {
  value: string;
  diagnostics: Diagnostic[];
  label: string;
  plain: boolean;
  readonly: boolean;
  history: unknown;
  goTo(line: number, column: number): void;
  format(): Promise<void>;
}
type Settings = Partial<Pick<Editor, 'value' | 'diagnostics' | 'label' | 'plain' | 'readonly' | 'history'>>;

const kCode = `#include "exercise.h"

// A row, twice as large: for (;;) "é".
void scale(float* c, int N) {
  for (int i = 0; i < N; ++i) c[i] *= 2.0f;
  int sum = unknwon;
}
`;
const kError: Diagnostic = {
  severity: 'error',
  file: 'kernel.cpp',
  line: 6,
  column: 13,
  range: { from: [6, 13], to: [6, 20] },
  message: "use of undeclared identifier 'unknwon'",
};
const kWarning: Diagnostic = {
  ...kError,
  severity: 'warning',
  column: 7,
  range: null,
  message: "unused variable 'sum'",
};
const kLinker: Diagnostic = { ...kError, file: null, line: 0, column: 0, range: null, message: 'malloc is nowhere' };
const kExercise = '02-acceleration/reordered';
const exerciseFile = (name: string) => readFileSync(join(exerciseFolder(kExercise), name), 'utf8');

/** An editor at the top of a page, which notes its events. */
async function mount(page: Page, settings: Settings): Promise<Locator> {
  await page.evaluate(() => customElements.whenDefined('code-editor').then(() => {}));
  await page.evaluate((given) => {
    document.querySelector('#trial')?.remove();
    const editor = Object.assign(document.createElement('code-editor') as Editor, { id: 'trial' }, given);
    const log: string[] = [];
    editor.addEventListener('code-change', (event) => log.push((event as CustomEvent<string>).detail));
    editor.addEventListener('run', () => log.push('run'));
    Object.assign(editor, { log });
    document.querySelector('.sl-markdown-content')!.prepend(editor);
  }, settings);
  return page.locator('#trial');
}

const change = (editor: Locator, settings: Settings) =>
  editor.evaluate((element, given) => void Object.assign(element, given), settings);
const valueOf = (editor: Locator) => editor.evaluate((element) => (element as Editor).value);
const logOf = (editor: Locator) => editor.evaluate((element) => (element as Editor & { log: string[] }).log);
const content = (editor: Locator) => editor.locator('.cm-content');
const color = (part: Locator, property = 'color') =>
  part.evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);

describe('the editor', () => {
  let site: Site;
  let opened: Visit[] = [];
  before(async () => {
    site = await Site.start();
  });
  afterEach(async () => {
    for (const visit of opened) await visit.close();
    opened = [];
  });
  after(() => site.close());

  async function open(
    settings: Settings,
    options: VisitOptions = {},
  ): Promise<{ page: Page; editor: Locator; visit: Visit }> {
    const visit = await site.visit({ path: kLesson, ...options });
    opened.push(visit);
    return { visit, page: visit.page, editor: await mount(visit.page, settings) };
  }

  it('is styled and coloured by style sheets that the policy allows', async () => {
    const { editor, visit } = await open({ value: kCode, label: 'Scale a row' });
    assert.equal(await editor.locator('style').count(), 0);
    assert.equal(await color(editor.locator('.cm-scroller'), 'display'), 'flex');
    assert.match(await color(editor.locator('.cm-scroller'), 'font-family'), /JetBrains/);
    const line = editor.locator('.cm-line').nth(4);
    const keyword = await color(line.locator('span', { hasText: /^for$/ }));
    const text = await color(line);
    const comment = await color(editor.locator('.cm-line').nth(2).locator('span').first());
    assert.equal(new Set([keyword, text, comment]).size, 3, 'keyword, text and comment look alike');
    assert.equal(await editor.getByRole('textbox', { name: 'Scale a row' }).count(), 1);
    visit.assertClean();
  });

  it("follows the page's light and dark at once", async () => {
    const { page, editor, visit } = await open({ value: kCode });
    const colors = async (theme: string) => {
      await page.evaluate((name) => void (document.documentElement.dataset['theme'] = name), theme);
      const gutter = await color(editor.locator('.cm-gutters'), 'background-color');
      return [gutter, await color(editor.locator('.cm-line span').first())];
    };
    const [dark, light] = [await colors('dark'), await colors('light')];
    assert.notDeepEqual(dark, light);
    assert.deepEqual(await colors('dark'), dark);
    visit.assertClean();
  });

  it('tells what a student typed, and not what the page set', async () => {
    const { editor, page } = await open({ value: kCode });
    await change(editor, { value: 'int a;\r\n' });
    assert.equal(await valueOf(editor), 'int a;\n');
    assert.deepEqual(await logOf(editor), []);
    await content(editor).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('//');
    assert.deepEqual(await logOf(editor), ['/int a;\n', '//int a;\n']);
    await page.keyboard.press('Control+z');
    assert.equal(await valueOf(editor), 'int a;\n');
    await page.keyboard.press('Control+z');
    assert.equal(await valueOf(editor), kCode, 'what the page set can be taken back too');
    await page.keyboard.press('Control+z');
    assert.equal(await valueOf(editor), kCode, 'the first text is the beginning');
  });

  it('takes a whole text as it is pasted', async () => {
    const { editor, page } = await open({ value: kCode });
    for (const text of [exerciseFile('solution.cpp'), 'void f() {\n      int a;\n      }', '\tint b;\n\n\n']) {
      await content(editor).click();
      await page.keyboard.press('ControlOrMeta+a');
      await content(editor).evaluate((element, pasted) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', pasted);
        element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
      }, text);
      assert.equal(await valueOf(editor), text);
      assert.equal((await logOf(editor)).at(-1), text);
    }
  });

  it('underlines messages at their places until the student edits there', async () => {
    const { editor, page, visit } = await open({ value: kCode, diagnostics: [kError, kWarning, kLinker] });
    const under = editor.locator('.cm-lintRange-error');
    assert.equal(await under.innerText(), 'unknwon');
    assert.equal(await editor.locator('.cm-lintRange-warning').innerText(), 'sum');
    assert.equal(await editor.locator('.cm-lint-marker-error').count(), 1);
    const messages = editor.getByRole('list', { name: 'What the compiler says' });
    assert.equal(await messages.getByRole('listitem').count(), 3);
    await under.hover();
    await editor.locator('.cm-tooltip').getByText(kError.message).waitFor();
    // A message leads to its place; an edit elsewhere moves it, an edit on its line ends it.
    await messages.getByRole('button', { name: kError.message }).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Enter');
    assert.equal(await under.innerText(), 'unknwon');
    await messages.getByRole('button', { name: /line 7.*undeclared/s }).click();
    await page.keyboard.type('x');
    assert.match(await valueOf(editor), /int sum = xunknwon/);
    assert.equal(await editor.locator('.cm-lintRange').count(), 0);
    assert.deepEqual(await messages.getByRole('listitem').allInnerTexts(), ['Error\nmalloc is nowhere']);
    visit.assertClean();
  });

  it('is left with Escape and Tab, and indents with Tab', async () => {
    const { editor, page } = await open({ value: kCode });
    const focused = () => editor.evaluate((element) => element.shadowRoot?.activeElement !== null);
    await content(editor).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Tab');
    assert.ok((await valueOf(editor)).startsWith('  #include'));
    assert.equal(await focused(), true);
    await page.keyboard.press('Escape');
    await page.waitForTimeout(2_500); // CodeMirror alone would have forgotten it by now
    await page.keyboard.press('Tab');
    assert.equal(await focused(), false);
    assert.match(await editor.locator('#keys').innerText(), /Escape/);
  });

  it('runs at Ctrl-Enter and finds text, in the page as in the text area', async () => {
    const { editor, page } = await open({ value: kCode });
    await content(editor).click();
    await page.keyboard.press('Control+Enter');
    assert.deepEqual(await logOf(editor), ['run']);
    await page.keyboard.press('Control+f');
    await page.keyboard.type('float');
    assert.equal(await editor.locator('.cm-searchMatch').first().innerText(), 'float');
    await change(editor, { plain: true });
    await editor.locator('textarea').press('Control+Enter');
    assert.deepEqual(await logOf(editor), ['run', 'run']);
    assert.equal(await valueOf(editor), kCode);
  });

  it('keeps text, history and messages when it becomes a text area and back', async () => {
    const { editor, page, visit } = await open({ value: kCode, label: 'Scale', diagnostics: [kError] });
    await content(editor).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('// one\n');
    await change(editor, { plain: true });
    const area = editor.getByRole('textbox', { name: 'Scale' });
    assert.equal(await area.inputValue(), `// one\n${kCode}`);
    await editor.getByRole('button', { name: kError.message }).click();
    assert.equal(
      await area.evaluate((box) => (box as HTMLTextAreaElement).selectionStart),
      7 + kCode.indexOf('unknwon'),
    );
    await page.keyboard.type('x');
    assert.equal((await logOf(editor)).at(-1), `// one\n${kCode.replace('unknwon', 'xunknwon')}`);
    assert.equal(await editor.getByRole('listitem').count(), 0);
    await change(editor, { plain: false });
    await content(editor).click();
    for (let i = 0; i < 9; ++i) await page.keyboard.press('Control+z');
    assert.equal(await valueOf(editor), kCode);
    visit.assertClean();
  });

  it('takes back over a reload what was typed before it, and bears garbage', async () => {
    const { editor, page } = await open({ value: kCode });
    await content(editor).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('// mine\n');
    const saved = await editor.evaluate((element) => {
      const { value, history } = element as Editor;
      return JSON.stringify({ value, history });
    });
    const { value, history } = JSON.parse(saved) as { value: string; history: { text: string; history: unknown } };

    const again = await open({ value, history });
    await content(again.editor).click();
    for (let i = 0; i < 9; ++i) await again.page.keyboard.press('Control+z');
    assert.equal(await valueOf(again.editor), kCode);
    for (let i = 0; i < 9; ++i) await again.page.keyboard.press('Control+y');
    assert.equal(await valueOf(again.editor), value);

    const { done } = history.history as { done: { changes: unknown }[] };
    assert.ok(done.length > 0);
    const broken = {
      ...history,
      history: { done: done.map((event) => ({ ...event, changes: [5, [0, 'x']] })), undone: [] },
    };
    for (const garbage of [null, 3, 'x', [], {}, { text: history.text }, { ...history, history: 7 }, broken]) {
      const editorWith = await mount(again.page, { value, history: garbage });
      await content(editorWith).click();
      await again.page.keyboard.press('Control+z');
      assert.equal(await valueOf(editorWith), value, JSON.stringify(garbage));
    }
    const other = await mount(again.page, { value: 'int other;\n', history });
    await content(other).click();
    await again.page.keyboard.press('Control+z');
    assert.equal(await valueOf(other), 'int other;\n', "another text's history");
    again.visit.assertClean();
  });

  it('formats in the style of this project, and says when it cannot', async () => {
    const messy = 'void  f( float*a ){a [0]=1;}\n';
    const { editor, visit } = await open({ value: messy });
    await editor.evaluate((element) => (element as Editor).format());
    assert.equal(await valueOf(editor), 'void f(float* a) { a[0] = 1; }\n');
    assert.deepEqual(await logOf(editor), ['void f(float* a) { a[0] = 1; }\n']);
    await change(editor, { plain: true });
    await change(editor, { value: messy });
    await editor.evaluate((element) => (element as Editor).format());
    assert.equal(await editor.locator('textarea').inputValue(), 'void f(float* a) { a[0] = 1; }\n');
    visit.assertClean();

    const lost = await open(
      { value: messy },
      { prepare: (page) => page.context().route(/clang-format.*wasm/, (route) => route.abort()) },
    );
    await lost.editor.evaluate((element) => (element as Editor).format());
    assert.match(await lost.editor.getByRole('alert').innerText(), /^Not formatted/);
    assert.equal(await valueOf(lost.editor), messy);
  });

  it('can only be read where it says so', async () => {
    const { editor, page } = await open({ value: kCode, readonly: true });
    await content(editor).click();
    await page.keyboard.type('x');
    await change(editor, { plain: true });
    await editor.locator('textarea').press('x');
    assert.equal(await valueOf(editor), kCode);
    await change(editor, { plain: false, readonly: false });
    await content(editor).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('x');
    assert.equal(await valueOf(editor), `x${kCode}`);
  });

  it('never makes a phone scroll the page sideways', async () => {
    const wide = `// ${'wide '.repeat(80)}\n${kCode}`;
    const { editor, page, visit } = await open(
      { value: wide, diagnostics: [{ ...kError, line: 7, message: `${'long'.repeat(60)} ${kError.message}` }] },
      { context: { viewport: { width: 390, height: 844 } } },
    );
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(await overflow(), 0);
    await editor.locator('.cm-content').click();
    await page.keyboard.press('Control+f');
    assert.equal(await overflow(), 0);
    await change(editor, { plain: true });
    assert.equal(await overflow(), 0);
    visit.assertClean();
  });
});

describe('in an exercise', () => {
  it('undo outlives a reload', async () => {
    const site = await Site.start();
    const visit = await site.visit({ path: kLesson });
    const { page } = visit;
    const editor = page.locator(`code-exercise[exercise="${kExercise}"]`).locator('code-editor');
    await content(editor).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('// mine\n');
    await page.waitForTimeout(1_500); // the code is kept when nothing was typed for a while
    await page.reload();
    await content(editor).click();
    await page.waitForFunction((name) => {
      const exercise = document.querySelector(`code-exercise[exercise="${name}"]`);
      return exercise?.shadowRoot?.querySelector<Editor>('code-editor')?.value.startsWith('// mine\n');
    }, kExercise);
    for (let i = 0; i < 9; ++i) await page.keyboard.press('Control+z');
    assert.equal(await valueOf(editor), exerciseFile('starter.cpp'));
    visit.assertClean();
    await site.close();
  });
});
