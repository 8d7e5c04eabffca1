// A new lesson with an experiment and an exercise, made in a copy of the repository's outline: what they say and leave behind.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { kCourse } from '../../web/src/course.ts';
import { kRoot } from '../lib/command.ts';
import { create } from './create.ts';
import { experimentProblems } from './experiments.ts';
import { fileProblems, useProblems } from './folders.ts';
import { readSpec } from '../lib/exercises.ts';

const root = mkdtempSync(join(tmpdir(), 'new-'));
cpSync(join(kRoot, 'web/src/elements'), join(root, 'web/src/elements'), { recursive: true });
after(() => rmSync(root, { recursive: true }));
const kLesson = kCourse[3]!.id;
const page = join(root, 'lessons', kLesson, 'index.md');
const problems = () => [...experimentProblems(root), ...useProblems(root)];

beforeEach(() => {
  rmSync(join(root, 'lessons'), { recursive: true, force: true });
  mkdirSync(join(root, 'lessons'));
  create('lesson', kLesson, root);
});

const files = () => globSync('lessons/**/*.*', { cwd: root }).length;

describe('what is new', () => {
  test('a lesson has the title of the course', () => {
    assert.match(readFileSync(page, 'utf8'), new RegExp(`^---\ntitle: ${kCourse[3]!.title}\n`));
    assert.deepEqual(problems(), []);
  });

  test('an experiment is a folder, and a line in the lesson', () => {
    const before = files();
    const { folder, next } = create('experiment', `${kLesson}/error-map`, root);
    assert.equal(files() - before, readdirSync(join(root, folder)).length);
    assert.match(experimentProblems(root).get(`${kLesson}/error-map`)?.join() ?? '', /does not show <error-map>/);
    writeFileSync(page, `${readFileSync(page, 'utf8')}\n${next}\n`);
    assert.deepEqual(problems(), []);
    const element = readFileSync(join(root, folder, 'element.ts'), 'utf8');
    assert.match(element, /class ErrorMap extends Experiment/);
    assert.ok(element.includes(`'${kLesson}/error-map'`));
  });

  test('an exercise is a folder, and a line in the lesson', () => {
    const name = `${kLesson}/scale`;
    const { next } = create('exercise', name, root);
    const { spec, problems: wrong } = readSpec(name, root);
    assert.deepEqual(wrong, []);
    assert.deepEqual(fileProblems(root, name, spec!), []);
    writeFileSync(page, `${readFileSync(page, 'utf8')}\n${next}\n`);
    assert.deepEqual(problems(), []);
  });

  test('what can not be made leaves nothing behind', () => {
    create('experiment', `${kLesson}/error-map`, root);
    const before = files();
    const refused: [Parameters<typeof create>[0], string, RegExp][] = [
      ['lesson', kLesson, /is there already/],
      ['lesson', '99-none', /no lesson of the course .*01-profiling/],
      ['experiment', 'error-map', /must be <lesson>\/<tag>/],
      ['experiment', `${kLesson}/error-map/more`, /must be <lesson>\/<tag>/],
      ['experiment', `${kLesson}/error-map`, /is taken by lessons/],
      ['experiment', `${kLesson}/errors`, /no tag: lower-case words with a hyphen/],
      ['experiment', `${kLesson}/../x-y`, /must be/],
      ['exercise', '01-profiling/scale', /no lesson '01-profiling' \(there are: 04/],
      ['exercise', `${kLesson}/Scale`, /no id/],
    ];
    for (const [kind, name, message] of refused) assert.throws(() => create(kind, name, root), message, name);
    assert.equal(files(), before);
    assert.ok(!existsSync(join(root, 'lessons/01-profiling')));
  });
});

describe('the layout of experiments', () => {
  test('nothing is wrong with those that are there', () => {
    assert.deepEqual([...experimentProblems(kRoot)], []);
  });

  test('what is wrong is named', () => {
    const { folder, next } = create('experiment', `${kLesson}/error-map`, root);
    writeFileSync(page, `${next}\n<no-element></no-element>\n\`<in-code>\`\n`);
    const of = (name: string) => experimentProblems(root).get(name)?.join() ?? '';
    assert.match(of(kLesson), /^<no-element> is no element/);
    assert.equal(of(`${kLesson}/error-map`), '');

    writeFileSync(
      join(root, folder, 'element.ts'),
      `import { x } from '../../../01-profiling/experiments/a-b/x.ts';\n`,
    );
    assert.match(of(`${kLesson}/error-map`), /does not define 'error-map'.*imports from 01-profiling/);
    rmSync(join(root, folder, 'element.ts'));
    assert.match(of(`${kLesson}/error-map`), /element.ts is missing/);
  });
});
