// Who handed in what, in every layout that students and learning platforms make.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { strToU8, zipSync } from 'fflate';
import { UsageError } from './options.ts';
import { sourceText } from './source-text.ts';
import { findSubmissions, type Found, type Wanted } from './submissions.ts';
import { kMostSourceBytes } from './tree.ts';

const kRoot = mkdtempSync(join(tmpdir(), 'optlab-submissions-'));
after(() => rmSync(kRoot, { recursive: true }));

const kWanted: Wanted = {
  exercises: ['01-a/count', '01-a/shared', '02-b/loops', '02-b/shared'],
  lesson: null,
  only: [],
  student: null,
  out: join(kRoot, 'out'),
};

let serial = 0;
/** A fresh folder with these files; a Uint8Array is written as it is. */
function folder(files: Record<string, string | Uint8Array>): string {
  const root = join(kRoot, `class-${++serial}`);
  mkdirSync(root);
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(root, path), data);
  }
  return root;
}

function zip(files: Record<string, string>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
}

/** "student exercise text", sorted. */
function brief({ submissions }: Found): string[] {
  return submissions.map((one) => `${one.student} ${one.exercise} ${Buffer.from(one.bytes)}`).sort();
}

test("a class's folder", () => {
  const found = findSubmissions(
    [
      folder({
        'anna/loops.cpp': 'A',
        'anna/notes.txt': 'n',
        'ben/01-a/shared.cpp': 'B1',
        'ben/02-b/shared.cpp': 'B2',
        'cy/Desktop/project/LOOPS.CPP': 'C',
        'dan/readme.md': '',
        'eve/.git/loops.cpp': 'hidden',
        'fay.zip': zip({ 'fay/02-b/loops.cpp': 'F', '__MACOSX/02-b/loops.cpp': 'mac' }),
        'gus/upload.zip': zip({ 'count.cpp': 'G' }),
      }),
    ],
    kWanted,
  );
  assert.deepEqual(brief(found), [
    'anna 02-b/loops A',
    'ben 01-a/shared B1',
    'ben 02-b/shared B2',
    'cy 02-b/loops C',
    'fay 02-b/loops F',
    'gus 01-a/count G',
  ]);
  // Who handed in nothing is there all the same.
  assert.deepEqual(found.students, ['anna', 'ben', 'cy', 'dan', 'eve', 'fay', 'gus']);
  assert.deepEqual(found.ignored.length, 2);
  assert.deepEqual(found.unknown, []);
});

test("a student's folder, zip and file", () => {
  const root = folder({ 'anna/loops.cpp': 'L', 'anna/01-a/count.cpp': 'C', 'ben.zip': zip({ '01-a/count.cpp': 'B' }) });
  assert.deepEqual(brief(findSubmissions([join(root, 'anna')], kWanted)), ['anna 01-a/count C', 'anna 02-b/loops L']);
  assert.deepEqual(brief(findSubmissions([join(root, 'ben.zip')], kWanted)), ['ben 01-a/count B']);
  assert.deepEqual(brief(findSubmissions([join(root, 'anna/01-a/count.cpp')], kWanted)), ['anna 01-a/count C']);
});

test('a zip of the whole class', () => {
  const root = folder({ 'all.zip': zip({ 'anna/loops.cpp': 'A', 'ben/02-b/loops.cpp': 'B' }) });
  assert.deepEqual(brief(findSubmissions([join(root, 'all.zip')], kWanted)), ['anna 02-b/loops A', 'ben 02-b/loops B']);
});

test('nothing is lost: what cannot be graded is named with the reason', () => {
  const root = folder({
    'anna/loop.cpp': '?',
    'anna/shared.cpp': '?',
    'ben/02-b/count.cpp': '?',
    'stray.cpp': '?',
    'cy.zip': strToU8('no zip'),
    'dan.zip': zip({}),
  });
  const { submissions, unknown, students } = findSubmissions([root], kWanted);
  assert.deepEqual(submissions, []);
  assert.deepEqual(students, ['anna', 'ben', 'cy', 'dan']);
  const problems = unknown.map(({ student, problem }) => `${student}: ${problem}`).sort();
  const expected = [
    /^anna: 'shared' is an exercise of several lessons: put it into a folder named 01-a or 02-b/,
    /^anna: no exercise 'loop' \(there are: 01-a\/count, /,
    /^ben: no exercise 'count' in 02-b/,
    /^cy: not a sound \.zip/,
    /^dan: the \.zip is empty/,
    /^null: it lies in no student's folder/,
  ];
  assert.equal(problems.length, expected.length);
  expected.forEach((pattern, i) => assert.match(problems[i] ?? '', pattern));
});

test('--lesson, --exercise and --student', () => {
  const root = folder({
    'anna/shared.cpp': 'S',
    'anna/loops.cpp': 'L',
    'ben/kernel.cpp': 'K',
    'cy/x.cpp': '1',
    'cy/y.cpp': '2',
  });
  const find = (more: Partial<Wanted>) => findSubmissions([root], { ...kWanted, ...more });
  assert.deepEqual(brief(find({ lesson: '02-b' })), ['anna 02-b/loops L', 'anna 02-b/shared S']);
  const one = find({ only: ['02-b/loops'] });
  assert.deepEqual(brief(one), ['anna 02-b/loops L', 'ben 02-b/loops K']);
  assert.deepEqual(
    one.unknown.map(({ student }) => student),
    ['anna', 'cy', 'cy'],
  );
  assert.deepEqual(brief(find({ only: ['loops', '01-a/count'] })), ['anna 02-b/loops L']);
  assert.deepEqual(find({ student: 'zoe' }).students, ['zoe']);
  for (const [more, text] of [
    [{ lesson: '09' }, /no lesson '09' has exercises \(there are: 01-a, 02-b\)/],
    [{ only: ['nix'] }, /no exercise 'nix'/],
    [{ only: ['shared'] }, /'shared' is an exercise of 2 lessons/],
  ] as const)
    assert.throws(
      () => find(more),
      (error) => error instanceof UsageError && text.test(error.message),
    );
});

test('texts as editors write them', () => {
  const text = (bytes: Uint8Array) => sourceText(bytes);
  assert.deepEqual(text(strToU8('int é;')), { text: 'int é;' });
  assert.deepEqual(text(Uint8Array.of(0x2f, 0x2f, 0xe9)), { text: '//é' });
  assert.deepEqual(text(Uint8Array.of(0xff, 0xfe, 0x69, 0, 0x3b, 0)), { text: 'i;' });
  assert.match(JSON.stringify(text(strToU8(' \n'))), /empty/);
  assert.match(JSON.stringify(text(strToU8('MZ\0\0'))), /no text/);
  assert.match(JSON.stringify(text(Uint8Array.of(0x80, 0x01, 0xff))), /no text/);
  assert.match(JSON.stringify(text(new Uint8Array(kMostSourceBytes + 1).fill(32))), /larger than 256 KiB/);
});
