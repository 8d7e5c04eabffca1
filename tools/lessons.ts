// Checks the lessons, as an author should before every commit:   npm run lessons -- check [NAME…]
// Makes the skeleton of a new one or of a part of it:             npm run lessons -- new experiment|exercise|lesson NAME
//
// NAME is "<lesson>/<id>", to check also an id alone. A line per exercise, problems under it, then experiments and lessons that have problems;
// the last line is `N exercises, N problems`.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { NodeHost } from './grade/host.ts';
import { CommandError, kRoot, seconds } from './lib/command.ts';
import { exerciseFolders, loadExercise, readSpec } from './lib/exercises.ts';
import { fileProblems, useProblems } from './lessons/folders.ts';
import { create, kKinds, type Kind } from './lessons/create.ts';
import { experimentProblems } from './lessons/experiments.ts';
import { tryExercise, type Trial } from './lessons/trial.ts';

const kUsage = `usage: npm run lessons -- new experiment|exercise|lesson NAME
       npm run lessons -- check [NAME…] [--no-run] [--any-machine]
  --no-run        only what needs no compiler
  --any-machine   levels that are too high for this machine are noted and fail nothing`;

function chosen(names: readonly string[]): string[] {
  const all = exerciseFolders(kRoot);
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((folder) => folder === name || folder.split('/')[1] === name);
    if (found === undefined) throw new CommandError(`no exercise '${name}' (there are: ${all.join(', ')})`);
    return found;
  });
}

async function checkOne(name: string, host: NodeHost | null): Promise<Trial> {
  const { spec, problems } = readSpec(name);
  if (spec === null) return { problems, unfair: [], summary: '' };
  problems.push(...fileProblems(kRoot, name, spec));
  // A missing file would only show again as an exception.
  if (problems.length > 0 || host === null) return { problems, unfair: [], summary: '' };
  return tryExercise(loadExercise(name), host, `check/${Date.now()}`);
}

async function check(names: readonly string[], mayRun: boolean, anyMachine: boolean): Promise<number> {
  const host = mayRun ? new NodeHost() : null;
  const uses = useProblems(kRoot);
  const wanted = chosen(names);
  let count = 0;
  const report = (name: string, problems: readonly string[], note: string) => {
    count += problems.length;
    console.log(`${problems.length === 0 ? 'ok  ' : 'BAD '} ${name.padEnd(32)} ${note}`.trimEnd());
    for (const text of problems) console.log(`       ${text.replaceAll('\n', '\n       ')}`);
  };
  try {
    for (const name of wanted) {
      const start = performance.now();
      const { problems, unfair, summary } = await checkOne(name, host);
      const all = [...problems, ...(anyMachine ? [] : unfair), ...(uses.get(name) ?? [])];
      report(name, all, `${summary.padEnd(40)} ${seconds(start)}`);
      if (anyMachine) for (const text of unfair) console.log(`       note: ${text}`);
    }
    if (names.length === 0) {
      for (const [lesson, problems] of uses) if (!lesson.includes('/')) report(lesson, problems, '');
      for (const [name, problems] of experimentProblems(kRoot)) report(name, problems, '');
    }
  } finally {
    host?.close();
  }
  console.log(`${wanted.length} exercises, ${count} problems`);
  return wanted.length > 0 && count === 0 ? 0 : 1;
}

function make([kind = '', name = '', ...more]: readonly string[]): void {
  if (!kKinds.includes(kind as Kind))
    throw new CommandError(`cannot make a new '${kind}' (allowed: ${kKinds.join(', ')})`);
  if (name === '' || more.length > 0) throw new CommandError(`a new ${kind} needs one name. ${kUsage}`);
  const { folder, files, next } = create(kind as Kind, name, kRoot);
  console.log(`${folder}: ${files.join(', ')}`);
  console.log(
    kind === 'lesson'
      ? `next: ${next}`
      : `to show it, put this into the lesson's index.md on a line of its own: ${next}`,
  );
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      run: { type: 'boolean', default: true },
      'any-machine': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowNegative: true,
  });
  const [command, ...names] = positionals;
  if (values.help) console.log(kUsage);
  else if (command === 'new') make(names);
  else if (command !== 'check')
    throw new CommandError(`unknown command '${command ?? ''}' (allowed: new, check). ${kUsage}`);
  else process.exitCode = await check(names, values.run, values['any-machine']);
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(`lessons: ${error.message}`);
  process.exitCode = 2;
}
