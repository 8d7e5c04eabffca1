// A student's way through an exercise, from a cold cache, with and without isolation.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import type { Locator } from 'playwright-core';
import { column, kLesson, kQuick, Site, type Visit, type VisitOptions } from './site.ts';

const kRoot = join(import.meta.dirname, '../..');
const kName = '02-acceleration/reordered';
const read = (file: string) => readFileSync(join(kRoot, 'lessons/02-acceleration/exercises/reordered', file), 'utf8');
const [starter, solution] = [read('starter.cpp'), read('solution.cpp')];
/** Loading the compiler on a busy machine. */
const kLoadLimitMs = 120_000;

/** An open lesson with its exercise. */
class Student {
  readonly visit: Visit;
  readonly exercise: Locator;

  constructor(visit: Visit) {
    this.visit = visit;
    this.exercise = visit.page.locator(`code-exercise[exercise="${kName}"]`);
  }

  static async open(site: Site, options: VisitOptions = {}): Promise<Student> {
    const student = new Student(await site.visit({ path: kLesson, ...options }));
    await student.exercise.scrollIntoViewIfNeeded();
    return student;
  }

  button(name: string | RegExp): Locator {
    return this.exercise.getByRole('button', { name });
  }
  get runButton(): Locator {
    return this.exercise.getByRole('button', { name: 'Run', exact: true });
  }
  get editor(): Locator {
    return this.exercise.locator('code-editor');
  }
  code(): Promise<string> {
    return this.editor.evaluate((element) => (element as unknown as { value: string }).value);
  }

  async enable(): Promise<void> {
    await this.button(/Enable the compiler \(\d+\.\d MB once/).click();
    await this.runButton.waitFor({ timeout: kLoadLimitMs });
  }

  /** Replaces all code, as somebody who pastes it. */
  async write(code: string): Promise<void> {
    await this.editor.evaluate((element) => (element as HTMLElement).focus());
    await this.visit.page.keyboard.press('ControlOrMeta+a');
    await this.visit.page.keyboard.insertText(code);
    assert.equal(await this.code(), code);
  }

  /** Starts a run (by its button, or otherwise) and waits for its end: what the results say then. */
  async run(start = () => this.runButton.click()): Promise<string> {
    const attempts = async () =>
      Number(/(\d+) attempts?/.exec(await this.exercise.locator('.head').innerText())?.[1] ?? 0);
    const before = await attempts();
    await start();
    const limit = Date.now() + kLoadLimitMs;
    while ((await attempts()) === before) {
      assert.ok(Date.now() < limit, 'the run does not end');
      await this.visit.page.waitForTimeout(50);
    }
    return this.results();
  }
  results(): Promise<string> {
    return this.exercise.locator('.results').innerText();
  }
}

describe('an exercise', () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.close());

