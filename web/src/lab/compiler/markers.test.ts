import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Diagnostic } from './diagnostics.ts';
import { parseDiagnostics } from './diagnostics.ts';
import { changeBetween, lineColumnOf, markersAfter, placeDiagnostics, positionOf, sameInk } from './markers.ts';

const error = (line: number, column: number, range: Diagnostic['range'] = null): Diagnostic => ({
  severity: 'error',
  file: 'kernel.cpp',
  line,
  column,
  range,
  message: 'wrong',
});
const marked = (text: string, diagnostic: Diagnostic) => {
  const range = placeDiagnostics(text, [diagnostic])[0]?.range;
  return range ? text.slice(range.from, range.to) : null;
};

describe('where messages belong', () => {
  it('is the range that clang gives', () => {
    const [diagnostic] = parseDiagnostics("kernel.cpp:2:3:{2:7-2:14}: error: use of undeclared identifier 'unknown'");
    assert.equal(marked('void f() {\n  x = unknown;\n}\n', diagnostic!), 'unknown');
  });

  it('is the token at the column where there is no range, or an empty one', () => {
    const text = 'int a;\nint total = b1_c;\n';
    assert.equal(marked(text, error(2, 13)), 'b1_c');
    assert.equal(marked(text, error(2, 11)), '=');
    assert.equal(marked(text, error(2, 13, { from: [2, 13], to: [2, 13] })), 'b1_c');
    assert.equal(marked(text, error(2, 18)), ';', 'the end of a line');
  });

  it('counts columns in bytes, as clang does', () => {
    const text = 'f("é€😀", x);';
    assert.equal(marked(text, error(1, 3 + 2 + 9 + 2)), 'x');
    for (const position of [0, 3, 4, 5, 7, 11, text.length]) {
      const { line, column } = lineColumnOf(text, position);
      assert.equal(positionOf(text, line, column), position);
    }
  });

  it('stays within the text whatever the numbers are', () => {
    for (const text of ['', '\n', 'a', 'a\n\nb']) {
      for (const diagnostic of [error(1, 1), error(2, 1), error(9, 99), error(1, 99, { from: [3, 1], to: [99, 9] })]) {
        const { range } = placeDiagnostics(text, [diagnostic])[0]!;
        assert.ok(range !== null && range.from >= 0 && range.from <= range.to && range.to <= text.length);
      }
    }
  });

  it('is nowhere for what headers and the linker say', () => {
    assert.equal(marked('x', { ...error(1, 1), file: 'exercise.h' }), null);
    assert.equal(marked('x', { ...error(0, 0), file: null }), null);
  });
});

describe('an edit', () => {
  const text = 'one\ntwo\nthree\nfour\n';
  const markers = placeDiagnostics(text, [error(1, 1), error(2, 1), error(4, 1), { ...error(0, 0), file: null }]);
  const after = (edited: string) =>
    markersAfter(markers, text, changeBetween(text, edited)!).map(({ range }) =>
      range === null ? 'nowhere' : edited.slice(range.from, range.to),
    );

  it('removes what is on the edited line and moves what comes later', () => {
    assert.deepEqual(after('one\ntwo!\nthree\nfour\n'), ['one', 'four', 'nowhere']);
    assert.deepEqual(after('one\nand\nmore two\nthree\nfour\n'), ['one', 'four', 'nowhere']);
    assert.deepEqual(after('one\ntwo\nthree\nfo\n'), ['one', 'two', 'nowhere']);
    assert.deepEqual(after('// new\none\ntwo\nthree\nfour\n'), ['two', 'four', 'nowhere']);
    const [kept] = markersAfter(placeDiagnostics('\na', [error(2, 1)]), '\na', { from: 0, removed: 0, inserted: 1 });
    assert.deepEqual(kept?.range, { from: 2, to: 3 }, 'the first line may be empty');
  });

  it('is found as the smallest change', () => {
    assert.equal(changeBetween(text, text), null);
    assert.deepEqual(changeBetween('aaa', 'aa'), { from: 2, removed: 1, inserted: 0 });
    assert.deepEqual(changeBetween('', 'ab'), { from: 0, removed: 0, inserted: 2 });
    assert.deepEqual(changeBetween('abc', 'axc'), { from: 1, removed: 1, inserted: 1 });
  });
});

it('a cursor stays at its character when blanks move', () => {
  const [before, after] = ['int  f( int*a ){return a [0];}', 'int f(int* a) { return a[0]; }'];
  const cursor = sameInk(before, before.indexOf('return') + 6, after);
  assert.equal(after.slice(0, cursor), 'int f(int* a) { return');
  assert.equal(sameInk(before, 0, after), 0);
  assert.equal(sameInk(before, before.length, after), after.length);
});
