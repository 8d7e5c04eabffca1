import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { around, betweenTicks, fromZero, linear, logarithmic, powers } from './scale.ts';

describe('a scale', () => {
  it('places values along its axis', () => {
    assert.deepEqual([2, 3, 4].map(linear(2, 4, []).share), [0, 0.5, 1]);
    assert.deepEqual([1, 10, 100].map(logarithmic(1, 100, []).share), [0, 0.5, 1]);
  });

  it('ends with ticks', () => {
    const { low, high, ticks } = betweenTicks([1.83, 0.2], 5);
    assert.deepEqual([low, high, ticks], [0, 2, [0, 0.5, 1, 1.5, 2]]);
    assert.equal(betweenTicks([1], 5, 0.43).low, 0.4);
  });

  it('ends with the data', () => {
    const { high, ticks } = fromZero([1.83, 0.2], 5);
    assert.deepEqual([high, ticks], [1.83, [0, 0.5, 1, 1.5]]);
  });

  it('leaves room around the data, and ticks are within', () => {
    const { low, high, ticks } = around([10, 20], 5);
    assert.deepEqual([low, high], [8.8, 21.2]);
    assert.deepEqual(ticks, [10, 15, 20]);
    assert.equal(around([0.1, 10], 5).low, 0, 'no less than nothing');
    const { low: least, high: most } = around([5], 5);
    assert.ok(least < 5 && most > 5, 'one value has a place');
  });

  it('goes from power to power', () => {
    const { low, high, ticks } = powers([3, 1000], 6, 10);
    assert.deepEqual([low, high, ticks], [1, 1000, [1, 10, 100, 1000]]);
    assert.deepEqual(powers([1, 4096], 5, 2).ticks, [1, 8, 64, 512, 4096]);
    assert.equal(powers([8, 8], 5, 2).high, 16);
  });
});
