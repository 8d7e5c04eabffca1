import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { estimatesOf, groupsOf, histogramOf, kGroup, spreadOf } from './timing.ts';

describe('timings', () => {
  it('are cut into groups, each with its own estimate', () => {
    const calls = Array.from({ length: 2 * kGroup + 3 }, (_, i) => (i === 1 ? 1e-3 : 1e-5));
    assert.deepEqual(
      groupsOf(calls).map((group) => group.length),
      [kGroup, kGroup],
    );
    const options = { size: 64, variant: 'simd', count: 50, threads: 1 as const };
    const report = { options, tick: 1e-6, calls, batches: [1e-5, 1.1e-5], progress: 1, done: true, stopped: false };
    const rows = Object.fromEntries(estimatesOf(report).map(({ name, values }) => [name, values]));
    assert.deepEqual(rows['one call'], [1e-5, 1e-5]);
    assert.ok(rows[`mean of ${kGroup}`]![0]! > 4e-5, 'one outlier moves the mean');
    assert.deepEqual(rows[`median of ${kGroup}`], [1e-5, 1e-5]);
    assert.equal(estimatesOf({ ...report, batches: [] }).length, 3);
  });

  it('spread from the least to the largest', () => {
    assert.equal(spreadOf([8, 10, 13]), 0.5);
  });

  it('fall into bars of whole ticks', () => {
    const { from, width, counts, beyond } = histogramOf([0, 5e-6, 5e-6, 10e-6, 500e-6], 5e-6, 20e-6);
    assert.equal(from, 0);
    assert.equal(width, 5e-6);
    assert.deepEqual(counts, [1, 2, 1, 0]);
    assert.equal(beyond, 1);
    const many = histogramOf([100e-6, 200e-6, 299e-6], 1e-6, 300e-6);
    assert.ok(many.counts.length <= 41);
    assert.equal(
      many.counts.reduce((sum, count) => sum + count, 0),
      3,
    );
  });
});
