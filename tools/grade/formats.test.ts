// The gradebook's formats, made of two records that have something of everything.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { problemsOf } from '#lab/schema.ts';
import { toClassroom, toCsv, toGradescope, toJUnit } from './formats.ts';
import { merge } from './merge.ts';
import { UsageError } from './options.ts';
import { prepareOutput, readSummary, writeRecord, writeSummary, type RunFile } from './output.ts';
import { kSchemaPath, resultSchema } from './result-schema.ts';
import { kGradeRecord, ResultCache, resultKey, type Conditions, type GradeRecord } from './record.ts';
import { fileName, gradebook, type Summary } from './summary.ts';

const kSeed = 'top-secret';

function record(student: string, more: Partial<GradeRecord> = {}): GradeRecord {
  const test = { output: null, task_id: 'right', seconds: 0.25, measurement: null };
  return {
    version: 3,
    status: 'fail',
    message: null,
    tests: [
      { ...test, name: 'primes', status: 'pass', reason: null, message: null },
      { ...test, name: 'a < b & "c"', status: 'fail', reason: 'fail', message: 'C[0] is\n\u0000<1>', output: '·×' },
      { ...test, name: 'rest', status: 'error', reason: 'error', message: 'Not run' },
    ],
    exercise: '02-b/loops',
    points: 3,
    maxPoints: 5,
    tasks: [
      { id: 'right', title: 'Right', kind: 'correctness', status: 'fail', points: 0, maxPoints: 2, ratio: null },
      { id: 'fast', title: 'Fast', kind: 'performance', status: 'pass', points: 3, maxPoints: 3, ratio: 2.5 },
    ],
    diagnostics: [],
    seed: kSeed,
    compiler: 'clang',
    seconds: 1.5,
    student,
    file: `${student}/loops.cpp`,
    sourceHash: 'a'.repeat(64),
    ...more,
  };
}

function summaryOf(records: GradeRecord[], students: string[]): Summary {
  const exercises = [
    { name: '01-a/count', title: 'Count', maxPoints: 4 },
    { name: '02-b/loops', title: 'Loops', maxPoints: 5 },
  ];
  const submissions = records.map(({ student, exercise, file, sourceHash, status, points, maxPoints }) => {
    return { student, exercise, file, sourceHash, status, points, maxPoints, record: 'r', cached: false };
  });
  const conditions = { seed: kSeed, compiler: 'clang', skipPerformance: false, shard: null, complete: true };
  const rest = { unknown: [], ignored: [], students: gradebook(students, exercises, submissions) };
  return { version: 1, ...conditions, exercises, submissions, ...rest };
}

test('gradebook.csv: missing files are 0 and marked, names are safe', () => {
  const records = [record('anna'), record('=cmd|"x"', { points: 5, status: 'pass' }), record('anna', { points: 1 })];
  const csv = toCsv(summaryOf(records, ['anna', '=cmd|"x"', 'zoe']));
  assert.equal(
    csv,
    'student,01-a/count,01-a/count status,02-b/loops,02-b/loops status,total,max\r\n' +
      'anna,0,missing,3,fail,3,9\r\n' +
      '"\'=cmd|""x""",0,missing,5,pass,5,9\r\n' +
      'zoe,0,missing,0,missing,0,9\r\n',
  );
});

test('junit.xml counts and escapes', () => {
  const broken = record('ben', { status: 'error', tests: [], message: 'kernel.cpp:1: error: no' });
  const xml = toJUnit([record('anna'), broken]);
  assert.match(xml, /<testsuites name="optlab" tests="4" failures="1" errors="2">/);
  assert.match(xml, /<testsuite name="anna\/02-b\/loops" tests="3" failures="1" errors="1" time="1.500">/);
  assert.ok(
    xml.includes(
      'name="a &lt; b &amp; &quot;c&quot;" time="0.250"><failure message="C[0] is&#10;\ufffd&lt;1&gt;">·×</failure>',
    ),
  );
  assert.ok(xml.includes('<error message="kernel.cpp:1: error: no"></error>'));
  assert.ok(!xml.includes('\0'));
});

test("Gradescope's and GitHub Classroom's results have tasks, missing exercises, and no seed", () => {
  const records = [record('anna')];
  const summary = summaryOf(records, ['anna']);
  const gradescope = toGradescope('anna', summary, records) as { score: number; tests: Record<string, unknown>[] };
  assert.equal(gradescope.score, 3);
  assert.deepEqual(
    gradescope.tests.map(({ name, score, max_score: max, status }) => [name, score, max, status]),
    [
      ['01-a/count', 0, 4, 'failed'],
      ['02-b/loops: Right', 0, 2, 'failed'],
      ['02-b/loops: Fast', 3, 3, 'passed'],
    ],
  );
  assert.ok(!JSON.stringify(gradescope).includes(kSeed));
  const classroom = toClassroom('anna', summary, records) as { status: string; max_score: number };
  assert.deepEqual([classroom.status, classroom.max_score], ['fail', 9]);
  assert.ok(!JSON.stringify(classroom).includes(kSeed));
});

