// Measures OptLab against other libraries and writes docs/benchmarks.json and docs/benchmarks.md; peers/ holds the parts.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { CommandError, kRoot, seconds } from './lib/command.ts';
import { familyOf, kFamilies } from '../peers/families/index.ts';
import type { Family } from '../peers/family.ts';
import { buildOurLinks, installNativePeers, installWebPeers, webVersions } from '../peers/install.ts';
import {
  entriesOf,
  type Field,
  notesOf,
  openNativeField,
  openWebField,
  type PartName,
  settingsOf,
} from '../peers/lanes.ts';
import { figure } from '../peers/figures.ts';
import { machine } from '../peers/machine.ts';
import { markdown } from '../peers/report.ts';
import { decodeResults, encodeResults, readResults } from '../peers/results.ts';
import { measureTask } from '../peers/rotation.ts';
import { summarize } from '../peers/statistics.ts';
import type { LaneResult, Method, Section, Task } from '../peers/types.ts';
import { servePeers } from '../peers/web-server.ts';

const kParts: readonly PartName[] = ['web', 'native'];
const kNames = kFamilies.map(({ name }) => name);

const kHelp = `usage: tools/bench-peers [--families FAMILY,…] [--only web|native]… [--shapes SHAPE,…] [--repetitions N]
                         [--patience SECONDS] [--quick] [--out FOLDER] [--no-build] [--report]

Measures OptLab's kernels, training and language model against onnxruntime-web, TensorFlow.js, LiteRT.js and wllama in Chromium, and against
OpenBLAS, oneDNN, Eigen and libtorch natively; installs them first, and does without libtorch where that can't be. Writes benchmarks.json and benchmarks.md. What isn't measured is kept as the last run left it.

  --families FAMILY,… some of ${kNames.join(', ')} (all)
  --only PART        web or native
  --shapes SHAPE,…   the family's section then has no others:
${kFamilies.map(({ name, tasks, shortName }) => `                       ${name}: ${tasks.map(shortName).join(', ')}`).join('\n')}
  --repetitions N    quiet repetitions of every library and shape (9)
  --patience SECONDS how long to wait for a quiet machine, for each shape (120)
  --quick            three short repetitions and no patience: to try the tool, not for figures
  --out FOLDER       instead of docs
  --no-build         take the WebAssembly links that are there
  --report           measure nothing, write benchmarks.md anew from benchmarks.json`;

/** Some tasks of a family. */
interface Choice {
  family: Family;
  tasks: readonly Task[];
}