  for (const isolation of [true, false]) {
    it(`from a cold cache to a pass, ${isolation ? 'isolated' : 'not isolated'}`, async () => {
      const student = await Student.open(site, { isolation });
      const { visit, exercise } = student;
      assert.equal(await student.code(), starter);
      const isToolchain = (url: string) => /toolchain\/clang|compiler\.worker|kernel\.worker/.test(url);
      assert.deepEqual(visit.requests.filter(isToolchain), [], 'the compiler was fetched before anybody asked for it');
      await student.enable();

      const broken = solution.replace('c[i * N + j] = 0.0f;', 'c[i * N + j] = 0.0f');
      const line = broken.split('\n').findIndex((text) => text.includes('= 0.0f')) + 1;
      await student.write(broken);
      assert.match(await student.run(), /It does not compile yet/);
      const error = exercise.locator('.messages li').filter({ hasText: "expected ';'" });
      assert.match(await error.innerText(), new RegExp(`line ${line}`));
      await error.getByRole('button').click();
      await visit.page.keyboard.insertText('/*here*/');
      assert.match((await student.code()).split('\n')[line - 1] ?? '', /\/\*here\*\//);

      await student.write(solution);
      const results = await student.run();
      assert.match(results, /Solved: all 10 points/);
      assert.match(results, /times as fast as the reference \(95 %: [\d.]+ to [\d.]+\)/);
      assert.equal(await exercise.locator('.messages').count(), 0);

      await visit.page.reload();
      await exercise.getByText('Solved: all 10 points').waitFor();
      assert.equal(await student.code(), solution);
      assert.match(await exercise.locator('.head').innerText(), /best so far: 10 of 10 points, 2 attempts/);
      assert.equal(await student.button(/Enable the compiler/).count(), 0);

      // The page is open; from here on nothing comes from outside.
      await visit.page.context().setOffline(true);
      assert.match(await student.run(), /Solved: all 10 points/);
      visit.assertClean();
      await visit.close();
    });
  }

  it('says what is wrong, and where, in words and in a picture', async () => {
    const student = await Student.open(site);
    await student.enable();
    // The last column is left out; what stands there was never written.
    await student.write(solution.replaceAll('j < N', 'j + 1 < N'));
    const results = await student.run();
    assert.match(results, /0 of 10 points/);
    assert.match(results, /2×3 times 3×2: C\[0\]\[1\] is NaN but should be [-\d.]+/);
    const picture = student.exercise.getByRole('img', { name: /2 of 4 places in the picture are wrong/ });
    assert.equal(await picture.count(), 1);
    assert.match(results, /Not run: the results have to be right first/);

    // One past the end: right values, but not its own memory.
    await student.write(solution.replace(/\}\s*$/, '  c[M * N] = 1.0f;\n}\n'));
    assert.match(await student.run(), /It wrote \d+ bytes past the end of C \(/);
    student.visit.assertClean();
    await student.visit.close();
  });

  it('lets a kernel that is right into the race, beside the library’s', async () => {
    const student = await Student.open(site, { path: kLesson + kQuick });
    const { visit } = student;
    const own = visit.race.getByRole('checkbox', { name: 'yours' });
    await student.enable();
    await student.write(solution.replaceAll('j < N', 'j + 1 < N'));
    await student.run();
    assert.equal(await own.count(), 0);
    await student.write(solution);
    assert.match(await student.run(), /Solved: all 10 points/);
    await visit.run(visit.race, 'Run without a prediction');
    const table = await visit.table(visit.race, /64×64×64/);
    assert.deepEqual(column(table, 'Rung'), ['naive', 'simd', 'yours']);
    assert.equal(new Set(column(table, 'Digest')).size, 1);

    // Offered again on the next visit, out of what this browser keeps.
    await visit.page.reload();
    await own.waitFor();
    visit.assertClean();
    await visit.close();
  });

  it('stops an endless loop at once, and the page stays usable', async () => {
    const student = await Student.open(site);
    const { visit, exercise } = student;
    await student.enable();
    await student.write(solution.replace('for (int i', 'for (volatile int stay = 1; stay;) {}\n  for (int i'));
    await student.runButton.click();
    await exercise.getByText(/The product is right: 2×3 times 3×2…/).waitFor();
    const ticks = await visit.page.evaluate(
      `new Promise((settle) => { let ticks = 0; const timer = setInterval(() => ++ticks === 10 && settle(ticks, clearInterval(timer)), 10); })`,
    );
    assert.equal(ticks, 10);
    const race = visit.race.getByRole('button', { name: 'Run without a prediction' });
    assert.ok(await race.isDisabled(), 'an experiment may be started beside a run');
    const took = await visit.stop(exercise);
    assert.ok(took < 1000, `stopping took ${Math.round(took)} ms`);
    const kernels = () => visit.page.workers().filter((worker) => worker.url().includes('kernel.worker')).length;
    for (let tries = 0; kernels() > 0; ++tries) {
      assert.ok(tries < 100, 'the kernel lives on');
      await visit.page.waitForTimeout(50);
    }
    await race.and(visit.page.locator(':enabled')).waitFor();

    // Left alone, the first case ends by its own budget, and the page says so.
    await student.runButton.click();
    await exercise.getByText(/It was still running after \d+ s/).waitFor({ timeout: 30_000 });
    await visit.stop(exercise);
    await student.write(solution);
    assert.match(await student.run(), /Solved: all 10 points/);
    visit.assertClean();
    await visit.close();
  });

  it('stops a compile that takes long, and compiles again', async () => {
    const student = await Student.open(site);
    await student.enable();
    await student.write(`${solution}\nint bomb[1 << 26] = {1};\n`);
    await student.runButton.click();
    await student.exercise.getByText('compiling…').waitFor();
    const took = await student.visit.stop(student.exercise);
    assert.ok(took < 1000, `stopping took ${Math.round(took)} ms`);
    await student.write(solution);
    await student.visit.page
      .locator('code-exercise')
      .getByText('the compiler is starting')
      .waitFor({ state: 'hidden', timeout: kLoadLimitMs });
    assert.match(await student.run(), /Solved: all 10 points/);
    student.visit.assertClean();
    await student.visit.close();
  });

  it('gives hints one by one, then the solution; starting over loses nothing', async () => {
    const student = await Student.open(site);
    const { visit, exercise } = student;
    const show = student.button('Show the solution');
    assert.ok(await show.isDisabled());
    await student.button('Give me a hint').click();
    await exercise.getByText('Look at the innermost loop').waitFor();
    assert.equal(await exercise.locator('.hint').count(), 1);
    await student.button('Hint 2 of 3').click();
    await student.button('Hint 3 of 3').click();
    await show.click();
    await exercise.getByText('One solution').click();
    await exercise.getByText('the innermost loop reads and writes neighbours').waitFor();

    const mine = `${starter}// mine\n`;
    await student.write(mine);
    await exercise.getByText('Start over').click();
    await student.button('Put the starter back').click();
    assert.equal(await student.code(), starter);
    await visit.page.reload();
    await exercise.locator('.hint').nth(2).waitFor();
    await exercise.getByText('Earlier code').click();
    await student.button('Restore').click();
    assert.equal(await student.code(), mine);
    visit.assertClean();
    await visit.close();
  });

  it('exports a submission and the progress, and imports the latter elsewhere', async () => {
    const student = await Student.open(site);
    const { page } = student.visit;
    await student.write(`${starter}// mine\n`);
    const course = page.locator('course-progress');
    await course.getByText('Export my submission').click();
    await course.getByRole('button', { name: 'Save as zip' }).click();
    await course.getByText('needs a name or number').waitFor();
    await course.getByLabel('Your name or number').fill('Ada Lovelace');
    const zipped = page.waitForEvent('download');
    await course.getByRole('button', { name: 'Save as zip' }).click();
    const zip = await zipped;
    assert.equal(zip.suggestedFilename(), 'Ada-Lovelace.zip');
    const files = unzipSync(readFileSync(await zip.path()));
    assert.deepEqual(Object.keys(files), [`Ada-Lovelace/${kName}.cpp`]);
    assert.equal(new TextDecoder().decode(files[`Ada-Lovelace/${kName}.cpp`]), `${starter}// mine\n`);

    const saved = page.waitForEvent('download');
    await course.getByRole('button', { name: 'Export progress' }).click();
    const path = await (await saved).path();
    const other = await Student.open(site);
    assert.equal(await other.code(), starter);
    await other.visit.page.locator('course-progress input[type=file]').setInputFiles({
      name: 'progress.json',
      mimeType: 'application/json',
      buffer: readFileSync(path),
    });
    await other.visit.page.getByText('Added 1 exercise from progress.json').waitFor();
    assert.equal(await other.code(), `${starter}// mine\n`);
    for (const { visit } of [student, other]) {
      visit.assertClean();
      await visit.close();
    }
  });

  it('fits a phone and runs by the keyboard', async () => {
    const context = { viewport: { width: 390, height: 844 }, hasTouch: true };
    const student = await Student.open(site, { context });
    await student.enable();
    await student.write(solution.replaceAll('j < N', 'j + 1 < N'));
    const results = await student.run(() => student.visit.page.keyboard.press('ControlOrMeta+Enter'));
    assert.match(results, /0 of 10 points/);
    assert.equal(await student.visit.page.evaluate('document.documentElement.scrollWidth'), 390);
    student.visit.assertClean();
    await student.visit.close();
  });
});

