import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockTick, medianInterval } from './measure.ts';
import { Random } from './random.ts';

describe('medianInterval', () => {
  it('is the median, of odd and of even counts', () => {
    assert.equal(medianInterval([3, 1, 2]).ratio, 2);
    assert.equal(medianInterval([4, 1, 2, 3]).ratio, 2.5);
    assert.equal(medianInterval([5]).ratio, 5);
  });

  it('encloses the median', () => {
    for (let n = 1; n <= 40; ++n) {
      const { ratio, low, high } = medianInterval(new Random(`n ${n}`).floats(n).map(Math.abs));
      assert.ok(low <= ratio && ratio <= high, `n ${n}: ${low} ${ratio} ${high}`);
    }
  });

  it('holds the true median about 95 times of 100', () => {
    const random = new Random('coverage');
    for (const n of [9, 15, 40]) {
      let held = 0;
      for (let trial = 0; trial < 2000; ++trial) {
        // Skewed, as timings are: the median of -log(u) is log 2.
        const values = Array.from({ length: n }, () => -Math.log(random.real(1e-9, 1)));
        const { low, high } = medianInterval(values);
        if (low <= Math.LN2 && Math.LN2 <= high) ++held;
      }
      assert.ok(held / 2000 > 0.92, `${held} of 2000 with ${n} values`);
      assert.ok(held / 2000 < 0.999, `${held} of 2000 with ${n} values: wider than it needs to be`);
    }
  });

  it('is not moved by one outlier', () => {
    assert.equal(medianInterval([2, 2, 2, 2, 2, 2, 1000]).ratio, 2);
  });
});

describe('clockTick', () => {
  it('is positive and at most a tenth of a second', () => {
    const tick = clockTick();
    assert.ok(tick > 0 && tick < 0.1, String(tick));
  });
});