describe('the contract of records', () => {
  const { sourceHash: _, ...without } = record('anna');
  const measurement = { ratio: 2, low: 1, high: 3, rounds: [[1, 2]], callsPerSample: 1, clockTick: 1e-6 };
  const timed = (more: object) => {
    const [test] = record('anna').tests;
    return { ...record('anna'), tests: [{ ...test, measurement: { ...measurement, ...more } }] };
  };
  const kWrong: [unknown, string][] = [
    [null, 'it must be an object'],
    [without, "'sourceHash' is missing"],
    [record('anna', { points: NaN }), "'points' must be a number from 0"],
    [record('anna', { seconds: -1 }), "'seconds' must be a number from 0"],
    [{ ...record('anna'), grade: 'A' }, `'grade' is unknown (allowed: ${Object.keys(record('')).join(', ')})`],
    [record('anna', { status: 'great' as 'pass' }), "'status' must be one of pass, fail, error"],
    [record('anna', { exercise: '../../etc/passwd' }), '\'exercise\' must be "<lesson>/<id>"'],
    [record('anna', { sourceHash: 'A'.repeat(64) }), "'sourceHash' must be 64 hexadecimal digits"],
    [record('anna', { tasks: [] }), "'tasks' must be a list of at least one task"],
    [record('anna', { tests: {} as [] }), "'tests' must be a list"],
    [record('anna', { diagnostics: [7 as never] }), "'diagnostics.0' must be a text"],
    [timed({ rounds: [[1]] }), "'tests.primes.measurement.rounds.0.1' must be a number from 0"],
    [timed({ callsPerSample: 0.5 }), "'tests.primes.measurement.callsPerSample' must be a whole number from 1"],
    [timed({ low: '1' }), "'tests.primes.measurement.low' must be a number from 0"],
  ];
  const published = new Ajv({ allErrors: true }).compile(resultSchema());

  test('accepts records', () => {
    for (const value of [record('anna'), timed({})]) {
      assert.deepEqual(problemsOf(kGradeRecord, value), []);
      assert.ok(published(value), JSON.stringify(published.errors));
    }
  });
  for (const [value, problem] of kWrong)
    test(`says that ${problem.slice(0, 60)}`, () => {
      assert.ok(problemsOf(kGradeRecord, value).includes(problem), problemsOf(kGradeRecord, value).join('; '));
      assert.ok(!published(value));
    });
  test('is published as it is (node tools/grade/result-schema.ts writes it)', () => {
    assert.deepEqual(JSON.parse(readFileSync(kSchemaPath, 'utf8')), resultSchema());
  });
});

test('names become paths that stay where they belong', () => {
  const names = ['anna', '..', '.', 'a/b', 'a%2fb', '', 'Zoë Ünal', 'a\\b', '../../etc'];
  const paths = names.map(fileName);
  assert.equal(new Set(paths).size, names.length);
  for (const path of paths) assert.doesNotMatch(path, /^\.*$|[/\\]/);
  assert.equal(fileName('Zoë Ünal'), 'Zoë Ünal');
});

test('a key changes with whatever a result depends on', () => {
  const base: Conditions = { grader: 'g', compiler: 'c', threads: 2, seed: 's', skipPerformance: false };
  const others = [{ grader: 'h' }, { compiler: 'd' }, { threads: 1 }, { seed: 't' }, { skipPerformance: true }];
  const keys = [
    resultKey(base, 'e', 'f', 'x'),
    ...others.map((other) => resultKey({ ...base, ...other }, 'e', 'f', 'x')),
    resultKey(base, 'E', 'f', 'x'),
    resultKey(base, 'e', 'F', 'x'),
    resultKey(base, 'e', 'f', 'X'),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(resultKey({ ...base }, 'e', 'f', 'x'), keys[0]);
});

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'optlab-output-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the cache gives back what was put in, and nothing that is broken', () => {
  const folder = scratch();
  const { student: _s, file: _f, sourceHash: _h, ...result } = record('anna');
  const cache = new ResultCache(folder);
  const key = 'ab'.repeat(32);
  assert.equal(cache.get(key), null);
  cache.put(key, result);
  assert.deepEqual(cache.get(key), result);
  for (const broken of ['{"version":3,', '{"version":3}', '']) {
    writeFileSync(join(folder, 'ab', `${key}.json`), broken);
    assert.equal(cache.get(key), null);
  }
});

const kRun: RunFile = {
  ...{ tool: 'optlab-grade', seed: kSeed, skipPerformance: false, lesson: null, only: [] },
  ...{ student: null, inputs: [], shard: null },
};

test('a folder with other things in it is left alone', () => {
  const folder = scratch();
  mkdirSync(join(folder, 'submissions'));
  writeFileSync(join(folder, 'submissions/precious.txt'), 'x');
  assert.throws(
    () => prepareOutput(folder, kRun),
    (error) => error instanceof UsageError && /holds other files/.test(error.message),
  );
});

test('parts of a class merge into what the whole would have given', () => {
  const parts = [['anna', 'ben'], ['zoe']].map((students) => {
    const folder = scratch();
    const records = students.filter((name) => name !== 'ben').map((student) => record(student));
    prepareOutput(folder, kRun);
    const taken = new Set<string>();
    const summary = summaryOf(records, students);
    records.forEach((one, i) => (summary.submissions[i]!.record = writeRecord(folder, one, taken)));
    writeSummary(folder, summary, records);
    return folder;
  });
  const out = join(scratch(), 'merged');
  const merged = merge({ command: 'merge', folders: parts, out });
  const whole = summaryOf([record('anna'), record('zoe')], ['anna', 'ben', 'zoe']);
  assert.equal(toCsv(merged), toCsv(whole));
  assert.deepEqual(readSummary(out), merged);

  const other = scratch();
  prepareOutput(other, kRun);
  writeSummary(other, { ...summaryOf([], ['x']), seed: 'another' }, []);
  assert.throws(
    () => merge({ command: 'merge', folders: [parts[0]!, other], out }),
    /they differ in seed \(top-secret, another\)/,
  );
  assert.throws(() => merge({ command: 'merge', folders: [scratch()], out }), /holds no results\.json/);
});