describe('solutions', () => {
  /** What every site has: an exercise may measure against what another one asks for, and hints have lines of the solution. */
  const kGiven = globSync('lessons/*/exercises/*/{starter.cpp,reference.cpp,hints.md,*.h}', { cwd: kRoot })
    .map((path) => readFileSync(join(kRoot, path), 'utf8'))
    .join('\n');
  /** Lines of each solution that stand nowhere else. */
  const kSecrets = globSync('lessons/*/exercises/*/solution.cpp', { cwd: kRoot }).map((path) => {
    const lines = readFileSync(join(kRoot, path), 'utf8').split('\n');
    const isSecret = (line: string) => line.length > 20 && !/["'`\\$]/.test(line) && !kGiven.includes(line);
    return { path, lines: lines.map((line) => line.trim()).filter(isSecret) };
  });
  /** Solutions of which the site's scripts have half or more; single lines of code are everywhere. */
  const leaks = (site: string) => {
    const scripts = globSync('**/*.{js,mjs,json}', { cwd: site }).map((file) => readFileSync(join(site, file), 'utf8'));
    const has = (line: string) => scripts.some((text) => text.includes(line));
    return kSecrets.filter(({ lines }) => lines.filter(has).length >= Math.max(1, lines.length / 2));
  };

  it('are left out of a site that is built without them', { timeout: 400_000 }, async () => {
    const site = mkdtempSync(join(tmpdir(), 'optlab-site-'));
    try {
      const env = { ...process.env, OPTLAB_SOLUTIONS: 'off' };
      await promisify(execFile)('npx', ['astro', 'build', '--outDir', site], { cwd: join(kRoot, 'web'), env });
      assert.ok(globSync('_astro/*.js', { cwd: site }).length > 10);
      assert.deepEqual(leaks(site), []);
    } finally {
      rmSync(site, { recursive: true, force: true });
    }
  });

  it('are in any other, where the same search finds all of them', () => {
    const found = leaks(process.env['OPTLAB_SITE'] ?? join(kRoot, 'web/dist'));
    assert.deepEqual(
      found.map(({ path }) => path),
      kSecrets.map(({ path }) => path),
    );
  });
});
