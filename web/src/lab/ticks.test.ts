import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryTicks, decadeTicks, epochTicks, niceTicks } from './ticks.ts';

describe('axes', () => {
  it('have round numbers that reach around everything', () => {
    assert.deepEqual(niceTicks(0, 1.83, 5), [0, 0.5, 1, 1.5, 2]);
    assert.deepEqual(niceTicks(0.43, 1, 5), [0.4, 0.6, 0.8, 1]);
    assert.deepEqual(niceTicks(0.91, 1, 5), [0.9, 0.92, 0.94, 0.96, 0.98, 1]);
    assert.deepEqual(niceTicks(0, 0.1, 5), [0, 0.02, 0.04, 0.06, 0.08, 0.1]);
    for (const [low, high] of [
      [0, 123],
      [0.05, 1],
      [1, 1],
      [0, 1e9],
    ] as const) {
      const ticks = niceTicks(low, high, 5);
      assert.ok(ticks[0]! <= low && ticks.at(-1)! >= high && ticks.length >= 2 && ticks.length <= 8, String(ticks));
    }
  });

  it('number the epochs', () => {
    assert.deepEqual(epochTicks(1, 8), [0, 1]);
    assert.deepEqual(epochTicks(5, 8), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(epochTicks(20, 8), [0, 3, 6, 9, 12, 15, 18]);
  });

  it('go up in 1, 2, 5 or in powers of four on logarithmic axes', () => {
    assert.deepEqual(decadeTicks({ min: 1, max: 20 }), [1, 2, 5, 10, 20]);
    assert.deepEqual(binaryTicks({ min: 0.2, max: 70 }), [0.25, 1, 4, 16, 64]);
  });
});
