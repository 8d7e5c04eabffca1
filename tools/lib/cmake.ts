// CMake presets: configure when something changed, build with Ninja, test with CTest and count GoogleTest's cases.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, kRoot, noteStep, run } from './command.ts';
import { kMany, slots } from './slots.ts';

export const kWasmBuilds = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'] as const;
export type WasmBuild = (typeof kWasmBuilds)[number];

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export function buildFolder(preset: string): string {
  return join(kRoot, 'build', preset);
}

/** Configures a preset, unless it is configured for the same presets and tools already (Ninja itself notes changed CMakeLists). */
export async function configure(preset: string, log: string): Promise<void> {
  const argv = ['cmake', '--fresh', '--preset', preset];
  if (preset.startsWith('wasm-')) {
    if (!process.env['EMSCRIPTEN_ROOT']) throw new CommandError('no Emscripten found: run tools/setup');
    // Else CMake takes the first `nodejs` on PATH, which may be too old for relaxed SIMD.
    argv.push(`-DCMAKE_CROSSCOMPILING_EMULATOR=${process.env['OPTLAB_NODE'] || process.execPath}`);
  }
  const folder = buildFolder(preset);
  const stamp = join(folder, '.optlab-configured');
  const key = [...argv, process.env['EMSCRIPTEN_ROOT'], readFileSync(join(kRoot, 'CMakePresets.json'), 'utf8')].join(
    '\n',
  );
  const known = existsSync(join(folder, 'build.ninja')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key;
  if (known) return;
  await run(argv, { log });
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, key);
}

/** The last build of each preset: one at a time goes on in a folder. */
const lastBuilds = new Map<string, Promise<void>>();

/** Builds the named targets of a preset, or all. */
export function build(preset: string, log: string, targets: readonly string[] = []): Promise<void> {
  const before = lastBuilds.get(preset) ?? Promise.resolve();
  const own = async () => {
    await before.catch(() => undefined); // whoever asked for that one is told
    await slots.use(kMany, async (jobs) => {
      await configure(preset, log);
      const argv = ['ninja', '-C', buildFolder(preset), `-j${jobs}`, ...targets];
      await run(argv, { log, step: `build of ${preset}` });
    });
  };
  const building = own();
  lastBuilds.set(preset, building);
  return building;
}

/**
 * Counts the cases in the output of `ctest -V`. A GoogleTest program counts as its cases; any other program as one. A program that
 * crashes, or that holds no case, counts as one failure: silence is no success.
 */
export function countCases(output: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const programs = new Map<string, Counts & { isGoogleTest: boolean }>();
  const program = (id: string) => {
    const found = programs.get(id) ?? { passed: 0, failed: 0, skipped: 0, isGoogleTest: false };
    programs.set(id, found);
    return found;
  };
  for (const line of output.split('\n')) {
    const case_ = /^(\d+): \[ +(PASSED|FAILED|SKIPPED) +\] (\d+) tests?[.,]/.exec(line);
    if (case_) {
      const found = program(case_[1]!);
      found.isGoogleTest = true;
      found[case_[2]!.toLowerCase() as keyof Counts] += Number(case_[3]);
      continue;
    }
    const ended = /^ *\d+\/\d+ +Test +#(\d+): \S+ \.*(\**)(.*?) +[\d.]+ sec/.exec(line);
    if (!ended) continue;
    const found = program(ended[1]!);
    const passed = ended[3]!.trim() === 'Passed';
    if (!passed && found.failed === 0) found.failed = 1;
    if (passed && !found.isGoogleTest) found.passed = 1;
    if (passed && found.isGoogleTest && found.passed + found.skipped === 0) found.failed = 1;
  }
  for (const found of programs.values()) {
    counts.passed += found.passed;
    counts.failed += found.failed;
    counts.skipped += found.skipped;
  }
  return counts;
}

// They compare speeds of instruction sets, which an emulator does not have.
const kMeaninglessWhenEmulated = 'RooflineProbe.MeasuresEveryLimitOfThisDevice';

/** Runs a preset's tests, or those whose names `only` matches; the preset must be built. */
export async function ctest(preset: string, log: string, only?: RegExp): Promise<Counts> {
  const argv = ['ctest', '--test-dir', buildFolder(preset), '-V', '--no-tests=error', '--timeout', '900'];
  if (only) argv.push('-R', only.source);
  const env: Record<string, string> = preset === 'neon' ? { GTEST_FILTER: `-${kMeaninglessWhenEmulated}` } : {};
  const { code, output } = await slots.use(kMany, (jobs) =>
    run([...argv, '-j', `${jobs}`], { log, env, mayFail: true, step: `tests of ${preset}` }),
  );
  for (const [, name, seconds] of output.matchAll(/^ *\d+\/\d+ +Test +#\d+: (\S+) .*? ([\d.]+) sec/gm)) {
    noteStep(log, `${preset} ${name}`, Number(seconds));
  }
  const counts = countCases(output);
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  if (code === 0 && counts.passed === 0) throw new CommandError(`${preset}: CTest ran no test case`);
  return counts;
}
