// Hostile sources, each graded as a student's would be. A new attack is one file in red-team/; its first line says what it does and how it must
// end: "// attack: WHAT | VERDICT | PATTERN". Verdicts: "refused" (not run at all), "passes" (harmless: right and safe), "<task> <how>" with a
// task of the exercise and fail, trap, timeout, error or any; "fast slow": timed, but no level is reached. PATTERN must match what is said.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadExercise, exerciseFolder } from '../tools/lib/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import type { Exercise } from '#lab/grading/exercise.ts';
import { gradeSource } from '#lab/grading/grade.ts';
import type { GradeResult } from '#lab/grading/result.ts';

const kExercise = '02-acceleration/reordered';
const kFolder = join(import.meta.dirname, 'red-team');
/** Of the exercise's cases: enough to be caught by, few enough to wait for. */
const kCases = ['primes', 'K is 0: a sum of nothing', 'any shape', '5×7 times 7×3'];

interface Attack {
  name: string;
  source: string;
  what: string;
  verdict: string;
  pattern: RegExp;
}

function readAttack(file: string): Attack {
  const source = readFileSync(join(kFolder, file), 'utf8');
  const [what = '', verdict = '', ...pattern] = (source.split('\n')[0] ?? '').replace('// attack: ', '').split(' | ');
  assert.ok(verdict !== '', `${file} must begin with "// attack: WHAT | VERDICT | PATTERN"`);
  return { name: file.replace('.cpp', ''), source, what, verdict, pattern: new RegExp(pattern.join(' | ')) };
}

/** Sources that are too large or too odd to lie in a folder. */
function madeAttacks(): Attack[] {
  const kernel = readFileSync(join(exerciseFolder(kExercise), 'solution.cpp'), 'utf8');
  const many = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n');
  const lines = many(300, (i) => `  if (x == ${i}) total += ${i % 7};`);
  return [
    ['ten-megabytes', 'a source of 10 MB', 'refused', /at most 256 KB/, `${'// nothing\n'.repeat(900_000)}${kernel}`],
    ['null-characters', 'null characters', 'passes', /./, kernel.replace('float x', '\0float\0 x')],
    [
      'invalid-text',
      'bytes that are no UTF-8',
      'passes',
      /./,
      `// ${Buffer.from([0xff, 0xfe, 0xc0]).toString('utf8')}\ud800\n${kernel}`,
    ],
    ['empty', 'nothing at all', 'refused', /the function matmul is missing/, ''],
    [
      'long-function',
      'one function of 300 statements',
      'passes',
      /./,
      `${kernel}\nint long_one(int x) {\n  volatile int total = 0;\n${lines}\n  return total;\n}\n`,
    ],
    [
      'deep-brackets',
      'a thousand brackets',
      'refused',
      /bracket nesting level/,
      `int x = ${'('.repeat(1000)}1${')'.repeat(1000)};\n${kernel}`,
    ],
  ].map(([name, what, verdict, pattern, source]) => ({ name, what, verdict, pattern, source }) as Attack);
}

function trimmed(exercise: Exercise): Exercise {
  const { spec } = exercise;
  const tasks = spec.tasks.map((task) =>
    task.kind === 'performance' ? task : { ...task, cases: task.cases.filter(({ name }) => kCases.includes(name)) },
  );
  return { ...exercise, spec: { ...spec, budgets: { ...spec.budgets, caseSeconds: 1, timingSeconds: 1 }, tasks } };
}

/** What the budgets allow altogether: two compiles of the source, the compiler's start, and every case with a worker's start. */
function allowedSeconds({ spec: { tasks, budgets } }: Exercise): number {
  const cases = tasks.reduce((sum, task) => sum + (task.kind === 'performance' ? 1 : task.cases.length), 0);
  return 3 * (60 + 60) + cases * (2 * Math.max(budgets.caseSeconds, budgets.timingSeconds) + 2);
}

function judge({ verdict, pattern }: Attack, result: GradeResult): void {
  const record = JSON.stringify({ ...result, tests: result.tests.map((test) => ({ ...test, measurement: null })) });
  const [taskId, how = ''] = verdict.split(' ');
  if (verdict === 'refused') {
    assert.equal(result.status, 'error', record);
    assert.match(result.message ?? '', pattern, record);
    assert.equal(result.points, 0);
    return;
  }
  assert.notEqual(result.status, 'error', record);
  if (verdict === 'passes') {
    for (const task of result.tasks) if (task.kind !== 'performance') assert.equal(task.status, 'pass', record);
    return;
  }
  const task = result.tasks.find(({ id }) => id === taskId);
  assert.ok(task !== undefined, `no task ${taskId}`);
  assert.equal(task.points, 0, record);
  assert.equal(task.status, 'fail', record);
  const tests = result.tests.filter(({ task_id }) => task_id === taskId);
  if (how === 'slow') return assert.ok(tests[0]?.measurement, record);
  assert.ok(
    tests.some(({ reason, message }) => (how === 'any' || reason === how) && pattern.test(message ?? '')),
    record,
  );
}

describe('hostile sources', () => {
  const exercise = trimmed(loadExercise(kExercise));
  const allCases = exercise.spec.tasks.reduce(
    (sum, task) => sum + (task.kind === 'performance' ? 1 : task.cases.length),
    0,
  );
  const good = readFileSync(join(exerciseFolder(kExercise), 'solution.cpp'), 'utf8');
  let host: NodeHost;
  before(() => void (host = new NodeHost()));
  after(() => host.close());
  const grade = (source: string, isTimed: boolean) =>
    gradeSource({ exercise, source, seed: 'red team', host, skipPerformance: !isTimed });

  const attacks = [...globSync('*.cpp', { cwd: kFolder }).sort().map(readAttack), ...madeAttacks()];
  for (const attack of attacks) {
    it(`${attack.name}: ${attack.what}`, async () => {
      const start = performance.now();
      const result = await grade(attack.source, attack.verdict.startsWith('fast'));
      const seconds = (performance.now() - start) / 1000;
      judge(attack, result);
      if (result.status !== 'error') assert.equal(result.tests.length, allCases, 'every case has its verdict');
      assert.ok(seconds <= allowedSeconds(exercise), `${seconds} s`);
    });
  }

  it('a good source is graded as ever after all of them', async () => {
    const result = await grade(good, false);
    assert.deepEqual(
      result.tests.filter(({ task_id }) => task_id !== 'fast').map(({ status, message }) => [status, message]),
      kCases.map(() => ['pass', null]),
    );
  });
});
