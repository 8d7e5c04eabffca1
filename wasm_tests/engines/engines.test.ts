// The built site in Firefox and WebKit, with and without isolation: what a reader does first on every page.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../tools/serve.ts';
import { openFirefox } from './firefox.ts';
import { type Tab, Walk } from './tab.ts';
import { openWebKit } from './webkit.ts';

const kRoot = join(import.meta.dirname, '../..');
const kSolution = readFileSync(join(kRoot, 'lessons/02-acceleration/exercises/reordered/solution.cpp'), 'utf8');
const kSite = process.env['OPTLAB_SITE'] ?? join(kRoot, 'web/dist');

interface Way {
  name: string;
  needs: readonly string[];
  isolation: boolean;
  open(): Promise<Tab>;
  badge: RegExp;
}

const kFirefox = [process.env['FIREFOX'] ?? 'firefox-esr'];
const kWebKit = ['WebKitWebDriver', 'Xvfb', 'python3'];
const kWays: readonly Way[] = [
  { name: 'Firefox, isolated', needs: kFirefox, isolation: true, open: openFirefox, badge: /Relaxed SIMD \+ threads/ },
  { name: 'Firefox, not isolated', needs: kFirefox, isolation: false, open: openFirefox, badge: /one thread/ },
  {
    name: 'WebKit with shared memory, isolated',
    needs: kWebKit,
    isolation: true,
    open: () => openWebKit({ threads: true }),
    badge: /: SIMD \+ threads \(\d+\)/, // it lacks the relaxed dot products
  },
  {
    name: 'WebKit as it comes, isolated',
    needs: kWebKit,
    isolation: true,
    open: openWebKit,
    badge: /: SIMD, one thread/,
  },
  {
    name: 'WebKit as it comes, not isolated',
    needs: kWebKit,
    isolation: false,
    open: openWebKit,
    badge: /: SIMD, one thread/,
  },
];

/** Browsers may be missing on a developer's machine. */
function missing(needs: readonly string[]): string | false {
  const absent = needs.filter((name) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status !== 0);
  if (absent.length === 0) return false;
  return `${absent.join(', ')} missing: tools/setup --for engines installs them on Debian`;
}

describe('the site in other engines', () => {
  let servers: { isolated: RunningServer; plain: RunningServer };
  before(async () => {
    assert.ok(existsSync(join(kSite, 'index.html')), `${kSite} holds no built site: build it with  tools/build`);
    servers = {
      isolated: await startServer({ root: kSite }),
      plain: await startServer({ root: kSite, isolation: false }),
    };
  });
  after(async () => {
    await servers.isolated.close();
    await servers.plain.close();
  });

  for (const way of kWays) {
    describe(way.name, { skip: missing(way.needs) }, () => {
      describeWay(way, () => (way.isolation ? servers.isolated : servers.plain).url);
    });
  }
});

function describeWay(way: Way, base: () => string): void {
  let walk: Walk;
  before(async () => {
    walk = new Walk(await way.open());
  });
  after(() => walk?.tab.close());

  it('the front page starts the engine that this browser can run', async () => {
    await walk.tab.open(`${base()}/`);
    const badge = await walk.waitForText('build-badge >>> [role=status]', /Running here|does not run/);
    assert.match(badge, way.badge);
    walk.assertClean();
  });

  it('all rungs of the race compute the same bits', async () => {
    await walk.tab.open(`${base()}/lessons/02-acceleration/?race=size:64x64x64;rungs:naive,blocked,simd`);
    await walk.click('kernel-race', 'Run without a prediction');
    const text = await walk.waitForText('kernel-race >>> .card', /exact rungs (computed the same|disagree)/);
    assert.match(text, /All 3 exact rungs computed the same bits/);
    walk.assertClean();
  });

  it('a student’s solution compiles and passes', async () => {
    const exercise = 'code-exercise[exercise="02-acceleration/reordered"]';
    await walk.click(exercise, 'Enable the compiler');
    await walk.until('the compiler', () =>
      walk.evaluate(`return find(args[0] + ' >>> button.run').some((button) => !button.disabled)`, exercise),
    );
    await walk.evaluate(
      `const editor = find(args[0] + ' >>> code-editor')[0];
      editor.value = args[1];
      editor.dispatchEvent(new CustomEvent('code-change', { detail: args[1] }));`,
      exercise,
      kSolution,
    );
    await walk.click(exercise, 'Run');
    const text = await walk.waitForText(`${exercise} >>> .results`, /of 10 points|all 10 points|not compile/);
    assert.match(text, /Solved: all 10 points/);
    walk.assertClean();
  });

  it('the language model writes the same text with and without the cache', async () => {
    await walk.tab.open(`${base()}/lessons/03-memory/?generate=model:tiny;count:24;temperature:0;topP:1`);
    await walk.click('token-race', 'Write without a prediction');
    const text = await walk.waitForText('token-race >>> .card', /wrote the same text|differ/);
    assert.match(text, /Both wrote the same text/);
    walk.assertClean();
  });

  it('the profiler measures every layer', async () => {
    await walk.tab.open(`${base()}/lessons/01-profiling/`);
    await walk.click('model-profiler', 'Profile without a prediction');
    await walk.waitForText('model-profiler >>> .card', /Profile again|Stop/);
    await walk.until('the profile', async () => !/\bStop\b/.test(await walk.text('model-profiler >>> .card')));
    assert.equal(await walk.text('model-profiler >>> [role=alert]'), '');
    walk.assertClean();
  });

  it('no page is wider than a phone', async () => {
    await walk.tab.resize(390, 844);
    for (const path of ['/', '/lessons/01-profiling/', '/lessons/02-acceleration/', '/lessons/03-memory/']) {
      await walk.tab.open(base() + path);
      const wide = await walk.evaluate<number>('return document.documentElement.scrollWidth - innerWidth');
      assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
      await walk.settle();
    }
    walk.assertClean();
  });
}
