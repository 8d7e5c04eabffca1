// Measures OptLab against other libraries and writes docs/benchmarks.json and docs/benchmarks.md; tools/peers/ holds the parts.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { CommandError, kRoot, seconds } from './lib/command.ts';
import { flops, kProbed, kTasks, shortName } from './peers/families/gemm-f32.ts';
import { buildOurLinks, installNativePeers, installWebPeers, webVersions } from './peers/install.ts';
import { type Field, openNativeField, openWebField, takesPart } from './peers/lanes.ts';
import { machine } from './peers/machine.ts';
import { encodeResults, markdown } from './peers/report.ts';
import { measureTask } from './peers/rotation.ts';
import { summarize } from './peers/statistics.ts';
import type { LaneResult, Method, Results, Section, Task } from './peers/types.ts';
import { servePeers } from './peers/web-server.ts';

const kParts = ['web', 'native'] as const;
type Part = (typeof kParts)[number];

const kHelp = `usage: tools/bench-peers [--only web|native]… [--shapes SHAPE,…] [--repetitions N] [--patience SECONDS] [--quick]
                         [--out FOLDER] [--no-build]

Measures OptLab's f32 matrix products against onnxruntime-web, TensorFlow.js and LiteRT.js in Chromium, and against OpenBLAS, oneDNN and
Eigen natively; installs them first. Writes benchmarks.json and benchmarks.md.

  --only PART        web or native; the other part is kept as the last run left it
  --shapes SHAPE,…   some of ${kTasks.map(shortName).join(', ')}; the report then has no others
  --repetitions N    quiet repetitions of every library and shape (9)
  --patience SECONDS how long to wait for a quiet machine, for each shape (120)
  --quick            three short repetitions and no patience: to try the tool, not for figures
  --out FOLDER       instead of docs
  --no-build         take the WebAssembly links that are there`;

interface Options {
  parts: readonly Part[];
  tasks: readonly Task[];
  method: Method;
  out: string;
  build: boolean;
}

class UsageError extends Error {}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new UsageError(`--${name} '${text}' is no whole number from 1 to 10000`);
  return value;
}

/** The allowed values that a list names; all of them if there is none. */
function choose<T>(name: string, lists: readonly string[] | undefined, allowed: ReadonlyMap<string, T>): T[] {
  const asked = lists?.flatMap((list) => list.split(',')) ?? [...allowed.keys()];
  const unknown = asked.find((value) => !allowed.has(value));
  if (unknown !== undefined)
    throw new UsageError(`unknown --${name} '${unknown}' (allowed: ${[...allowed.keys()].join(', ')})`);
  return [...allowed].filter(([key]) => asked.includes(key)).map(([, value]) => value);
}

function parse(argv: string[]): Options | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      options: {
        only: { type: 'string', multiple: true },
        shapes: { type: 'string', multiple: true },
        repetitions: { type: 'string' },
        patience: { type: 'string' },
        quick: { type: 'boolean', default: false },
        out: { type: 'string', default: 'docs' },
        'no-build': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const { values } = parsed;
  if (values.help) return undefined;
  const { quick } = values;
  return {
    parts: choose('only', values.only, new Map(kParts.map((part) => [part, part]))),
    tasks: choose('shapes', values.shapes, new Map(kTasks.map((task) => [shortName(task), task]))),
    method: {
      repetitionSeconds: quick ? 0.03 : 0.1,
      wanted: positive('repetitions', values.repetitions, quick ? 3 : 9),
      warmSeconds: quick ? 0.2 : 1,
      patienceSeconds: positive('patience', values.patience, quick ? 2 : 120),
      quick,
    },
    out: resolve(values.out),
    build: !values['no-build'],
  };
}

function printLane(task: Task, { label, set, threads, problem, repetitions }: LaneResult): void {
  const quiet = repetitions.filter((repetition) => repetition.quiet);
  const name = `${task.name.padEnd(12)}${label.padEnd(34)}${set.padEnd(18)}/${threads} `;
  if (problem !== null || quiet.length === 0) {
    console.log(`${name}${problem ?? `no quiet repetition of ${repetitions.length}`}`);
    return;
  }
  const { median, low, high } = summarize(quiet.map(({ calls, seconds: time }) => (1e-9 * calls * flops(task)) / time));
  const range = `(${low.toFixed(1)}–${high.toFixed(1)})`;
  const dropped = repetitions.length - quiet.length;
  console.log(
    `${name}${median.toFixed(1).padStart(6)} GFLOP/s ${range.padEnd(15)} ${quiet.length} quiet, ${dropped} dropped`,
  );
}

async function measure(field: Field, options: Options, versions: Record<string, string>): Promise<Section> {
  const { method } = options;
  const section: Section = {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: machine(),
    versions,
    settings: field.settings,
    method,
    notes: field.notes,
    tasks: [],
  };
  for (const task of options.tasks) {
    const entries = field.entries.filter(({ lane }) => takesPart(task, lane));
    const rotation = { entries, method, probed: kProbed, onLane: printLane };
    section.tasks.push(await measureTask(task, field.probe ? { ...rotation, probe: field.probe } : rotation));
  }
  return section;
}

async function measureWeb(options: Options, log: string): Promise<Section> {
  const modules = await installWebPeers(log);
  if (options.build) await buildOurLinks(log);
  const server = await servePeers(modules);
  try {
    const field = await openWebField(server.url);
    try {
      return await measure(field, options, { Chromium: field.browser ?? 'unknown', ...webVersions(modules) });
    } finally {
      await field.close();
    }
  } finally {
    server.close();
  }
}

async function measureNative(options: Options, log: string): Promise<Section> {
  const versions = await installNativePeers(log);
  const field = await openNativeField();
  try {
    return await measure(field, options, versions);
  } finally {
    await field.close();
  }
}

function readResults(path: string): Results {
  const empty: Results = { format: 1, web: null, native: null };
  if (!existsSync(path)) return empty;
  const found = JSON.parse(readFileSync(path, 'utf8')) as Results;
  return found.format === empty.format ? found : empty;
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  if (!options) {
    console.log(kHelp);
    return;
  }
  if (process.platform !== 'linux') throw new CommandError('only Linux says what other processes do (/proc)');
  const start = performance.now();
  const log = join(kRoot, 'build/logs/bench-peers.log');
  rmSync(log, { force: true });
  mkdirSync(options.out, { recursive: true });
  const path = join(options.out, 'benchmarks.json');
  const results = readResults(path);
  for (const part of options.parts) {
    results[part] = await (part === 'web' ? measureWeb : measureNative)(options, log);
    writeFileSync(path, encodeResults(results));
    writeFileSync(join(options.out, 'benchmarks.md'), markdown(results));
  }
  console.log(`wrote ${path} and benchmarks.md beside it (${seconds(start)})`);
}

main().catch((error: unknown) => {
  const isExpected = error instanceof CommandError || error instanceof UsageError;
  console.error(`tools/bench-peers: ${isExpected ? error.message : ((error as Error).stack ?? String(error))}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
