// An instructor's day: a class's folder with everything in it that is handed in, graded, graded again, killed in the middle and resumed; and
// the archive for Gradescope, unpacked and run.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { autograder } from '../tools/autograder/build.ts';
import { exerciseFolder, loadExercise } from '../tools/lib/exercises.ts';
import { submissionOf, type Kind } from '../tools/grade/make-class.ts';
import { kGradeRecord, type GradeRecord } from '../tools/grade/record.ts';
import type { Summary } from '../tools/grade/summary.ts';
import { Random } from '#lab/grading/random.ts';
import { problemsOf } from '#lab/schema.ts';

const kName = '02-acceleration/reordered';
const kSeed = 'instructors-secret';
const kFolder = mkdtempSync(join(tmpdir(), 'optlab-grade-'));
const kClass = join(kFolder, 'class');
const kProgram = join(import.meta.dirname, '../tools/grade.ts');
after(() => rmSync(kFolder, { recursive: true, force: true }));

const { spec } = loadExercise(kName);
const text = (file: string) => readFileSync(join(exerciseFolder(kName), file), 'utf8');
const kTexts = { starter: text('starter.cpp'), solution: text('solution.cpp') };
const kTimed = spec.tasks.filter(({ kind }) => kind === 'performance').reduce((sum, { points }) => sum + points, 0);
const kAll = spec.tasks.reduce((sum, { points }) => sum + points, 0);

function handIn(path: string, kind: Kind): void {
  const content = submissionOf(kind, spec, kTexts, new Random(path));
  const full = join(kClass, path);
  mkdirSync(dirname(full), { recursive: true });
  if (content !== null) writeFileSync(full, content);
}

before(() => {
  handIn('anna/reordered.cpp', 'solution');
  handIn('ben/02-acceleration/reordered.cpp', 'starter');
  handIn('cy/reordered.cpp', 'compile-error');
  handIn('dan/reordered.cpp', 'endless');
  handIn('eve/reordered.cpp', 'out-of-bounds');
  handIn('fay/reordered.cpp', 'import');
  handIn('gus/reordered.cpp', 'empty');
  handIn('hal/reordered.cpp', 'garbage');
  mkdirSync(join(kClass, 'ida'));
  handIn('jo/reorderd.cpp', 'solution');
  writeFileSync(join(kClass, 'kim.zip'), zipSync({ [`${kName}.cpp`]: strToU8(`// kim\n${kTexts.solution}`) }));
});

function grade(...argv: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [kProgram, ...argv], { encoding: 'utf8', timeout: 300_000 });
}

function summaryOf(out: string): Summary {
  return JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as Summary;
}

function rowsOf(out: string): Record<string, string[]> {
  const lines = readFileSync(join(out, 'gradebook.csv'), 'utf8').trim().split('\r\n').slice(1);
  return Object.fromEntries(lines.map((line) => line.split(',')).map(([student, ...cells]) => [student, cells]));
}

test('good, bad, hostile, empty and missing submissions become a gradebook', () => {
  const out = join(kFolder, 'out');
  const { status, stderr, stdout } = grade(
    kClass,
    '--exercise',
    kName,
    '--seed',
    kSeed,
    '--out',
    out,
    '--skip-performance',
  );
  assert.equal(status, 0, stderr);
  const right = String(kAll - kTimed);
  const max = String(kAll);
  assert.deepEqual(rowsOf(out), {
    anna: [right, 'fail', right, max],
    ben: ['0', 'fail', '0', max],
    cy: ['0', 'error', '0', max],
    dan: ['0', 'fail', '0', max],
    eve: ['0', 'fail', '0', max],
    fay: ['0', 'error', '0', max],
    gus: ['0', 'error', '0', max],
    hal: ['0', 'error', '0', max],
    ida: ['0', 'missing', '0', max],
    // One file, and --exercise says what it is.
    jo: [right, 'fail', right, max],
    kim: [right, 'fail', right, max],
  });
  assert.match(stdout, /gradebook\.csv/);

  const records = globSync('submissions/**/*.json', { cwd: out }).map(
    (path) => JSON.parse(readFileSync(join(out, path), 'utf8')) as GradeRecord,
  );
  assert.equal(records.length, 10);
  for (const record of records) assert.deepEqual(problemsOf(kGradeRecord, record), [], record.student);
  const of = (student: string) => records.find((record) => record.student === student)!;
  assert.ok(of('dan').tests.some(({ reason }) => reason === 'timeout'));
  assert.ok(of('dan').tests.some(({ message }) => message?.startsWith('Not run: 2 cases')));
  assert.match(of('eve').tests[0]?.message ?? '', /wrote 4 bytes before the start of/);
  assert.match(of('fay').message ?? '', /may not import anything/);
  assert.match(of('gus').message ?? '', /empty/);
  assert.match(of('hal').message ?? '', /no text/);
  assert.match(of('cy').message ?? '', /kernel\.cpp:\d+.*error/);
  assert.match(readFileSync(join(out, 'junit.xml'), 'utf8'), /<testsuites name="optlab" tests="\d+" failures="\d+"/);
  const gradescope = JSON.parse(readFileSync(join(out, 'gradescope/anna/results.json'), 'utf8')) as { score: number };
  assert.equal(gradescope.score, kAll - kTimed);

  // Again: everything is there already, and comes to the same.
  const before = rowsOf(out);
  const again = grade('--resume', '--out', out);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(rowsOf(out), before);
  const refused = new Set(['gus', 'hal']);
  for (const { student, cached } of summaryOf(out).submissions) assert.equal(cached, !refused.has(student), student);

  // Other operands are another matter.
  const { status: other } = grade(join(kClass, 'ben'), '--seed', 'other', '--out', out, '--skip-performance');
  assert.equal(other, 0);
  assert.deepEqual(
    summaryOf(out).submissions.map(({ cached }) => cached),
    [false],
  );
});

