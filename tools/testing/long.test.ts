import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kMostFileLines, kMostFunctionLines, longIn } from './long.ts';

const lines = (count: number, line: string) => Array.from({ length: count }, () => line).join('\n');

describe('what is too long', () => {
  it('is a file of one line too many', () => {
    const full = lines(kMostFileLines, 'int x;');
    assert.deepEqual(longIn('src/a.h', `${full}\n`), []);
    const one = { file: 'src/a.h', line: 1, lines: kMostFileLines + 1 };
    assert.deepEqual(longIn('src/a.h', `${full}\nint y;\n`), [one]);
    const late = `${full}\n// Long: a reason in the middle is none\n${full}\n`;
    assert.equal(longIn('src/a.h', late).length, 1);
    assert.deepEqual(longIn('src/a.h', `// Long: one table of numbers\n${full}\n`), []);
  });

  it('is a function of C++, whatever its head', () => {
    const body = lines(kMostFunctionLines - 1, '  x("}{", \'{\');  // {');
    for (const head of [
      'void f(int x) {',
      'int Some::f(int x) const {',
      'Some::Some(int x)\n    : x_(f(x)), y_(2) {',
      'TEST(Some, Thing) {',
      'void f(int very_long,\n       int list) noexcept {',
      'auto f(int x) -> std::vector<int> {',
    ]) {
      const found = longIn('src/a.cpp', `int before;\n${head}\n${body}\n}\n`);
      assert.deepEqual(
        found.map(({ line }) => line),
        [2],
        head,
      );
      assert.deepEqual(longIn('src/a.cpp', `// Long: it is one table\n${head}\n${body}\n}\n`), [], head);
    }
    const short = body.split('\n').slice(1).join('\n');
    assert.deepEqual(longIn('src/a.cpp', `void f() {\n${short}\n}\nvoid g() {\n${short}\n}\n`), []);
    assert.deepEqual(longIn('src/a.cpp', `namespace a {\n${body}\n}\nstruct B {\n${body}\n};\n`), []);
  });

  it('is a function of TypeScript without those inside it', () => {
    const body = lines(kMostFunctionLines - 1, '  x();');
    const [found] = longIn('a.ts', `function f() {\n${body}\n}\n`);
    assert.deepEqual(found, { file: 'a.ts', line: 1, name: 'f', lines: kMostFunctionLines + 1 });
    assert.equal(longIn('a.ts', `class A {\n  go = () => {\n${body}\n  };\n}\n`)[0]?.name, 'go');
    assert.equal(longIn('a.ts', `it('works', () => {\n${body}\n});\n`)[0]?.name, "it 'works'");
    const inner = `  it('a', () => {\n${lines(40, '    x();')}\n  });\n`;
    assert.deepEqual(longIn('a.ts', `describe('some', () => {\n${inner}${inner}});\n`), []);
    assert.deepEqual(longIn('a.ts', `/**\n * Long: the table is one.\n */\nfunction f() {\n${body}\n}\n`), []);
  });
});
