// The areas of tools/test. They run side by side, and what they run waits for slots (tools/lib/slots.ts).
import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import process from 'node:process';
import { buildWasm, buildWeb, kTypedBuild } from '../build.ts';
import { checkCaches } from '../cache-check.ts';
import { checkDependencies } from '../check-dependencies.ts';
import { checkDrift } from '../drift.ts';
import { build, type Counts, ctest, kWasmBuilds, type WasmBuild } from '../lib/cmake.ts';
import { CommandError, kRoot, run } from '../lib/command.ts';
import { kModules, linkModules } from '../lib/modules.ts';
import { kAlone, slots } from '../lib/slots.ts';
import { cppFiles, kPrettierTargets } from '../lib/sources.ts';
import { clangTidy } from './clang-tidy.ts';
import { check, kFailed, kNone, kPassed, nodeTests, sum } from './counts.ts';
import { findLong, kMostFileLines, kMostFunctionLines } from './long.ts';

export interface Context {
  fast: boolean;
  log: string;
}

export interface Area {
  name: string;
  what: string;
  /** Also part of --fast. */
  fast: boolean;
  /** Runs only where --only names it. */
  named?: true;
  run(context: Context): Promise<Counts>;
}

async function format({ log }: Context): Promise<Counts> {
  const prettier = ['npx', 'prettier', '--check', '--no-error-on-unmatched-pattern', ...kPrettierTargets];
  const clang = ['clang-format', '--dry-run', '-Werror', ...cppFiles()];
  return sum(await Promise.all([check(clang, log, 'clang-format'), check(prettier, log, 'prettier')]));
}

async function dependencies(): Promise<Counts> {
  const { breaches, includes } = checkDependencies(kRoot);
  for (const { file, line, message } of breaches) console.log(`      ${file}:${line}: ${message}`);
  if (includes === 0) throw new CommandError('found no #include to check');

  const { long, files } = findLong(kRoot);
  for (const { file, line, name, lines } of long) {
    const limit = name === undefined ? kMostFileLines : kMostFunctionLines;
    console.log(
      `      ${file}:${line}: ${name ?? 'the file'} has ${lines} lines, ${limit} are allowed (see CONTRIBUTING.md)`,
    );
  }
  if (files === 0) throw new CommandError('found no source file to measure');
  return sum([breaches.length === 0 ? kPassed : kFailed, long.length === 0 ? kPassed : kFailed]);
}

async function toolsArea({ log }: Context): Promise<Counts> {
  const data = await check([process.execPath, 'tools/data.ts', '--check'], log, 'checksums of the data');
  return sum([data, await nodeTests(['{tools,peers}/**/*.test.ts'], log)]);
}

let lastInSite: Promise<unknown> = Promise.resolve();

/** One after the other: Astro keeps what it knows of the site in one folder. */
function inSite<T>(work: () => Promise<T>): Promise<T> {
  const own = lastInSite.then(work, work);
  lastInSite = own;
  return own;
}

async function lint({ fast, log }: Context): Promise<Counts> {
  const typescript = async () => {
    await buildWasm(kTypedBuild, log); // the site's sources import the types that this link emits
    return sum([
      await check(['npx', 'tsc', '--noEmit', '-p', '.'], log, 'tsc'),
      await inSite(() => check(['npm', 'run', 'check', '-w', 'web'], log, 'tsc of the site')),
    ]);
  };
  return sum(await Promise.all([typescript(), clangTidy(fast, log)]));
}

/** The C++ tests of a preset: all, or these programs. */
function cpp(preset: string, programs?: readonly string[]): (context: Context) => Promise<Counts> {
  return async ({ log }) => {
    await build(preset, log, programs);
    return ctest(preset, log, programs && new RegExp(`^(${programs.join('|')})$`));
  };
}

/** Tests of what threads share. */
const kThreadedTests = ['core_test', 'parallel_test', 'gemm_test', 'attention_test', 'measure_test', 'profile_test'];

/** Tests of the modules that have kernels for each target. */
function kernelTests(): string[] {
  return globSync('src/*/target.cpp', { cwd: kRoot }).map((file) => `${basename(dirname(file))}_test`);
}

/**
 * The least and the most that a browser may have run all tests. The two builds between compile the same sources with the same flags as one
 * of those: there the tests run whose code differs from it, kernels on relaxed SIMD without threads, and threads without relaxed SIMD.
 */
