// Kernels that several threads run at once, graded in Node: shared memory, a stack and thread-local variables for each, traps and endless loops.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { exerciseFolder, loadExercise } from '../tools/lib/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import { gradeSource } from '#lab/grading/grade.ts';
import type { GradeResult } from '#lab/grading/result.ts';

const kName = '02-acceleration/threaded';
const exercise = loadExercise(kName);
exercise.spec.budgets.caseSeconds = 0.5;
const host = new NodeHost();
after(() => host.close());

const grade = (source: string): Promise<GradeResult> =>
  gradeSource({ exercise, source, seed: 'threads', host, skipPerformance: true });

const kSignature =
  'void matmul_part(const float* a, const float* b, float* c, int M, int K, int N, int worker, int workers)';
/** Rows dealt out in turn, with `extra` in the middle. */
const dealt = (extra: string, globals = '') => `#include "exercise.h"
#include <optlab.h>
${globals}
${kSignature} {
  ${extra}
  for (int i = worker; i < M; i += workers)
    for (int j = 0; j < N; ++j) {
      float sum = 0;
      for (int k = 0; k < K; ++k) sum += a[i * K + k] * b[k * N + j];
      c[i * N + j] = sum;
    }
}`;

const statusOf = (result: GradeResult, task: string) => result.tasks.find(({ id }) => id === task)?.status;
const messages = (result: GradeResult) => result.tests.map(({ message }) => message ?? '').join('\n');

describe('threads', { skip: host.threads < 2 && 'one core' }, () => {
  test('the solution and another division of the rows are right', async () => {
    for (const source of [readFileSync(join(exerciseFolder(kName), 'solution.cpp'), 'utf8'), dealt('')]) {
      const result = await grade(source);
      assert.deepEqual(
        ['right', 'disjoint', 'safe'].map((id) => statusOf(result, id)),
        ['pass', 'pass', 'pass'],
        messages(result),
      );
    }
  });

  test('each thread has its own stack and thread-local variables', async () => {
    const own = `
      mine[0] = worker; mine[63] = worker + 1;
      volatile int local[256];
      for (int i = 0; i < 256; ++i) local[i] = worker;
      for (int turn = 0; turn < 200; ++turn) {
        if (mine[0] != worker || mine[63] != worker + 1) return;
        for (int i = 0; i < 256; ++i) if (local[i] != worker) return;
      }`;
    const result = await grade(dealt(own, 'static thread_local int mine[64];'));
    assert.equal(statusOf(result, 'right'), 'pass', messages(result));
  });

  test('atomics are there, and they are one for all', async () => {
    // A row goes to whoever takes it first.
    const taken = `#include "exercise.h"
static int next_row = 0;
${kSignature} {
  for (;;) {
    const int i = __atomic_fetch_add(&next_row, 1, __ATOMIC_RELAXED);
    if (i >= M) return;
    for (int j = 0; j < N; ++j) {
      float sum = 0;
      for (int k = 0; k < K; ++k) sum += a[i * K + k] * b[k * N + j];
      c[i * N + j] = sum;
    }
  }
}`;
    const result = await grade(taken);
    assert.equal(statusOf(result, 'right'), 'pass', messages(result));
  });

  test('two workers that write the same elements are named', async () => {
    const result = await grade(dealt('worker = 0; workers = 1;'));
    assert.equal(statusOf(result, 'right'), 'pass');
    assert.equal(statusOf(result, 'disjoint'), 'fail');
    assert.match(messages(result), /C\[0\]\[0\] is written by worker 0 and by worker 1/);
  });

  test('a trap in another thread than the first is told', async () => {
    const result = await grade(dealt('if (worker == 1) __builtin_trap();'));
    assert.equal(statusOf(result, 'right'), 'fail');
    const found = result.tests.find(({ name }) => name === 'two workers, even');
    assert.equal(found?.reason, 'trap');
    assert.match(found?.message ?? '', /A check in matmul_part failed/);
  });

  test('a thread that never ends is a timeout; two are enough for a task, and the next task runs', async () => {
    const result = await grade(dealt('volatile int more = worker; while (more) {}'));
    const reasons = (task: string) =>
      result.tests.filter(({ task_id }) => task_id === task).map(({ reason }) => reason);
    assert.deepEqual(reasons('right'), [null, 'timeout', 'timeout', 'error', 'error', 'error']);
    assert.match(messages(result), /Not run: 2 cases of this task ran out of time/);
    assert.deepEqual(reasons('disjoint'), ['timeout', 'timeout']);
  });
});

test('without shared memory the parts run one after the other; nothing is timed', async () => {
  const alone = new NodeHost(1);
  const result = await gradeSource({ exercise, source: dealt(''), seed: 'alone', host: alone });
  assert.deepEqual(
    ['right', 'disjoint', 'safe'].map((id) => statusOf(result, id)),
    ['pass', 'pass', 'pass'],
    messages(result),
  );
  alone.close();
  assert.match(messages(result), /Not timed: threads need at least two cores/);
});
