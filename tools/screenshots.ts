#!/usr/bin/env node
// Takes pictures of the built site in Chromium, after running its experiments, and fails on anything in the console.
//
//   node tools/screenshots.ts [--out FOLDER] [--readme] [--quick]
//
// Home page and lessons at 1280 and 390 pixels, light and dark, into build/screenshots/ (or FOLDER). --readme also writes
// docs/screenshot.png. --quick leaves the experiments out. Chromium: $CHROMIUM, else /usr/bin/chromium.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type Browser, type Locator, type Page } from 'playwright-core';
import { launchBrowser } from './lib/browser.ts';
import { startServer } from './serve.ts';

const kRoot = resolve(import.meta.dirname, '..');
const kFirstLesson = 'lessons/01-profiling/';
const kLesson = 'lessons/02-acceleration/';
/** The lesson's race of all rungs. */
const kLadder = 'kernel-race#race';
const kWidths = [1280, 390];
const kSchemes = ['light', 'dark'] as const;
/** A policy's violation quotes the policy and whole data: URLs. */
const kProblemLength = 400;
const kExperimentLimitMs = 120_000;

type Scheme = (typeof kSchemes)[number];

interface Shot {
  width: number;
  scheme: Scheme;
}

async function open(browser: Browser, url: string, { width, scheme }: Shot, problems: string[]): Promise<Page> {
  const height = width < 600 ? 844 : 900;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    deviceScaleFactor: width < 600 ? 2 : 1,
  });
  const page = await context.newPage();
  const origin = new URL(url).origin;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      problems.push(`${page.url()}: console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on('request', (request) => {
    const target = new URL(request.url());
    const local = target.origin === origin || target.protocol === 'data:' || target.protocol === 'blob:';
    if (!local) problems.push(`${page.url()}: request to ${target.origin}`);
  });
  await page.goto(url, { waitUntil: 'load' });
  await page.locator('build-badge, kernel-race, timer-demo').first().waitFor();
  return page;
}

/** Clicks the button and waits until the element offers to start again. */
async function run(element: Locator, button: string, problems: string[]): Promise<void> {
  await element.scrollIntoViewIfNeeded();
  const start = element.getByRole('button', { name: button });
  await start.click({ timeout: 30_000 });
  await element.getByRole('button', { name: 'Stop' }).waitFor({ timeout: 10_000 });
  await element.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden', timeout: kExperimentLimitMs });
  const alert = element.getByRole('alert');
  if ((await alert.count()) > 0) problems.push(`${button}: ${(await alert.innerText()).replaceAll('\n', ' ')}`);
}

async function runLesson(page: Page, problems: string[]): Promise<void> {
  const race = page.locator(kLadder);
  await race.getByLabel('Fastest').selectOption({ index: 2 });
  await race.getByLabel('times faster').selectOption({ index: 3 });
  await run(race, 'Run the race', problems);
  await run(page.locator('blocking-tuner'), 'Measure the block sizes', problems);
  await run(page.locator('roofline-chart'), 'Measure this device', problems);
  const classifier = page.locator('image-classifier');
  await run(classifier, 'Classify all images', problems);
  await classifier.locator('button.image').nth(2).click();
  await classifier.locator('.scores').waitFor({ timeout: 10_000 });
}

async function runFirstLesson(page: Page, problems: string[]): Promise<void> {
  await run(page.locator('timer-demo'), 'Time it without a prediction', problems);
  await run(page.locator('model-profiler'), 'Profile without a prediction', problems);
  await run(page.locator('#layers'), 'Measure without a prediction', problems);
  await run(page.locator('#sweep'), 'Measure without a prediction', problems);
  await run(page.locator('model-trainer'), 'Train', problems);
  const cache = page.locator('#cache-tiny');
  for (const name of ['A', 's']) await cache.getByLabel(`Misses of ${name}`).fill('64');
  for (let step = 0; step < 5; ++step) await cache.getByRole('button', { name: 'Step', exact: true }).click();
  await cache.locator('.last').getByText('Access 5:').waitFor();
  await page.locator('#cache-order').getByRole('button', { name: 'Run without a prediction' }).click();
  await page.locator('#cache-order .last').getByText('All accesses have been made.').waitFor();
  await answer(page.locator('lesson-check#sets'), 0);
  await answer(page.locator('lesson-check#roof'), '24');
}

async function answer(check: Locator, value: number | string): Promise<void> {
  if (typeof value === 'number') await check.getByRole('radio').nth(value).check();
  else await check.getByRole('textbox').fill(value);
  await check.getByRole('button', { name: 'Check' }).click();
}

/** What sticks out to the right makes a phone scroll sideways. */
async function checkWidth(page: Page, width: number, problems: string[]): Promise<void> {
  const overflow = Number(await page.evaluate('document.documentElement.scrollWidth'));
  if (overflow > width) problems.push(`${page.url()} is ${overflow} px wide in a window of ${width} px`);
}

/** Address, name of the pictures, what to run, of what to take a picture by itself. */
const kLessons: readonly [string, string, typeof runLesson, readonly string[]][] = [
  [
    kFirstLesson,
    'lesson01',
    runFirstLesson,
    [
      'timer-demo',
      'model-profiler',
      '#layers',
      '#sweep',
      'model-trainer',
      '#cache-tiny',
      '#cache-order',
      '#sets',
      '#roof',
      '#robust',
    ],
  ],
  [kLesson, 'lesson', runLesson, [kLadder, 'blocking-tuner', 'roofline-chart', 'image-classifier']],
];

async function take(
  browser: Browser,
  base: string,
  shot: Shot,
  out: string,
  quick: boolean,
  problems: string[],
): Promise<void> {
  const suffix = `${shot.width}-${shot.scheme}`;
  const home = await open(browser, base, shot, problems);
  if (!quick) await run(home.locator('kernel-race').first(), 'Run the race', problems);
  await checkWidth(home, shot.width, problems);
  await home.evaluate('scrollTo(0, 0)');
  await home.screenshot({ path: join(out, `home-${suffix}.png`), fullPage: true });
  await home.context().close();

  for (const [path, name, experiments, elements] of kLessons) {
    const lesson = await open(browser, new URL(path, base).href, shot, problems);
    if (!quick) await experiments(lesson, problems);
    await checkWidth(lesson, shot.width, problems);
    await lesson.evaluate('scrollTo(0, 0)');
    await lesson.screenshot({ path: join(out, `${name}-${suffix}.png`), fullPage: true });
    for (const element of elements) {
      const file = element.replace(/^kernel-race#race$/, 'kernel-race').replaceAll('#', '');
      await lesson.locator(element).screenshot({ path: join(out, `${file}-${suffix}.png`) });
    }
    await lesson.context().close();
  }
}

/** The picture for README: the kernel race of the lesson with its result. */
async function takeForReadme(browser: Browser, base: string, problems: string[]): Promise<void> {
  const page = await open(browser, base, { width: 1280, scheme: 'light' }, problems);
  await run(page.locator('kernel-race'), 'Run the race', problems);
  await page.evaluate('scrollTo(0, 0)');
  mkdirSync(join(kRoot, 'docs'), { recursive: true });
  await page.screenshot({ path: join(kRoot, 'docs/screenshot.png') });
  await page.context().close();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      readme: { type: 'boolean' },
      quick: { type: 'boolean' },
      only: { type: 'string' },
    },
  });
  const out = resolve(values.out ?? join(kRoot, 'build/screenshots'));
  mkdirSync(out, { recursive: true });
  const problems: string[] = [];
  const server = await startServer({ root: join(kRoot, 'web/dist') });
  const browser = await launchBrowser();
  try {
    for (const scheme of kSchemes) {
      for (const width of kWidths) {
        if (values.only !== undefined && values.only !== `${width}-${scheme}`) continue;
        console.log(`${width} px, ${scheme}`);
        await take(browser, server.url, { width, scheme }, out, values.quick ?? false, problems);
      }
    }
    if (values.readme) await takeForReadme(browser, server.url, problems);
  } finally {
    await browser.close();
    await server.close();
  }
  for (const problem of problems) console.error(problem.slice(0, kProblemLength));
  console.log(problems.length === 0 ? `pictures are in ${out}` : `${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main();