async function wasm({ fast, log }: Context): Promise<Counts> {
  const programs: Record<WasmBuild, readonly string[] | undefined> = {
    'relaxed-threads': undefined,
    simd: undefined,
    relaxed: kernelTests(),
    'simd-threads': kThreadedTests,
  };
  const builds: readonly WasmBuild[] = fast ? ['relaxed-threads'] : kWasmBuilds;
  const counts: Counts[] = [];
  for (const name of builds) counts.push(await cpp(`wasm-${name}`, programs[name])({ fast, log }));
  return sum(counts);
}

async function linkAll(log: string): Promise<void> {
  for (const name of kWasmBuilds) await buildWasm(name, log);
}

async function bindings({ log }: Context): Promise<Counts> {
  for (const name of kWasmBuilds) await linkModules(name, log, kModules);
  await linkAll(log);
  await build('native', log, ['optlab']);
  return nodeTests(['wasm_tests/*.test.ts'], log, () => ({}));
}

/** The exercises: one that has no problem is a test passed. */
async function lessons({ log }: Context): Promise<Counts> {
  // Tests pass on any CPU: whether a level is fair on this one is for `npm run lessons -- check` to say.
  const argv = [process.execPath, 'tools/lessons.ts', 'check', '--any-machine'];
  const { code, output } = await slots.use(kAlone, () => run(argv, { log, mayFail: true })); // it compares speeds
  const count = (pattern: RegExp) => [...output.matchAll(pattern)].length;
  const counts = { ...kNone, passed: count(/^ok /gm), failed: count(/^BAD /gm) };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

const kSiteTests = ['web/plugins/**/*.test.mjs', 'web/src/**/*.test.ts', 'lessons/*/experiments/**/*.test.ts'];

async function drift({ log }: Context): Promise<Counts> {
  return sum(await Promise.all([checkDrift(log), checkCaches(log)]));
}

/** The built site in browsers. Tests pass under load, so one file runs beside another. */
function browsers(pattern: string): (context: Context) => Promise<Counts> {
  return async ({ log }) => {
    await linkAll(log);
    await inSite(() => buildWeb(log));
    return nodeTests([pattern], log, () => ({}));
  };
}

/** Those that take long come first, so that short ones fill the gaps at the end. */
export const kAreas: readonly Area[] = [
  { name: 'neon', what: 'the C++ tests for AArch64, emulated', fast: false, run: cpp('neon') },
  { name: 'asan', what: 'the C++ tests under Address- and UndefinedBehaviorSanitizer', fast: false, run: cpp('asan') },
  {
    name: 'tsan',
    what: 'the threaded C++ tests under ThreadSanitizer',
    fast: false,
    run: cpp('tsan', kThreadedTests),
  },
  { name: 'native', what: 'the C++ tests on this machine', fast: true, run: cpp('native') },
  { name: 'wasm', what: 'the C++ tests as WebAssembly under Node (--fast: one build of four)', fast: true, run: wasm },
  { name: 'bindings', what: 'what JavaScript sees of the library', fast: true, run: bindings },
  { name: 'lint', what: 'tsc and clang-tidy (--fast: changed C++ files only)', fast: true, run: lint },
  {
    name: 'drift',
    what: 'instruction counts of the kernels and misses of the cache simulator, under valgrind',
    fast: false,
    run: drift,
  },
  { name: 'format', what: 'clang-format and Prettier', fast: true, run: format },
  {
    name: 'deps',
    what: 'the order of the modules of src/, and the sizes of files and functions',
    fast: true,
    run: dependencies,
  },
  { name: 'tools', what: 'the tools themselves, the peers, and the checksums of the data', fast: true, run: toolsArea },
  { name: 'web', what: "the site's own unit tests", fast: true, run: ({ log }) => nodeTests(kSiteTests, log) },
  { name: 'lessons', what: 'the exercises: starters fail, solutions pass', fast: true, run: lessons },
  { name: 'e2e', what: 'the site in Chromium', fast: false, run: browsers('wasm_tests/e2e/**/*.test.ts') },
  {
    name: 'engines',
    what: 'the site in Firefox and WebKit; only with --only engines',
    fast: false,
    named: true,
    run: browsers('wasm_tests/engines/*.test.ts'),
  },
];
