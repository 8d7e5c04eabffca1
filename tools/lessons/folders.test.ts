import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import type { ExerciseSpec } from '#lab/grading/exercise.ts';
import { exerciseProblems } from '#lab/grading/exercise-schema.ts';
import { kRoot } from '../lib/command.ts';
import { exerciseFolders, readHints, readSpec } from '../lib/exercises.ts';
import { fileProblems, useProblems } from './folders.ts';
import { toHalf } from './precision.ts';

const root = mkdtempSync(join(tmpdir(), 'lessons-'));
after(() => rmSync(root, { recursive: true }));
const kName = '02-acceleration/reordered';
const folder = join(root, 'lessons/02-acceleration/exercises/reordered');
const page = join(root, 'lessons/02-acceleration/index.md');
const kTag = `<code-exercise exercise="${kName}"></code-exercise>\n`;

beforeEach(() => {
  rmSync(join(root, 'lessons'), { recursive: true, force: true });
  cpSync(join(kRoot, 'lessons/02-acceleration/exercises/reordered'), folder, { recursive: true });
  writeFileSync(page, kTag);
});

function filesOf(): string[] {
  const { spec, problems } = readSpec(kName, root);
  return spec === null ? problems : fileProblems(root, kName, spec);
}

describe('a folder', () => {
  test('nothing is wrong with a good one', () => {
    assert.deepEqual(exerciseFolders(root), [kName]);
    assert.deepEqual(filesOf(), []);
    assert.deepEqual([...useProblems(root)], []);
  });
  test('missing and stray files', () => {
    rmSync(join(folder, 'hints.md'));
    rmSync(join(folder, 'reference.cpp'));
    writeFileSync(join(folder, 'notes.txt'), '');
    assert.deepEqual(
      filesOf().map((text) => text.split(' (')[0]),
      ['hints.md is missing', 'reference.cpp is missing', 'notes.txt does not belong here'],
    );
  });
  test('a source without the header', () => {
    writeFileSync(join(folder, 'starter.cpp'), 'void matmul();\n');
    assert.match(filesOf().join(), /starter.cpp does not include "exercise.h"/);
  });
  test('a folder without a description, and one that is no JSON', () => {
    writeFileSync(join(folder, 'exercise.json'), '{');
    assert.match(filesOf().join(), /exercise.json: .*JSON/);
    rmSync(join(folder, 'exercise.json'));
    assert.deepEqual(filesOf(), ['exercise.json is missing']);
  });
});

describe('hints', () => {
  const hintProblems = (text: string) => readHints(text).problems;
  const good = '## Hint 1\n\na\n\n## Hint 2\n\nb\n\n## Hint 3\n\nc\n';
  test('three, in order, with text', () => {
    assert.deepEqual(readHints(good), { hints: ['a', 'b', 'c'], problems: [] });
    assert.match(hintProblems(good.replace('Hint 2', 'Hint 4')).join(), /Hint 1, Hint 4, Hint 3 instead of/);
    assert.match(hintProblems(good.slice(0, good.indexOf('## Hint 3'))).join(), /instead of Hint 1, Hint 2, Hint 3/);
    assert.match(hintProblems(good.replace('b', '')).join(), /Hint 2 is empty/);
    assert.match(hintProblems(`Look:\n${good}`).join(), /before the first/);
  });
});

describe('exercises and lessons', () => {
  test('an exercise that no lesson shows, or twice', () => {
    writeFileSync(page, '');
    assert.match(useProblems(root).get(kName)?.join() ?? '', /shown nowhere/);
    writeFileSync(page, kTag + kTag);
    assert.match(useProblems(root).get(kName)?.join() ?? '', /shown in 02-acceleration, 02-acceleration/);
  });
  test('a tag that names nothing', () => {
    writeFileSync(page, `${kTag}<code-exercise exercise="02-acceleration/none"></code-exercise>\n`);
    assert.match(useProblems(root).get('02-acceleration')?.join() ?? '', /names no exercise/);
  });
  test('an id that another lesson has', () => {
    mkdirSync(join(root, 'lessons/03-memory/exercises/reordered'), { recursive: true });
    assert.match(useProblems(root).get(kName)?.join() ?? '', /also that of 03-memory\/reordered/);
  });
});

describe('exercise.json', () => {
  const spec = () => JSON.parse(readFileSync(join(folder, 'exercise.json'), 'utf8')) as ExerciseSpec;
  const cases: [string, (it: Record<string, any>) => void, RegExp][] = [
    ['a key that nobody reads', (it) => (it['colour'] = 'red'), /'colour' is unknown/],
    ['no task', (it) => (it['tasks'] = []), /'tasks' must be a list/],
    ['a type that is none', (it) => (it['functions'][0].declaration = 'void f(toString a)'), /'a' is a 'toString'/],
    ['a pointer returned', (it) => (it['functions'][0].declaration = 'float* f(int a)'), /returns 'float\*'/],
    [
      'a parameter twice',
      (it) => (it['functions'][0].declaration = 'int f(int a, int a)'),
      /parameter a is there twice/,
    ],
    [
      'levels that add up to more',
      (it) => (it['tasks'][2].levels[0].points = 3),
      /'tasks.fast' must have as many points as its levels add up to/,
    ],
    ['levels that fall', (it) => (it['tasks'][2].levels[0].ratio = 9), /must ascend/],
    ['a case without parameters', (it) => delete it['tasks'][0].cases[0].params, /params' is missing/],
    [
      'a case twice',
      (it) => (it['tasks'][0].cases[1].name = it['tasks'][0].cases[0].name),
      /'tasks.right.cases' must differ: .* is there twice/,
    ],
    ['timing for a correctness task', (it) => (it['tasks'][0].timing = {}), /timing' is unknown/],
    ['a budget beyond memory', (it) => (it['budgets'].memoryPages = 2000), /memoryPages/],
    ['a header outside of the folder', (it) => (it['headers'] = ['../x.h']), /'headers.0' must be a file/],
    ['speed first', (it) => it['tasks'].reverse(), /'tasks' must begin with a correctness task/],
  ];
  for (const [name, spoil, message] of cases) {
    test(name, () => {
      const it = spec();
      assert.deepEqual(exerciseProblems(it), []);
      spoil(it as unknown as Record<string, any>);
      assert.match(exerciseProblems(it).join('; '), message);
    });
  }
});

test('half precision', () => {
  assert.deepEqual([1, -2.5, 65_504, 1e6, 1 + 2 ** -12, 0].map(toHalf), [1, -2.5, 65_504, Infinity, 1, 0]);
  assert.equal(toHalf(0.1), 0.0999755859375);
});
