// What students get wrong in the exercises of lesson 02, and what they are told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { exerciseFolder, loadExercise } from '../tools/lib/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import { gradeSource } from '#lab/grading/grade.ts';
import { declarationsOf } from '#lab/grading/exercise.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import { signatureProblems } from '#lab/grading/signatures.ts';

const host = new NodeHost();
after(() => host.close());

type Change = [from: string | RegExp, to: string];

function solutionOf(id: string): string {
  return readFileSync(join(exerciseFolder(`02-acceleration/${id}`), 'solution.cpp'), 'utf8');
}

/** The solution with a mistake in it. */
function changed(id: string, ...changes: Change[]): string {
  return changes.reduce((source, [from, to]) => {
    const result = source.replace(from, to);
    assert.notEqual(result, source, `${id}/solution.cpp has no ${from}`);
    return result;
  }, solutionOf(id));
}

function grade(id: string, source: string, skipPerformance = true): Promise<GradeResult> {
  return gradeSource({ exercise: loadExercise(`02-acceleration/${id}`), source, seed: 'wrong', host, skipPerformance });
}

/** The task fails, tasks before it pass, and some message of it says so. */
async function failsAt(id: string, source: string, taskId: string, message: RegExp): Promise<void> {
  const result = await grade(id, source);
  assert.notEqual(result.status, 'error', result.message ?? '');
  const failed = result.tasks.find(({ kind, status }) => kind !== 'performance' && status !== 'pass');
  assert.equal(failed?.id, taskId);
  const said = result.tests.filter(({ task_id: task, status }) => task === taskId && status !== 'pass');
  assert.match(said.map((one) => one.message).join('\n'), message);
}

async function isRight(id: string, source: string): Promise<void> {
  const { tasks, tests, message } = await grade(id, source);
  const wrong = tasks.filter(({ kind, status }) => kind !== 'performance' && status !== 'pass');
  assert.deepEqual(wrong, [], message ?? JSON.stringify(tests.filter(({ status }) => status !== 'pass')));
}

const kZeroing = 'for (int i = 0; i < M * N; ++i) c[i] = 0.0f;';

describe('reordered', () => {
  test('a C that is not set first', () =>
    failsAt(
      'reordered',
      changed('reordered', ['c[i * N + j] = 0.0f', '(void)c']),
      'right',
      /never have been written, or was added to/,
    ));
  test('another order of sums is as right', () =>
    isRight('reordered', changed('reordered', ['int k = 0; k < K; ++k', 'int k = K - 1; k >= 0; --k'])));
  test('a message names the shape that the seed drew', async () => {
    const result = await grade('reordered', changed('reordered', ['= a[i * K + k]', '= a[i * K + k] * 2']));
    const drawn = result.tests.find(({ name }) => name === 'any shape');
    assert.match(drawn?.message ?? '', /With M = \d+, K = \d+, N = \d+:/);
  });
});

describe('blocked', () => {
  test('columns beyond the last whole block', () =>
    failsAt(
      'blocked',
      changed('blocked', ['n < N; n += kColumns', 'n + kColumns <= N; n += kColumns']),
      'right',
      /is 0 but should be/,
    ));
  test('a block that does not end at the edge', () =>
    failsAt(
      'blocked',
      changed('blocked', ['optlab::min(kColumns, N - n)', 'kColumns']),
      'right',
      /past the end of C|should be/,
    ));
  test('steps that do not divide by four', () =>
    failsAt('blocked', changed('blocked', ['for (; k < depth; ++k)', 'for (; k > depth; ++k)']), 'right', /should be/));
  test('one element too many set to zero', () =>
    failsAt('blocked', changed('blocked', ['i < M * N; ++i', 'i <= M * N; ++i']), 'right', /bytes past the end of C/));
  test('an int too small for what is computed in it', () =>
    failsAt(
      'blocked',
      changed('blocked', [kZeroing, `volatile int bits = (N + 2) * 1073741824;\n  (void)bits;\n  ${kZeroing}`]),
      'safe',
      /integer.*overflow/,
    ));
  test('four products added up before C is, is as right', () =>
    isRight('blocked', changed('blocked', [/c\[n\] = c\[n\] \+ ([^;]*);/, 'c[n] += $1;'])));
});

describe('packed', () => {
  test('a layout of its own earns what the product earns', async () => {
    const rows = changed('packed', [
      /(void pack_b\([^)]*\) \{)[\s\S]*?\n\}/,
      '$1\n  for (int i = 0; i < K * N; ++i) panels[i] = b[i];\n}',
    ]);
    await failsAt('packed', rows, 'layout', /panels\[\d+\]\[\d+\]\[\d+\].*The indices are panel, row of B, column/);
    const { tasks } = await grade('packed', rows);
    assert.equal(tasks.find(({ id }) => id === 'right')?.points, 2);
  });
  test('padding that is never written', () =>
    failsAt(
      'packed',
      changed('packed', [
        '*panels++ = j < columns ? b[k * N + n + j] : 0.0f;',
        'if (j < columns) panels[j] = b[k * N + n + j];\n      panels += kPanel;',
      ]),
      'layout',
      /never have been written/,
    ));
  test('padding from the next row', () =>
    failsAt(
      'packed',
      changed(
        'packed',
        ['j < columns ? b[k * N + n + j] : 0.0f', 'b[k * N + n + j]'],
        [/const int columns = optlab::min\(kPanel, N - n\);\n {4}for \(int k/, 'for (int k'],
      ),
      'layout',
      /should be 0/,
    ));
  test('columns beyond N stored', () =>
    failsAt('packed', changed('packed', ['if (j < columns) c', 'c']), 'right', /past the end of C|should be/));
  test('rows beyond the last whole tile', () =>
    failsAt(
      'packed',
      changed('packed', ['for (; m < M; ++m)', 'for (; m > M; ++m)']),
      'right',
      /never have been written/,
    ));
});

