import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deviation, mean, median, nearestFactor, quantile, softmax, sorted, upperMedian } from './statistics.ts';

describe('a sample', () => {
  it('has a middle: one value, or the mean of two', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([10, 9, 8, 100]), 9.5, 'numbers, not texts, are sorted');
  });

  it('has an upper middle and quantiles, which were measured', () => {
    assert.equal(upperMedian([4, 1, 3, 2]), 3);
    assert.equal(upperMedian([5, 1, 3]), 3);
    const values = Array.from({ length: 101 }, (_, i) => 100 - i);
    assert.deepEqual(
      [0, 0.25, 0.97, 1].map((p) => quantile(values, p)),
      [0, 25, 97, 100],
    );
    assert.equal(quantile([2, 1], 0.9), 1);
  });

  it('keeps its order', () => {
    const values = [3, 1, 2];
    assert.deepEqual(sorted(values), [1, 2, 3]);
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });

  it('is not empty', () => {
    for (const statistic of [median, upperMedian, deviation, (values: number[]) => quantile(values, 0.5)])
      assert.throws(() => statistic([]), RangeError);
  });

  it('spreads', () => {
    const samples = [105, 98, 101, 99, 100, 97, 640, 102, 103];
    assert.equal(deviation(samples), 2);
    assert.ok(Math.abs(mean(samples) - 160.6) < 0.05);
    assert.equal(deviation([12, 11, 13, 95, 12, 11, 14]), 1);
  });
});

describe('a guess', () => {
  it('is compared by ratio', () => {
    assert.equal(nearestFactor(31, [2, 5, 10, 20, 50, 100]), 20);
    assert.equal(nearestFactor(32, [2, 5, 10, 20, 50, 100]), 50);
    assert.deepEqual(
      [nearestFactor(2.47, [1, 1.5, 3, 8]), nearestFactor(2.7, [1, 8]), nearestFactor(2.9, [1, 8])],
      [3, 1, 8],
    );
  });
});

describe('logits', () => {
  it('become probabilities, however large they are', () => {
    const [a, b, c] = softmax([1000, 1000 + Math.log(2), 1000]);
    assert.deepEqual(
      [a, b, c].map((p) => p!.toFixed(6)),
      ['0.250000', '0.500000', '0.250000'],
    );
  });
});
