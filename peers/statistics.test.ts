import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fill } from './random.ts';
import { bootstrap, intervalTrim, ratioToBest, summarize, verdict } from './statistics.ts';

describe('the interval of a median', () => {
  it('has the ranks of the binomial tables', () => {
    // Conover, Practical Nonparametric Statistics, table A3: ranks 1 and n for n = 6…8, 2 and n−1 for 9…11, 3 and n−2 for 12…14.
    const ranks = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 25].map((n) => intervalTrim(n) + 1);
    assert.deepEqual(ranks, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 6, 8]);
  });

  it('is the range of few values', () => {
    const { low, high, spread } = summarize([10, 12, 9, 11, 10]);
    assert.deepEqual([low, high], [9, 12]);
    assert.ok(Math.abs(spread - 0.3) < 1e-12);
  });

  it('leaves an outlier out of nine', () => {
    assert.equal(summarize([1, 2, 3, 4, 5, 6, 7, 8, 1000]).high, 8);
  });
});

describe('ratioToBest', () => {
  const around = (centre: number, seed: number) => [...fill(11, seed)].map((x) => centre * (1 + 0.02 * x));

  it('divides by the best rival and holds the quotient in its interval', () => {
    const ratio = ratioToBest(around(30, 1), [around(10, 2), around(20, 3)]);
    assert.ok(Math.abs(ratio.value - 1.5) < 0.05, String(ratio.value));
    assert.ok(ratio.low <= ratio.value && ratio.value <= ratio.high);
    assert.ok(ratio.low > 1.4 && ratio.high < 1.6);
  });

  it('is exact without spread, and the same for the same seed', () => {
    assert.deepEqual(ratioToBest([4, 4], [[2, 2], [1]]), { value: 2, low: 2, high: 2 });
    assert.deepEqual(ratioToBest(around(3, 1), [around(2, 2)], 7), ratioToBest(around(3, 1), [around(2, 2)], 7));
  });
});

describe('bootstrap', () => {
  it('has intervals about as wide as theory says', () => {
    // Standard error of a median of n values: 1 / (2 f √n), f the density there: uniform on [-1, 1) has f = ½.
    const values = [...fill(400, 5)].map((x) => x + 10);
    const { low, high } = bootstrap([values], ([m]) => m!);
    const expected = (2 * 1.96) / Math.sqrt(400);
    assert.ok(Math.abs((high - low) / expected - 1) < 0.4, `${high - low} where ${expected} is expected`);
  });
});

describe('verdict', () => {
  const side = (count: number, spread: number) => ({ count, spread, median: 1, low: 1, high: 1 });
  const ratio = (value: number) => ({ value, low: value, high: value });

  it('compares with the target where both sides are known well', () => {
    assert.equal(verdict(ratio(1.5), 1.5, [side(7, 0.25), side(9, 0.1)]), 'met');
    assert.equal(verdict(ratio(1.49), 1.5, [side(7, 0.25), side(9, 0.1)]), 'missed');
  });

  it('is none where one side spreads over 25 % or has fewer than 7 quiet repetitions', () => {
    const wide = { count: 7, spread: 0.6, median: 10, low: 7, high: 13 };
    assert.equal(verdict(ratio(10), 8, [wide, side(9, 0)]), 'no verdict (spread 60.0 %)');
    assert.equal(verdict(ratio(10), 13, [wide, side(9, 0)]), 'no verdict (spread 60.0 %)');
    assert.equal(verdict(ratio(9), 1, [side(7, 0), side(6, 0)]), 'no verdict (6 quiet)');
  });

  it('is given in spite of the spread where no value of the intervals contradicts it', () => {
    const wide = { count: 7, spread: 0.6, median: 10, low: 7, high: 13 };
    assert.equal(verdict(ratio(10), 7, [wide, side(9, 0)]), 'met');
    assert.equal(verdict(ratio(10), 13.1, [wide, side(9, 0)]), 'missed');
    assert.equal(verdict(ratio(0.1), 0.14, [side(9, 0), wide]), 'no verdict (spread 60.0 %)');
    assert.equal(verdict(ratio(0.1), 0.15, [side(9, 0), wide]), 'missed');
  });
});