test('performance is measured, and two parts of a class merge', () => {
  const parts = ['1/2', '2/2'].map((shard, i) => {
    const out = join(kFolder, `part-${i}`);
    const { status, stderr } = grade(
      kClass,
      '--seed',
      kSeed,
      '--shard',
      shard,
      '--out',
      out,
      '--lesson',
      '02-acceleration',
      '--exercise',
      'reordered',
    );
    assert.equal(status, 0, stderr);
    return out;
  });
  const out = join(kFolder, 'merged');
  const { status, stderr } = grade('merge', ...parts, '--out', out);
  assert.equal(status, 0, stderr);
  assert.equal(Object.keys(rowsOf(out)).length, 11);
  const record = JSON.parse(readFileSync(join(out, 'submissions/anna', `${kName}.json`), 'utf8')) as GradeRecord;
  const timed = record.tests.find(({ measurement }) => measurement !== null);
  assert.ok((timed?.measurement?.rounds.length ?? 0) >= 3, timed?.message ?? '');
});

/** Processes whose parent was killed and that are still there. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.trim().split('\n').filter(Boolean).map(Number);
}

test('killed in the middle, a run leaves no processes and goes on where it was', async () => {
  const out = join(kFolder, 'killed');
  const child = spawn(
    process.execPath,
    [kProgram, kClass, '--seed', kSeed, '--out', out, '--skip-performance', '--jobs', '1'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const cached = () => globSync('.cache/??/*.json', { cwd: out }).length;
  while (cached() < 2 && child.exitCode === null) await sleep(20);
  const workers = childrenOf(child.pid!);
  const compilers = workers.flatMap(childrenOf);
  assert.ok(workers.length > 0);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  for (let i = 0; i < 100 && [...workers, ...compilers].some(isAlive); ++i) await sleep(50);
  assert.deepEqual([...workers, ...compilers].filter(isAlive), []);
  const done = cached();
  assert.ok(!existsSync(join(out, 'gradebook.csv')));

  const { status, stderr } = grade('--resume', '--out', out);
  assert.equal(status, 0, stderr);
  const { submissions, complete, seed } = summaryOf(out);
  assert.equal(complete, true);
  assert.equal(seed, kSeed);
  assert.ok(submissions.filter((one) => one.cached).length >= done);
  assert.ok(
    submissions.some((one) => !one.cached && one.status !== 'error'),
    'nothing was left to do',
  );
});

test('Ctrl-C writes what there is, and says what is pending', async () => {
  const out = join(kFolder, 'stopped');
  const argv = [kProgram, kClass, '--seed', kSeed, '--out', out, '--skip-performance', '--jobs', '1'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (globSync('.cache/??/*.json', { cwd: out }).length < 1 && child.exitCode === null) await sleep(20);
  child.kill('SIGINT');
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 130);
  const { complete, submissions } = summaryOf(out);
  assert.equal(complete, false);
  assert.ok(submissions.some(({ status }) => status === 'pending'));
  assert.ok(submissions.some(({ status }) => status === 'fail'));
  assert.match(said, /go on with: npm run grade -- --resume/);
  assert.match(readFileSync(join(out, 'gradebook.csv'), 'utf8'), /,pending,/);
});

test("Gradescope's archive grades by itself, without solutions in it", () => {
  const root = join(kFolder, 'autograder');
  const bytes = autograder({ exercises: [kName], seed: kSeed, skipPerformance: true });
  const files = unzipSync(bytes);
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'source', name)), { recursive: true });
    writeFileSync(join(root, 'source', name), data);
  }
  assert.deepEqual(
    Object.keys(files).filter((name) => /solution|hints|starter|\.test\.ts$/.test(name)),
    [],
  );
  const program = join(root, 'run_autograder');
  cpSync(join(root, 'source/run_autograder'), program);
  chmodSync(program, 0o755);
  const results = () => {
    // As in the container: nothing of this checkout, and the node that setup.sh makes sure of.
    const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, OPTLAB_AUTOGRADER: root };
    const { status, stderr } = spawnSync(program, [], { encoding: 'utf8', env, cwd: '/', timeout: 300_000 });
    assert.equal(status, 0, stderr);
    return readFileSync(join(root, 'results/results.json'), 'utf8');
  };
  mkdirSync(join(root, 'submission'));
  assert.equal((JSON.parse(results()) as { score: number }).score, 0);
  writeFileSync(join(root, 'submission/my kernel.cpp'), kTexts.solution);
  const passed = results();
  assert.equal((JSON.parse(passed) as { score: number }).score, kAll - kTimed);
  assert.ok(!passed.includes(kSeed));
});
