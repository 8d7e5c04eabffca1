// Runs OptLab's tests, areas side by side, and goes on after a failure:   tools/test [--fast] [--only AREA]… [--list]
//
// Logs: build/logs/<area>.log. The last line, `N passed, N failed`, counts single test cases; a check such as a linter is one.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Counts } from './lib/cmake.ts';
import { clearProgress, CommandError, kRoot, kSteps, seconds } from './lib/command.ts';
import { type Area, kAreas } from './testing/areas.ts';
import { kFailed, sum } from './testing/counts.ts';

const kShownSteps = 20;

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

async function runArea(area: Area, fast: boolean): Promise<Outcome> {
  const log = join(kRoot, 'build/logs', `${area.name}.log`);
  rmSync(log, { force: true });
  const start = performance.now();
  let counts: Counts;
  let problem = '';
  try {
    counts = await area.run({ fast, log });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    counts = kFailed;
    problem = error.message;
  }
  clearProgress();
  const time = seconds(start);
  const isGood = counts.failed === 0;
  console.log(`${isGood ? 'ok  ' : 'BAD '}  ${area.name}: ${area.what} (${time})`);
  if (!isGood) {
    const hasLog = existsSync(log);
    if (hasLog) console.log(extractFailure(readFileSync(log, 'utf8')));
    const where = hasLog ? ` (log: build/logs/${area.name}.log)` : '';
    console.log(`      ${area.name} FAILED${problem ? `: ${problem}` : ''}${where}`);
  }
  return { area, counts, time };
}

function printSlowest(): void {
  console.log(`\nthe slowest steps (of ${kSteps.length}), seconds`);
  for (const step of kSteps.toSorted((a, b) => b.seconds - a.seconds).slice(0, kShownSteps)) {
    console.log(`${step.seconds.toFixed(1).padStart(8)}  ${step.name}`);
  }
}

/** Times overlap: areas run side by side. */
function printSummary(outcomes: readonly Outcome[]): Counts {
  console.log(
    `\n${'area'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'ended in'.padStart(10)}`,
  );
  for (const { area, counts, time } of outcomes) {
    const { passed, failed, skipped } = counts;
    const figures = `${String(passed).padStart(8)}${String(failed).padStart(8)}${String(skipped).padStart(9)}${time.padStart(10)}`;
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
  console.log(`side by side: ${areas.map(({ name }) => name).join(', ')} …`);
  const outcomes = await Promise.all(areas.map((area) => runArea(area, values.fast)));
  printSlowest();
  const { passed, failed, skipped } = printSummary(outcomes);
  console.log(`${'all'.padEnd(35)}${seconds(start).padStart(10)}\n`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(`test: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
});
