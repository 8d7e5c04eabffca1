import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { extractSymbol } from './cpp-symbols.mjs';
import { parseMeta, readExcerpt, remarkSource } from './remark-source.mjs';

const kSource = `#pragma once
#include <vector>
#define NOT_A_SCOPE {

namespace optlab::gemm {

/// Rows of a tile.
/// Measured.
inline constexpr int kRows = 5;

constexpr int kList[] = {1, 2, 3};

/* A tile;
   with braces } in its comment. */
template <class Simd, int kColumns>
struct Tile {
  static constexpr char kQuote = '}';
  // How many.
  int count() const noexcept { return kRows * (kColumns + 1); }

 private:
  int rows_ = 0;
};

float declared(int m, int n);

// Detached, not a doc comment.

float declared(int m, int n) {
  if (m < n) {
    return helper(m);
  }
  return helper(n) + Tile<int, 3>{}.count();
}

enum class Mode { kExact, kFast };

Widget::Widget(int size) : size_{size}, name_("}") { helper(size); }

float helper(int n) { return "}{"[0] + n; }

struct Other {
  int count() const { return 2; }
};

void overloaded(int) {}
void overloaded(float) {}

}  // namespace optlab::gemm
`;

describe('extractSymbol', () => {
  const text = (symbol, options) => extractSymbol(kSource, symbol, options).text;

  it('takes a constant with its comment, and its line', () => {
    assert.deepEqual(extractSymbol(kSource, 'kRows'), {
      text: '/// Rows of a tile.\n/// Measured.\ninline constexpr int kRows = 5;',
      firstLine: 7,
    });
    assert.equal(text('kRows', { comment: false }), 'inline constexpr int kRows = 5;');
    assert.equal(text('kList'), 'constexpr int kList[] = {1, 2, 3};');
  });

  it('takes a template struct whole, whatever its comments and literals hold', () => {
    const tile = text('Tile');
    assert.ok(tile.startsWith('/* A tile;'));
    assert.ok(tile.includes('template <class Simd, int kColumns>\nstruct Tile {'));
    assert.ok(tile.endsWith('int rows_ = 0;\n};'));
  });

  it('prefers a definition to a declaration and ignores calls', () => {
    const declared = text('declared');
    assert.ok(declared.startsWith('float declared(int m, int n) {'), declared);
    assert.ok(declared.endsWith('.count();\n}'));
    assert.equal(text('helper'), 'float helper(int n) { return "}{"[0] + n; }');
  });

  it('finds members by scope and removes their indentation', () => {
    assert.equal(text('Tile::count'), '// How many.\nint count() const noexcept { return kRows * (kColumns + 1); }');
    assert.equal(text('Other::count'), 'int count() const { return 2; }');
    assert.equal(text('Tile::rows_'), 'int rows_ = 0;');
  });

  it('takes constructors with brace initializers, and enums', () => {
    assert.equal(text('Widget::Widget'), 'Widget::Widget(int size) : size_{size}, name_("}") { helper(size); }');
    assert.equal(text('Mode'), 'enum class Mode { kExact, kFast };');
  });

  it('takes one of several overloads by its number', () => {
    assert.equal(text('overloaded#2'), 'void overloaded(float) {}');
  });

  it('refuses what is missing or ambiguous', () => {
    assert.throws(() => text('missing'), /no symbol missing/);
    assert.throws(() => text('size'), /no symbol size/);
    assert.throws(() => text('overloaded'), /symbol overloaded is ambiguous \(lines \d+, \d+\)/);
    assert.throws(() => text('overloaded#3'), /no symbol overloaded#3/);
    assert.throws(() => text('count'), /ambiguous/);
    assert.throws(() => text('a b'), /not a C\+\+ name/);
  });
});

describe('remarkSource', () => {
  const root = mkdtempSync(join(tmpdir(), 'remark-source-'));
  writeFileSync(join(root, 'a.h'), kSource);

  const render = (meta) => {
    const code = { type: 'code', lang: 'cpp', meta, value: '', position: { start: { line: 7 } } };
    remarkSource({ root })(
      { type: 'root', children: [{ type: 'blockquote', children: [code] }] },
      { path: 'lesson.md' },
    );
    return code;
  };

  it('replaces the block and titles it with the path', () => {
    const code = render('source=a.h symbol=kRows,Mode {2} wrap');
    assert.ok(code.value.endsWith('int kRows = 5;\n\nenum class Mode { kExact, kFast };'));
    assert.equal(code.meta, 'title="a.h:7" {2} wrap');
  });

  it('leaves other blocks alone', () => {
    const code = render('title="mine"');
    assert.equal(code.value, '');
    assert.equal(code.meta, 'title="mine"');
  });

  it('stops the build with place and reason', () => {
    assert.throws(() => render('source=b.h symbol=x'), /lesson\.md:7: source=b\.h: no such file/);
    assert.throws(() => render('source=a.h symbol=nothing'), /lesson\.md:7: source=a\.h: no symbol nothing/);
    assert.throws(() => render('source=a.h'), /needs either symbol=… or lines=…/);
    assert.throws(() => render('source=a.h lines=3-9000'), /lines=3-9000 is not a range within 1-\d+/);
    assert.throws(() => render('source=../a.h symbol=x'), /must be a path inside the repository/);
  });

  it('takes line ranges', () => {
    assert.deepEqual(readExcerpt(root, { source: 'a.h', lines: '17-18' }), {
      text: "static constexpr char kQuote = '}';\n// How many.",
      firstLine: 17,
    });
  });

  it('splits info strings, quoted values included', () => {
    assert.deepEqual(parseMeta('source="a b.h" {1-2} symbol=f ins={3}'), {
      settings: { source: 'a b.h', symbol: 'f' },
      rest: '{1-2} ins={3}',
    });
  });
});
