// Runs OptLab's tests, area by area, and goes on after a failure:   tools/test [--fast] [--only AREA]… [--list]
//
// Logs: build/logs/<area>.log. The last line, `N passed, N failed`, counts single test cases; a check such as a linter is one.
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildWasm, buildWeb, kTypedBuild } from './build.ts';
import { checkCaches } from './cache-check.ts';
import { checkDependencies } from './check-dependencies.ts';
import { checkDrift } from './drift.ts';
import { build, buildFolder, configure, type Counts, ctest, kWasmBuilds, type WasmBuild } from './lib/cmake.ts';
import { clearProgress, CommandError, kJobs, kRoot, run, seconds } from './lib/command.ts';
import { kModules, linkModules } from './lib/modules.ts';
import { changedFiles, cppFiles, kPrettierTargets } from './lib/sources.ts';

interface Context {
  fast: boolean;
  log: string;
}

interface Area {
  name: string;
  what: string;
  /** Also part of --fast. */
  fast: boolean;
  /** Runs only where --only names it. */
  named?: true;
  run(context: Context): Promise<Counts>;
}

const kNone: Counts = { passed: 0, failed: 0, skipped: 0 };

function sum(counts: readonly Counts[]): Counts {
  return counts.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    kNone,
  );
}

/** A check that is one test: its exit code says whether it passed. */
async function check(argv: readonly string[], log: string, cwd = kRoot): Promise<Counts> {
  const { code } = await run(argv, { log, cwd, mayFail: true });
  return code === 0 ? { ...kNone, passed: 1 } : { ...kNone, failed: 1 };
}

/** The totals that node's test runner prints, in either of its formats ("# pass 3", "ℹ pass 3"). */
function countNodeTests(output: string, code: number): Counts {
  const total = (name: string) =>
    [...output.matchAll(new RegExp(`^(?:#|ℹ) ${name} (\\d+)$`, 'gm'))].reduce(
      (sum, found) => sum + Number(found[1]),
      0,
    );
  const counts = { passed: total('pass'), failed: total('fail') + total('cancelled'), skipped: total('skipped') };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** Runs the node:test files that match; none is an error, or a suite that was moved away would pass for ever. */
async function nodeTests(pattern: string, log: string, parallel = true): Promise<Counts> {
  const files = globSync(pattern, { cwd: kRoot, exclude: (name) => name === 'node_modules' }).sort();
  if (files.length === 0) throw new CommandError(`no test file matches ${pattern}`);
  const argv = [process.execPath, '--test', '--test-reporter=tap', '--test-timeout=600000'];
  if (!parallel) argv.push('--test-concurrency=1');
  const { code, output } = await run([...argv, ...files], { log, mayFail: true });
  const counts = countNodeTests(output, code);
  if (code === 0 && counts.passed === 0) throw new CommandError(`${pattern} holds no test that could run here`);
  return counts;
}

async function format({ log }: Context): Promise<Counts> {
  const prettier = ['npx', 'prettier', '--check', '--no-error-on-unmatched-pattern', ...kPrettierTargets];
  return sum([await check(['clang-format', '--dry-run', '-Werror', ...cppFiles()], log), await check(prettier, log)]);
}

/** clang-tidy over the files the native build compiles, as many at a time as there are cores. */
async function clangTidy({ fast, log }: Context): Promise<Counts> {
  await configure('native', log);
  const database = readFileSync(join(buildFolder('native'), 'compile_commands.json'), 'utf8');
  let files = cppFiles().filter((file) => database.includes(JSON.stringify(join(kRoot, file))));
  if (files.length === 0) throw new CommandError('the native build compiles no file of src/');
  const changed = fast ? await changedFiles(log) : undefined;
  if (changed) files = files.filter((file) => changed.has(file));

  const found = await run(['sh', '-c', 'command -v clang-tidy-19 clang-tidy'], { log, mayFail: true });
  const program = found.output.split('\n')[0];
  if (!program) throw new CommandError('clang-tidy is missing: run tools/setup --for test');
  let failed = 0;
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const { code } = await run(
        [program, '--quiet', '--extra-arg=-Wno-unknown-warning-option', '-p', buildFolder('native'), file],
        { log, mayFail: true },
      );
      if (code !== 0) failed++;
    }
  };
  await Promise.all(Array.from({ length: kJobs }, worker));
  return failed === 0 ? { ...kNone, passed: 1 } : { ...kNone, failed: 1 };
}

