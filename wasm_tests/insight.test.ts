// What the page says of loops and instructions, held against what the compiler really writes.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { exerciseFolder, loadExercise } from '../tools/lib/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loopReports, loopSummary, mainFunction, parseAssembly, type AsmFunction } from '#lab/compiler/insight.ts';
import type { CompileResult } from '#lab/compiler/compile.ts';
import { exerciseHeader } from '#lab/grading/exercise.ts';

const host = new NodeHost();
after(() => host.close());

async function compile(
  source: string,
  exports: string[],
  headers: Record<string, string> = {},
): Promise<CompileResult> {
  const options = { source, headers, exports, memoryPages: 256, mode: 'fast', remarks: true, assembly: true } as const;
  const result = await host.compile(options);
  assert.ok(result.wasm !== null && result.assembly !== null, JSON.stringify(result.diagnostics));
  return result;
}

const exercise = loadExercise('02-acceleration/reordered');
const headers = { 'exercise.h': exerciseHeader(exercise.spec) };
const file = (name: string) => readFileSync(join(exerciseFolder('02-acceleration/reordered'), name), 'utf8');
const lineOf = (source: string, text: string) => source.slice(0, source.indexOf(text)).split('\n').length;
const innerLoops = ({ loops }: AsmFunction) => loops.filter(({ isInner }) => isInner);

describe('the reordered product', () => {
  it("is told that its starter's sum keeps vectors away", async () => {
    const source = file('starter.cpp');
    const { diagnostics, assembly } = await compile(source, ['matmul'], headers);
    const reports = loopReports(diagnostics);
    const loop = reports.find(({ line }) => line === lineOf(source, 'for (int k'));
    assert.equal(loop?.vectorized, 'no');
    assert.equal(loop.reasons[0]?.line, lineOf(source, 'c[i * N + j] +='));
    assert.match(loop.reasons[0]?.sentence ?? '', /one sum/);
    assert.match(loopSummary(reports), /^0 of /);
    const functions = parseAssembly(assembly!);
    assert.deepEqual(
      functions.map(({ name }) => name),
      ['matmul'],
    );
    assert.equal(functions[0]?.simd, 0);
    assert.ok(innerLoops(functions[0]!).length > 0);
  });

  it('is told that its solution is vectorized, and shown the loop', async () => {
    const source = file('solution.cpp');
    const { diagnostics, assembly } = await compile(source, ['matmul'], headers);
    const line = lineOf(source, 'c[i * N + j] +=');
    const loop = loopReports(diagnostics).find((report) => report.line === line);
    assert.equal(loop?.vectorized, 'yes');
    assert.equal(loop.width, 4);
    const functions = parseAssembly(assembly!);
    const matmul = functions[mainFunction(functions)]!;
    const product = innerLoops(matmul).find(({ from, to }) =>
      matmul.lines.slice(from, to).some(({ operation }) => operation === 'f32x4.mul'),
    );
    assert.ok(product !== undefined, 'no inner loop multiplies vectors');
    assert.deepEqual(product.source, [line]);
    // Counted once more, by looking at the text alone.
    const text = assembly!.slice(0, assembly!.indexOf('f32x4.mul'));
    const body = assembly!.slice(text.lastIndexOf('\tloop '), assembly!.indexOf('end_loop', text.length));
    const operations = [...body.matchAll(/^\t([a-z]\w*[.\w]*)/gm)].map((match) => match[1] ?? '');
    assert.equal(product.instructions, operations.length - 1, 'without the mark');
    assert.equal(product.simd, operations.filter((name) => /^(v128|f32x4)\./.test(name)).length);
  });
});

describe('line tables', () => {
  it('change no instruction of the text', async () => {
    const { assembly, wasm } = await compile(file('solution.cpp'), ['matmul'], headers);
    const [matmul] = parseAssembly(assembly!);
    // The module was compiled without them. Its code section ends every function with 0x0b; loops begin with 0x03 0x40.
    const loops = [...wasm!].filter((byte, i) => byte === 0x03 && wasm![i + 1] === 0x40).length;
    assert.equal(matmul?.loops.length, loops);
  });
});

/** Source → a word of the sentence that should explain it. */
const kObstacles: [name: string, source: string, sentence: RegExp][] = [
  ['a chain of steps', 'void f(float* a, int n) { for (int i = 1; i < n; ++i) a[i] += a[i - 1]; }', /earlier step/],
  [
    'an index that is loaded',
    'void f(float* a, const float* b, const int* at, int n) { for (int i = 0; i < n; ++i) a[i] = b[at[i]]; }',
    /itself loaded/,
  ],
  ['volatile', 'void f(float* a, volatile float* q, int n) { for (int i = 0; i < n; ++i) a[i] = *q; }', /volatile/],
  [
    'a recurrence',
    'float f(const float* a, int n) { float x = 0; for (int i = 0; i < n; ++i) x = x * 0.5f + a[i]; return x; }',
    /each step into the next/,
  ],
  [
    'a search',
    'int f(const int* a, int n) { for (int i = 0; i < n; ++i) if (a[i] == 3) return i; return -1; }',
    /end early/,
  ],
  [
    'a list',
    'struct N { N* next; float v; }; extern "C" float f(N* p) { float s = 0; for (; p; p = p->next) s += p->v; return s; }',
    /fixed amount|only while it runs/,
  ],
  [
    'intrinsics',
    '#include <wasm_simd128.h>\nextern "C" void f(float* a, int n) { for (int i = 0; i < n; i += 4) wasm_v128_store(a + i, wasm_f32x4_abs(wasm_v128_load(a + i))); }',
    /vectors already/,
  ],
  [
    'a switch off',
    'void f(float* a, int n) {\n#pragma clang loop vectorize(disable)\nfor (int i = 0; i < n; ++i) a[i] *= 2; }',
    /should not use them/,
  ],
];

describe('what stands in the way of vectors', () => {
  for (const [name, source, sentence] of kObstacles) {
    it(`is said of ${name}`, async () => {
      const { diagnostics } = await compile(/extern "C"/.test(source) ? source : `extern "C" ${source}`, ['f']);
      const [loop] = loopReports(diagnostics);
      assert.equal(loop?.vectorized, 'no');
      const said = loop.reasons.map((reason) => reason.sentence).join(' ');
      assert.match(said, sentence);
      assert.doesNotMatch(said, /The compiler says/, 'every reason is in plain words');
    });
  }
});