const kRowsOfVectors = `#include <wasm_simd128.h>
#include "exercise.h"
void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  for (int m = 0; m < M; ++m)
    for (int n = 0; n < N; n += 4) {
      v128_t sum = wasm_f32x4_const_splat(0.0f);
      for (int k = 0; k < K; ++k)
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_f32x4_splat(a[m * K + k]), wasm_v128_load(b + k * N + n)));
      float lanes[4];
      wasm_v128_store(lanes, sum);
      for (int j = 0; j < 4 && n + j < N; ++j) c[m * N + n + j] = lanes[j];
    }
}`;

describe('simd', () => {
  test('columns beyond the last whole tile', () =>
    failsAt('simd', changed('simd', [/\n +last_columns\(a [^;]*;/, '']), 'right', /never have been written/));
  test('a tile that reaches over the edge of C', () =>
    failsAt(
      'simd',
      changed('simd', ['N - N % kColumns', '(N + kColumns - 1) / kColumns * kColumns']),
      'right',
      /the end of C|should be/,
    ));
  test('rows beyond the last whole tile', () =>
    failsAt('simd', changed('simd', [/ else \{\s*for[\s\S]*?;\s*\}/, '']), 'right', /never have been written/));
  test('right values, read past the end of B', () => failsAt('simd', kRowsOfVectors, 'safe', /past the end of B/));
  test('a signature of its own', async () => {
    const source =
      'extern "C" void matmul(const float* a, const float* b, float* c, float M, int K, int N) { c[0] = M; }';
    const { status, message } = await grade('simd', source);
    assert.equal(status, 'error');
    assert.match(message ?? '', /conflicting types for 'matmul'/);
    // And where no header objects, the module's own types do.
    const functions = declarationsOf(loadExercise('02-acceleration/simd').spec);
    const options = { source, headers: {}, exports: ['matmul'], memoryPages: 4, mode: 'fast' } as const;
    const { wasm, diagnostics } = await host.compile(options);
    assert.ok(wasm, JSON.stringify(diagnostics));
    assert.match(
      signatureProblems(wasm, functions).join(),
      /matmul was compiled as \(i32, i32, i32, f32, i32, i32\) → nothing but "exercise.h" declares \(i32, i32, i32, i32/,
    );
  });
});

describe('dispatcher', () => {
  const starter = readFileSync(join(exerciseFolder('02-acceleration/dispatcher'), 'starter.cpp'), 'utf8');
  test('packed without enough scratch', () => failsAt('dispatcher', starter, 'right', /past the end of scratch/));
  test('scratch for a row of a panel', () =>
    failsAt(
      'dispatcher',
      changed('dispatcher', ['8 * K <= scratch_floats', 'K <= scratch_floats']),
      'right',
      /past the end of scratch/,
    ));
  test('one float of scratch too few', () =>
    failsAt(
      'dispatcher',
      changed('dispatcher', ['K * N <= scratch_floats', 'K * N <= scratch_floats + 1']),
      'right',
      /bytes past the end of scratch/,
    ));
  test('the same B for all products', () =>
    failsAt('dispatcher', changed('dispatcher', [', b += K * N', '']), 'right', /C\[1\]\[0\]\[0\] is/));
  test('one kernel for everything is right, and too slow where it does not fit', async () => {
    const result = await grade(
      'dispatcher',
      changed('dispatcher', [/if \(M \* K[\s\S]*?(return Choice::rows;\n\})/, '$1']),
      false,
    );
    const points = (id: string) => result.tasks.find((task) => task.id === id)?.points;
    assert.equal(points('right'), 1);
    assert.equal(points('safe'), 1);
    assert.equal(points('narrow'), 0);
    assert.ok((points('square') ?? 2) < 2);
  });
});

test('counts of the lesson’s text', () => {
  // Blocked: a depth of 64 and 128 columns cut 67 × 131 into four blocks.
  const ends = (size: number, block: number) =>
    Array.from({ length: Math.ceil(size / block) }, (_, i) => Math.min((i + 1) * block, size) - 1);
  assert.deepEqual(
    [ends(67, 64), ends(131, 128)],
    [
      [63, 66],
      [127, 130],
    ],
  );
  // Packed: floats of B for K = 2, N = 9 in panels of 8.
  const place = (k: number, n: number) => (Math.floor(n / 8) * 2 + k) * 8 + (n % 8);
  assert.deepEqual(
    [place(0, 0), place(0, 7), place(1, 0), place(1, 7), place(0, 8), place(1, 8)],
    [0, 7, 8, 15, 16, 24],
  );
  // Threads: rows of 7 for 3 workers.
  const begins = [0, 1, 2, 3].map((w) => Math.floor((w * 7) / 3));
  assert.deepEqual(begins, [0, 2, 4, 7]);
  // Dispatcher: multiply-adds for each copied element.
  assert.deepEqual([256 * 512, 192 ** 3, 192 ** 2, 192 ** 3 / 192 ** 2], [131_072, 7_077_888, 36_864, 192]);
});
