// The exercises of lesson 01: what students get wrong is found, in the task that asks for it, and named. Each variant is the solution with one
// mistake in it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeAccesses, missesOf } from '../lessons/01-profiling/accesses.ts';
import { bytesOf, countAttention, countConv, countLinear, flopsOf } from '../lessons/01-profiling/counted.ts';
import { exerciseFolder, loadExercise } from '../tools/grade/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import { gradeSource } from '../web/src/lab/grading/grade.ts';
import { Random } from '../web/src/lab/grading/random.ts';
import type { GradeResult } from '../web/src/lab/grading/result.ts';
import { loadLibrary } from './lib/library.ts';
import { kCacheLines } from './variants/cache-lines.ts';
import { kCountWork } from './variants/count-work.ts';
import { kPeakMemory } from './variants/peak-memory.ts';
import { kTimerStatistics } from './variants/timer-statistics.ts';
import type { Variant } from './variants/variant.ts';

const host = new NodeHost();
after(() => host.close());

const name = (exercise: string) => `01-profiling/${exercise}`;
const source = (exercise: string, file: string) => readFileSync(join(exerciseFolder(name(exercise)), file), 'utf8');

function grade(exercise: string, text: string, skipPerformance = true): Promise<GradeResult> {
  return gradeSource({ exercise: loadExercise(name(exercise)), source: text, seed: 'variants', host, skipPerformance });
}

function edited(text: string, edits: Variant['edits']): string {
  return edits.reduce((now, [from, to]) => {
    assert.ok(now.includes(from), `the solution has no '${from}'`);
    return now.replaceAll(from, to);
  }, text);
}

function failures({ tasks }: GradeResult): string[] {
  const areWrong = tasks.some(({ kind, status }) => kind === 'correctness' && status === 'fail');
  return tasks
    .filter(({ kind, status }) => {
      const hasRun = kind === 'correctness' || (kind === 'safety' && !areWrong);
      return hasRun && status === 'fail';
    })
    .map(({ id }) => id);
}

function check(exercise: string, variants: Variant[]): void {
  describe(exercise, () => {
    it('has a solution that passes and a starter that compiles without warnings and earns nothing', async () => {
      const solved = await grade(exercise, source(exercise, 'solution.cpp'));
      assert.deepEqual(
        solved.tests.filter(({ status, message }) => status !== 'pass' && message !== 'Not timed here'),
        [],
      );
      const begun = await grade(exercise, source(exercise, 'starter.cpp'));
      assert.deepEqual(begun.diagnostics, []);
      assert.equal(begun.status, 'fail');
      assert.equal(begun.points, 0);
    });
    for (const { mistake, edits, fails, says } of variants) {
      it(`finds: ${mistake}`, async () => {
        const result = await grade(exercise, edited(source(exercise, 'solution.cpp'), edits));
        assert.equal(result.status, 'fail', result.message ?? undefined);
        const messages = result.tests.filter(({ message, task_id }) => message !== null && task_id === fails[0]);
        const said = messages.map((test) => `${test.name}: ${test.message}`).join('\n');
        assert.deepEqual(failures(result), fails, said);
        assert.match(said, says);
      });
    }
  });
}

check('timer-statistics', kTimerStatistics);

describe('timer-statistics, sorting', () => {
  it('gives no points for speed to n² steps, and all others', async () => {
    const result = await grade('timer-statistics', source('timer-statistics', 'reference.cpp'), false);
    const fast = result.tasks.find(({ id }) => id === 'fast');
    assert.equal(fast?.points, 0);
    assert.equal(result.points, result.maxPoints - (fast?.maxPoints ?? 0));
    assert.match(result.tests.at(-1)?.message ?? '', /next level asks for 2/);
  });
});

check('cache-lines', kCacheLines);

check('count-work', kCountWork);

check('peak-memory', kPeakMemory);

describe('the counting loops of count-work', () => {
  it("give the library's counts for every case", async () => {
    const library = await loadLibrary('simd');
    const of = (kind: Parameters<typeof library.layerWork>[0], shape: Record<string, number | boolean>) => {
      const work = library.layerWork(kind, shape);
      return [work.flops, work.bytesRead + work.bytesWritten];
    };
    const { spec } = loadExercise(name('count-work'));
    const cases = spec.tasks.flatMap((task) => (task.kind === 'performance' ? [] : task.cases));
    for (const { params } of cases) {
      const [a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, ...rest] = (params['shape'] ?? []) as number[];
      const numbers = params as Record<string, number>;
      if (params['layer'] === 'linear') {
        const { rows = 1, inputs = 1, outputs = 1, bias = 0 } = numbers;
        const count = countLinear({ inputs, outputs, bias });
        const theirs = of('linear', { rows, inputs, outputs, bias: bias === 1 });
        assert.deepEqual([flopsOf(count, rows), bytesOf(count, rows)], theirs);
      } else if (params['layer'] === 'conv2d') {
        const [stride = 1, padding = 0, dilation = 1, groups = 1, bias = 0] = rest;
        const shape = { batch: a, height: b, width: c, channels: d, outputs: e, stride, padding, dilation, groups };
        const count = countConv({ ...shape, kernel: f, bias });
        const theirs = of('conv2d', { ...shape, kernelHeight: f, kernelWidth: f, bias: bias === 1 });
        assert.deepEqual([flopsOf(count, a), bytesOf(count, a)], theirs);
      } else {
        const shape = { batch: a, queries: b, keys: c, heads: d, keyHeads: e, size: f };
        const [causal = 0] = rest;
        const count = countAttention({ ...shape, causal });
        const firstQuery = causal ? c - b : 0;
        const theirs = of('attention', { ...shape, causal: causal === 1, firstQuery });
        assert.deepEqual([flopsOf(count, a), bytesOf(count, a)], theirs);
      }
    }
  });
});

describe('the accesses of cache-lines', () => {
  it("have the lesson's misses", () => {
    const cache = { line: 16, sets: 4, ways: 2 };
    const misses = (trace: string, padding = 0) =>
      missesOf(makeAccesses({ trace, n: 8, padding }, new Random('none')), cache);
    assert.equal(misses('column_sum'), 72);
    assert.equal(misses('row_sum'), 18);
    assert.equal(misses('column_sum', 4), 36);
  });
});