interface Options {
  parts: readonly PartName[];
  choices: readonly Choice[];
  method: Method;
  out: string;
  build: boolean;
  report: boolean;
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

/** The families' tasks, those that `shapes` names if there is such a list; families without any are left out. */
function chooseTasks(families: readonly Family[], shapes: readonly string[] | undefined): Choice[] {
  const known = new Map(families.flatMap(({ tasks, shortName }) => tasks.map((task) => [shortName(task), task.name])));
  const names = new Set(choose('shapes', shapes, known));
  return families
    .map((family) => ({ family, tasks: family.tasks.filter(({ name }) => names.has(name)) }))
    .filter(({ tasks }) => tasks.length > 0);
}

function parse(argv: string[]): Options | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      options: {
        families: { type: 'string', multiple: true },
        only: { type: 'string', multiple: true },
        shapes: { type: 'string', multiple: true },
        repetitions: { type: 'string' },
        patience: { type: 'string' },
        quick: { type: 'boolean', default: false },
        out: { type: 'string', default: 'docs' },
        'no-build': { type: 'boolean', default: false },
        report: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const { values } = parsed;
  if (values.help) return undefined;
  const { quick } = values;
  const families = choose('families', values.families, new Map(kFamilies.map((family) => [family.name, family])));
  return {
    parts: choose('only', values.only, new Map(kParts.map((part) => [part, part]))),
    choices: chooseTasks(families, values.shapes),
    method: {
      repetitionSeconds: quick ? 0.03 : 0.1,
      wanted: positive('repetitions', values.repetitions, quick ? 3 : 9),
      warmSeconds: quick ? 0.2 : 1,
      patienceSeconds: positive('patience', values.patience, quick ? 2 : 120),
      quick,
    },
    out: resolve(values.out),
    build: !values['no-build'],
    report: values.report,
  };
}

function printLane(task: Task, { label, set, threads, problem, repetitions }: LaneResult): void {
  const quiet = repetitions.filter((repetition) => repetition.quiet);
  const name = `${task.name.padEnd(24)}${label.padEnd(52)}${set.padEnd(18)}/${threads} `;
  if (problem !== null || quiet.length === 0) {
    console.log(`${name}${problem ?? `no quiet repetition of ${repetitions.length}`}`);
    return;
  }
  const { work, unit } = familyOf(task);
  const { median, low, high } = summarize(quiet.map(({ calls, seconds: time }) => (1e-9 * calls * work(task)) / time));
  const range = `(${figure(low)}–${figure(high)})`;
  const dropped = repetitions.length - quiet.length;
  console.log(
    `${name}${figure(median).padStart(6)} ${unit} ${range.padEnd(15)} ${quiet.length} quiet, ${dropped} dropped`,
  );
}

async function measure(field: Field, part: PartName, { family, tasks }: Choice, method: Method): Promise<Section> {
  const section: Section = {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: machine(),
    versions: {},
    settings: settingsOf(field, family, part),
    method,
    notes: notesOf(field, family, part),
    tasks: [],
  };
  for (const task of tasks) {
    const probe = family.probed.has(task.name) ? field.probe : undefined;
    const rotation = { entries: entriesOf(field, family, part, task), method, onLane: printLane };
    section.tasks.push(await measureTask(task, probe ? { ...rotation, probe } : rotation));
  }
  return section;
}

/** Measures family after family and hands over each as soon as it is done. */
async function measureAll(
  open: (families: readonly Family[]) => Promise<Field>,
  part: PartName,
  { choices, method }: Options,
  done: (family: Family, section: Section, field: Field) => void,
): Promise<void> {
  const some = choices.filter(({ family }) => family[part].tables.length > 0);
  if (some.length === 0) return;
  const field = await open(some.map(({ family }) => family));
  try {
    for (const choice of some) done(choice.family, await measure(field, part, choice, method), field);
  } finally {
    await field.close();
  }
}

type Done = (family: Family, section: Section) => void;

async function measureWeb(options: Options, log: string, done: Done): Promise<void> {
  const modules = await installWebPeers(log);
  if (options.build) await buildOurLinks(log);
  const server = await servePeers(modules);
  try {
    await measureAll(
      (families) => openWebField(server.url, families),
      'web',
      options,
      (family, section, { browser = 'unknown' }) =>
        done(family, { ...section, versions: { Chromium: browser, ...webVersions(modules) } }),
    );
  } finally {
    server.close();
  }
}

async function measureNative(options: Options, log: string, done: Done): Promise<void> {
  const versions = await installNativePeers(log);
  await measureAll(openNativeField, 'native', options, (family, section) => done(family, { ...section, versions }));
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  if (!options) {
    console.log(kHelp);
    return;
  }
  const path = join(options.out, 'benchmarks.json');
  const results = readResults(path);
  // From what the file says, with its rounding: `--report` must come to the same.
  const report = () =>
    writeFileSync(join(options.out, 'benchmarks.md'), markdown(decodeResults(encodeResults(results))));
  if (options.report) {
    report();
    return;
  }
  if (process.platform !== 'linux') throw new CommandError('only Linux says what other processes do (/proc)');
  const start = performance.now();
  const log = join(kRoot, 'build/logs/bench-peers.log');
  rmSync(log, { force: true });
  mkdirSync(options.out, { recursive: true });
  for (const part of options.parts) {
    await (part === 'web' ? measureWeb : measureNative)(options, log, ({ name }, section) => {
      results.families[name] = { web: null, native: null, ...results.families[name], [part]: section };
      writeFileSync(path, encodeResults(results));
      report();
    });
  }
  console.log(`wrote ${path} and benchmarks.md beside it (${seconds(start)})`);
}

main().catch((error: unknown) => {
  const isExpected = error instanceof CommandError || error instanceof UsageError;
  console.error(`tools/bench-peers: ${isExpected ? error.message : ((error as Error).stack ?? String(error))}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
