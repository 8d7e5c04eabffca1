// Counts the instructions of kernels under callgrind and compares them with what is on record, which noise can't touch:
//
//   node tools/drift.ts [--update]
//
// A record is src/<module>/instructions.json, of the program <module>_instructions. Another compiler than the one on record compiles
// otherwise, so it is held to a looser bound. --update writes the record anew; say in the commit why the counts changed.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { build, buildFolder, type Counts } from './lib/cmake.ts';
import { CommandError, kRoot, run } from './lib/command.ts';
import { slots } from './lib/slots.ts';

const kModules = ['gemm'] as const;

/** What a count may differ from the record: with the compiler on record, and with another (version). */
const kAllowed = 0.05;
const kAllowedElsewhere = 0.3;

export interface Count {
  instructions: number;
  /** Multiply-adds; packing: elements. */
  work: number;
}

export interface Measured {
  /** Name and version. */
  compiler: string;
  counts: Readonly<Record<string, Count>>;
}

export interface Recorded {
  compiler: string;
  /** Instructions per multiply-add (packing: per element), by case. */
  perWork: Readonly<Record<string, number>>;
}

export interface Finding {
  name: string;
  ok: boolean;
  text: string;
}

/** "GCC 12" of "GCC 12.2.0". */
function release(compiler: string): string {
  return compiler.split('.')[0]!;
}

/** The counts of one program from its output and from the files that callgrind wrote, one for each case. */
export function parseCounts(output: string, dumps: readonly string[]): Measured {
  const instructions = new Map<string, number>();
  for (const dump of dumps) {
    const name = /^desc: Trigger: Client Request: (.*)$/m.exec(dump)?.[1];
    const total = /^(?:summary|totals): (\d+)/m.exec(dump)?.[1];
    if (name !== undefined && total !== undefined) instructions.set(name, Number(total));
  }
  const counts: Record<string, Count> = {};
  for (const [, name = '', work] of output.matchAll(/^case\t(.*)\t(\d+)$/gm)) {
    const found = instructions.get(name);
    if (!found) throw new CommandError(`callgrind counted nothing for '${name}'`);
    counts[name] = { instructions: found, work: Number(work) };
  }
  const compiler = /^compiler\t(\w+)\t(\S+)/m.exec(output);
  if (!compiler || Object.keys(counts).length === 0) throw new CommandError('the program reported no case');
  return { compiler: `${compiler[1]} ${compiler[2]}`, counts };
}

/** A finding for each case, counted or on record; a difference either way is drift: an improvement belongs on record too. */
export function compare(measured: Measured, recorded: Recorded): Finding[] {
  const same = release(measured.compiler) === release(recorded.compiler);
  const allowed = same ? kAllowed : kAllowedElsewhere;
  const names = new Set([...Object.keys(recorded.perWork), ...Object.keys(measured.counts)]);
  return [...names].map((name) => {
    const [count, expected] = [measured.counts[name], recorded.perWork[name]];
    if (!count) return { name, ok: false, text: 'on record, but no longer counted' };
    const now = count.instructions / count.work;
    const shown = `${now.toFixed(4)} instructions for each multiply-add or element (${count.instructions} in all)`;
    if (expected === undefined) return { name, ok: false, text: `${shown}, not on record` };
    const change = now / expected - 1;
    const percent = `${change < 0 ? '−' : '+'}${(100 * Math.abs(change)).toFixed(1)} %`;
    const bound = `on record ${expected.toFixed(4)}: ${percent}, ${100 * allowed} % allowed`;
    return { name, ok: Math.abs(change) <= allowed, text: `${shown}, ${bound}` };
  });
}

/** The record of what was measured. */
export function record({ compiler, counts }: Measured): Recorded {
  const perWork = Object.entries(counts).map(([name, { instructions, work }]) => [
    name,
    Number((instructions / work).toPrecision(5)),
  ]);
  return { compiler, perWork: Object.fromEntries(perWork) as Record<string, number> };
}

async function measure(module: string, log: string): Promise<Measured> {
  await build('native', log, [`${module}_instructions`]);
  const folder = mkdtempSync(join(tmpdir(), 'optlab-drift-'));
  try {
    const program = join(buildFolder('native'), 'src', module, `${module}_instructions`);
    const options = ['--tool=callgrind', '--collect-atstart=no', `--callgrind-out-file=${join(folder, 'out')}`];
    // Valgrind knows no AVX-512.
    const env = { OPTLAB_ISA: 'avx2' };
    const { output } = await slots.use({}, () => run(['valgrind', ...options, program], { log, env, whole: true }));
    return parseCounts(
      output,
      readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function printFindings(findings: readonly Finding[], measured: Measured, recorded: Recorded): void {
  if (release(measured.compiler) !== release(recorded.compiler)) {
    console.log(
      `      compiled by ${measured.compiler}, on record is ${recorded.compiler}: only a loose bound is held`,
    );
  }
  for (const { name, ok, text } of findings) if (!ok) console.log(`      drift: ${name}: ${text}`);
  if (findings.some(({ ok }) => !ok)) {
    console.log('      if that is meant to be, `tools/run node tools/drift.ts --update` puts it on record');
  }
}

/** Checks, or with `update` rewrites, the record of every module. A case is a test. */
export async function checkDrift(log: string, update = false): Promise<Counts> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log('      the kernels on record are those of x86-64 under Linux; nothing to compare here');
    return { passed: 0, failed: 0, skipped: kModules.length };
  }
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of kModules) {
    const path = join(kRoot, 'src', module, 'instructions.json');
    const measured = await measure(module, log);
    if (update) writeFileSync(path, `${JSON.stringify(record(measured), null, 2)}\n`);
    if (!existsSync(path)) throw new CommandError(`${path} is missing: node tools/drift.ts --update writes it`);
    const recorded = JSON.parse(readFileSync(path, 'utf8')) as Recorded;
    const findings = compare(measured, recorded);
    printFindings(findings, measured, recorded);
    total.passed += findings.filter(({ ok }) => ok).length;
    total.failed += findings.filter(({ ok }) => !ok).length;
  }
  return total;
}

if (import.meta.filename === process.argv[1]) {
  const unknown = process.argv.slice(2).find((argument) => argument !== '--update');
  if (unknown !== undefined) {
    console.error(`tools/drift: unknown argument '${unknown}' (allowed: --update)`);
    process.exit(2);
  }
  checkDrift(join(kRoot, 'build/logs/drift.log'), process.argv.includes('--update')).then(
    ({ passed, failed, skipped }) => {
      console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
      process.exitCode = failed === 0 ? 0 : 1;
    },
    (error: unknown) => {
      console.error(`tools/drift: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    },
  );
}
