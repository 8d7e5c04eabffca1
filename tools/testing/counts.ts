// Counts of test cases, and the kinds of commands that they come from.
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import type { Counts } from '../lib/cmake.ts';
import { CommandError, kRoot, run } from '../lib/command.ts';
import { kMany, type Share, slots } from '../lib/slots.ts';

export const kNone: Counts = { passed: 0, failed: 0, skipped: 0 };
export const kPassed: Counts = { ...kNone, passed: 1 };
export const kFailed: Counts = { ...kNone, failed: 1 };

export function sum(counts: readonly Counts[]): Counts {
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
export async function check(argv: readonly string[], log: string, step: string): Promise<Counts> {
  const { code } = await slots.use({}, () => run(argv, { log, mayFail: true, whole: true, step }));
  return code === 0 ? kPassed : kFailed;
}

/** The totals that node's test runner prints, in either of its formats ("# pass 3", "ℹ pass 3"). */
export function countNodeTests(output: string, code: number): Counts {
  const total = (name: string) =>
    [...output.matchAll(new RegExp(`^(?:#|ℹ) ${name} (\\d+)$`, 'gm'))].reduce(
      (sum, found) => sum + Number(found[1]),
      0,
    );
  const counts = { passed: total('pass'), failed: total('fail') + total('cancelled'), skipped: total('skipped') };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/**
 * Runs the node:test files that match, each of which gets what `each` says; without it all run in one command. A pattern without a file is
 * an error, or a suite that was moved away would pass for ever.
 */
export async function nodeTests(
  patterns: readonly string[],
  log: string,
  each?: (file: string) => Share,
): Promise<Counts> {
  const files = patterns.flatMap((pattern) => {
    const found = globSync(pattern, { cwd: kRoot, exclude: (name) => name === 'node_modules' }).sort();
    if (found.length === 0) throw new CommandError(`no test file matches ${pattern}`);
    return found;
  });
  const node = [process.execPath, '--test', '--test-reporter=tap', '--test-timeout=600000'];
  const runFiles = async (some: readonly string[], step: string, given: Share) => {
    const { code, output } = await slots.use(given, (jobs) => {
      return run([...node, `--test-concurrency=${jobs}`, ...some], { log, mayFail: true, whole: true, step });
    });
    return countNodeTests(output, code);
  };
  const counts = each
    ? await slots.each(files, (file) => runFiles([file], basename(file), each(file)))
    : [await runFiles(files, 'node tests', kMany)];
  const total = sum(counts);
  if (total.failed === 0 && total.passed === 0) throw new CommandError(`${patterns.join(' ')}: no test could run here`);
  return total;
}