async function lint(context: Context): Promise<Counts> {
  await buildWasm(kTypedBuild, context.log); // the site's sources import the types that this link emits
  return sum([
    await check(['npx', 'tsc', '--noEmit', '-p', '.'], context.log),
    await check(['npm', 'run', 'check', '-w', 'web'], context.log),
    await clangTidy(context),
  ]);
}

async function dependencies(): Promise<Counts> {
  const { breaches, includes } = checkDependencies(kRoot);
  for (const { file, line, message } of breaches) console.log(`      ${file}:${line}: ${message}`);
  if (includes === 0) throw new CommandError('found no #include to check');
  return breaches.length === 0 ? { ...kNone, passed: 1 } : { ...kNone, failed: 1 };
}

function cpp(preset: string, only?: RegExp, targets?: readonly string[]): (context: Context) => Promise<Counts> {
  return async ({ log }) => {
    await build(preset, log, targets);
    return ctest(preset, log, only);
  };
}

async function wasm({ fast, log }: Context): Promise<Counts> {
  const builds: readonly WasmBuild[] = fast ? ['relaxed-threads'] : kWasmBuilds;
  const counts: Counts[] = [];
  for (const name of builds) counts.push(await cpp(`wasm-${name}`)({ fast, log }));
  return sum(counts);
}

async function toolsArea({ log }: Context): Promise<Counts> {
  const data = await check([process.execPath, 'tools/data.ts', '--check'], log);
  return sum([data, await nodeTests('{tools,peers}/**/*.test.ts', log)]);
}

async function linkAll(log: string): Promise<void> {
  for (const name of kWasmBuilds) await buildWasm(name, log);
}

/** The exercises: one that has no problem is a test passed. */
async function lessons({ log }: Context): Promise<Counts> {
  const { code, output } = await run([process.execPath, 'tools/lessons.ts', 'check'], { log, mayFail: true });
  const count = (pattern: RegExp) => [...output.matchAll(pattern)].length;
  const counts = { ...kNone, passed: count(/^ok /gm), failed: count(/^BAD /gm) };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

async function bindings({ log }: Context): Promise<Counts> {
  for (const name of kWasmBuilds) await linkModules(name, log, kModules);
  await linkAll(log);
  await build('native', log, ['optlab']);
  return nodeTests('wasm_tests/*.test.ts', log);
}

async function web({ log }: Context): Promise<Counts> {
  const { code, output } = await run(['npm', 'test', '-w', 'web'], { log, mayFail: true });
  const counts = countNodeTests(output, code);
  if (counts.passed + counts.failed === 0) throw new CommandError('npm test -w web ran no test');
  return counts;
}

async function endToEnd({ log }: Context): Promise<Counts> {
  await linkAll(log);
  await buildWeb(log);
  return nodeTests('wasm_tests/e2e/**/*.test.ts', log, false);
}

async function otherEngines({ log }: Context): Promise<Counts> {
  await linkAll(log);
  await buildWeb(log);
  return nodeTests('wasm_tests/engines/*.test.ts', log, false);
}

async function drift({ log }: Context): Promise<Counts> {
  return sum([await checkDrift(log), await checkCaches(log)]);
}

const kThreadedTests = ['core_test', 'parallel_test', 'gemm_test', 'attention_test', 'measure_test', 'profile_test'];

const kAreas: readonly Area[] = [
  { name: 'format', what: 'clang-format and Prettier', fast: true, run: format },
  { name: 'deps', what: 'the order of the modules of src/', fast: true, run: dependencies },
  { name: 'tools', what: 'the tools themselves, the peers, and the checksums of the data', fast: true, run: toolsArea },
  { name: 'native', what: 'the C++ tests on this machine', fast: true, run: cpp('native') },
  { name: 'lint', what: 'tsc and clang-tidy (--fast: changed C++ files only)', fast: true, run: lint },
  { name: 'wasm', what: 'the C++ tests as WebAssembly under Node (--fast: one build of four)', fast: true, run: wasm },
  { name: 'bindings', what: 'what JavaScript sees of the library', fast: true, run: bindings },
  { name: 'lessons', what: 'the exercises: starters fail, solutions pass', fast: true, run: lessons },
  { name: 'web', what: "the site's own unit tests", fast: true, run: web },
  {
    name: 'drift',
    what: 'instruction counts of the kernels and misses of the cache simulator, under valgrind',
    fast: false,
    run: drift,
  },
  { name: 'e2e', what: 'the site in Chromium', fast: false, run: endToEnd },
  {
    name: 'engines',
    what: 'the site in Firefox and WebKit; only with --only engines',
    fast: false,
    named: true,
    run: otherEngines,
  },
  { name: 'asan', what: 'the C++ tests under Address- and UndefinedBehaviorSanitizer', fast: false, run: cpp('asan') },
  {
    name: 'tsan',
    what: 'the threaded C++ tests under ThreadSanitizer',
    fast: false,
    run: cpp('tsan', new RegExp(`^(${kThreadedTests.join('|')})$`), kThreadedTests),
  },
  { name: 'neon', what: 'the C++ tests for AArch64, emulated', fast: false, run: cpp('neon') },
];

/** The lines of a log that say what went wrong, else its end. */
function extractFailure(text: string): string {
  const lines = text.split('\n');
  const telling =
    /: Failure$|^BAD |error:|\[ {2}FAILED {2}\]|^ *not ok|^\[warn\]|Error:|ERROR: |WARNING: ThreadSanitizer|runtime error/;
  const kept = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (!telling.test(line)) continue;
    for (let i = index; i < Math.min(index + 7, lines.length); i++) kept.add(i);
  }
  const chosen = kept.size > 0 ? [...kept].sort((a, b) => a - b).slice(0, 80) : [...lines.keys()].slice(-40);
  return chosen.map((index) => `      ${lines[index]!.slice(0, 300)}`).join('\n');
}

