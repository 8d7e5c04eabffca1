import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockTick, fastestRatio } from './measure.ts';
import { Random } from './random.ts';

/** Times of a kernel that takes 1 and a reference that takes `ratio`, on a machine that adds to nearly every one of them. */
function busyRounds(count: number, ratio: number, random: Random): [number, number][] {
  const delay = () => (random.real(0, 1) < 0.25 ? 0.02 : 3 * -Math.log(random.real(1e-9, 1)));
  return Array.from({ length: count }, () => [ratio + delay(), 1 + delay()]);
}

describe('fastestRatio', () => {
  it('is that of the fastest times', () => {
    const { ratio } = fastestRatio(
      [
        [6, 2],
        [4, 9],
        [9, 3],
      ],
      0,
    );
    assert.equal(ratio, 2);
  });

  it('stays where it is on a busy machine', () => {
    for (let trial = 0; trial < 100; ++trial) {
      const { ratio } = fastestRatio(busyRounds(30, 3.5, new Random(`busy ${trial}`)), 0);
      assert.ok(Math.abs(ratio / 3.5 - 1) < 0.05, String(ratio));
    }
  });

  it('lies in its interval, which is wide where rounds disagree and a point where they agree', () => {
    const busy = fastestRatio(busyRounds(8, 2, new Random('wide')), 0);
    assert.ok(busy.low <= busy.ratio && busy.ratio <= busy.high && busy.low < busy.high, JSON.stringify(busy));
    assert.deepEqual(fastestRatio(Array(9).fill([4, 2]), 0), { ratio: 2, low: 2, high: 2 });
  });

  it('believes no time shorter than what the clock can tell', () => {
    assert.equal(fastestRatio([[1, 0]], 0.5).ratio, 2);
  });
});

describe('clockTick', () => {
  it('is positive and at most a tenth of a second', () => {
    const tick = clockTick();
    assert.ok(tick > 0 && tick < 0.1, String(tick));
  });
});
