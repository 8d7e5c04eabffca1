// The exercises of lesson 01: what students get wrong is found, in the task that asks for it, and named. Each variant is the solution with one
// mistake in it.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { makeAccesses, missesOf } from '../lessons/01-profiling/accesses.ts';
import { bytesOf, countAttention, countConv, countLinear, flopsOf } from '../lessons/01-profiling/counted.ts';
import { loadExercise } from '../tools/lib/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import { Random } from '#lab/grading/random.ts';
import { loadModule } from './lib/library.ts';
import { checkVariants, gradeVariant, sourceOf } from './variants/check.ts';
import { kCacheLines } from './variants/cache-lines.ts';
import { kCountWork } from './variants/count-work.ts';
import { kPeakMemory } from './variants/peak-memory.ts';
import { kTimerStatistics } from './variants/timer-statistics.ts';

const host = new NodeHost();
after(() => host.close());

const name = (exercise: string) => `01-profiling/${exercise}`;

checkVariants(host, name('timer-statistics'), kTimerStatistics);

describe('timer-statistics, sorting', () => {
  it('gives no points for speed to n² steps, and all others', async () => {
    const result = await gradeVariant(
      host,
      name('timer-statistics'),
      sourceOf(name('timer-statistics'), 'reference.cpp'),
      false,
    );
    const fast = result.tasks.find(({ id }) => id === 'fast');
    assert.equal(fast?.points, 0);
    assert.equal(result.points, result.maxPoints - (fast?.maxPoints ?? 0));
    assert.match(result.tests.at(-1)?.message ?? '', /next level asks for 2/);
  });
});

checkVariants(host, name('cache-lines'), kCacheLines);

checkVariants(host, name('count-work'), kCountWork);

checkVariants(host, name('peak-memory'), kPeakMemory);

describe('the counting loops of count-work', () => {
  it("give the library's counts for every case", async () => {
    const library = await loadModule('simd', 'optlab');
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