interface Outcome {
  area: Area;
  counts: Counts;
  time: string;
}

async function runArea(area: Area, label: string, fast: boolean): Promise<Outcome> {
  const log = join(kRoot, 'build/logs', `${area.name}.log`);
  rmSync(log, { force: true });
  const start = performance.now();
  console.log(`${label} ${area.name}: ${area.what} …`);
  let counts: Counts;
  let problem = '';
  try {
    counts = await area.run({ fast, log });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    counts = { ...kNone, failed: 1 };
    problem = error.message;
  }
  clearProgress();
  const time = seconds(start);
  if (counts.failed > 0) {
    const hasLog = existsSync(log);
    if (hasLog) console.log(extractFailure(readFileSync(log, 'utf8')));
    const where = hasLog ? ` (log: build/logs/${area.name}.log)` : '';
    console.log(`      ${area.name} FAILED${problem ? `: ${problem}` : ''}${where}`);
  }
  return { area, counts, time };
}

function printSummary(outcomes: readonly Outcome[]): Counts {
  console.log(
    `\n${'area'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'time'.padStart(9)}`,
  );
  for (const { area, counts, time } of outcomes) {
    const { passed, failed, skipped } = counts;
    const figures = `${String(passed).padStart(8)}${String(failed).padStart(8)}${String(skipped).padStart(9)}${time.padStart(9)}`;
    console.log(`${area.name.padEnd(10)}${figures}`);
  }
  return sum(outcomes.map(({ counts }) => counts));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      fast: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || values.list) {
    if (values.help) console.log('usage: tools/test [--fast] [--only AREA]… [--list]\n');
    for (const { name, what, fast } of kAreas) console.log(`${name.padEnd(10)}${fast ? 'fast  ' : '      '}${what}`);
    return;
  }
  const asked = values.only?.flatMap((value) => value.split(','));
  const unknown = asked?.find((name) => !kAreas.some((area) => area.name === name));
  if (unknown !== undefined) {
    throw new TypeError(`unknown area '${unknown}' (allowed: ${kAreas.map(({ name }) => name).join(', ')})`);
  }
  const areas = kAreas.filter(({ name, fast, named }) =>
    asked ? asked.includes(name) : !named && (fast || !values.fast),
  );

  const start = performance.now();
  const outcomes: Outcome[] = [];
  for (const [index, area] of areas.entries()) {
    outcomes.push(await runArea(area, `[${index + 1}/${areas.length}]`, values.fast));
  }
  const { passed, failed, skipped } = printSummary(outcomes);
  console.log(`${'all'.padEnd(35)}${seconds(start).padStart(9)}\n`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(`test: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
});
