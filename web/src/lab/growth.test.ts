import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cachedTokenFlops,
  exponents,
  fitCurve,
  fitGrowth,
  generationFlops,
  keysSeen,
  medians,
  predicted,
  uncachedTokenFlops,
  type TokenTime,
} from './growth.ts';

/** A generator of its own, so that the tests are the same every time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

const curve = (t: number) => 1e-3 + 2e-6 * t + 3e-9 * t * t;

describe('growth of the time per token', () => {
  it('finds a curve again, with no error', () => {
    const times = Array.from({ length: 2048 }, (_, position) => ({ position, seconds: curve(position) }));
    for (const groups of [64, 4096]) {
      const fit = fitGrowth(times, groups)!;
      for (const t of [0, 500, 2047]) assert.ok(Math.abs(predicted(fit, t) / curve(t) - 1) < 1e-3);
      assert.ok(Math.abs(fit.c.value / 3e-9 - 1) < 1e-3);
    }
    assert.equal(fitGrowth(times, 64)!.points, 64);
  });

  it('says how far off it may be', () => {
    let within = 0;
    for (let trial = 1; trial <= 100; ++trial) {
      const random = noise(trial);
      const times = Array.from({ length: 600 }, (_, position) => ({
        position,
        seconds: curve(position) + 1e-4 * random(),
      }));
      const { b } = fitGrowth(times)!;
      if (Math.abs(b.value - 2e-6) < 2 * b.error) ++within;
    }
    assert.ok(within >= 88 && within <= 100, `${within} of 100 within two standard errors`);
  });

  it('does not mind tokens that were interrupted', () => {
    const times: TokenTime[] = Array.from({ length: 1024 }, (_, position) => ({ position, seconds: curve(position) }));
    for (let i = 3; i < times.length; i += 17) times[i]!.seconds *= 50;
    const fit = fitGrowth(times)!;
    for (const t of [0, 500, 1023]) assert.ok(Math.abs(predicted(fit, t) / curve(t) - 1) < 0.01);
  });

  it('fits a few points of very different times by their relative deviations', () => {
    const random = noise(7);
    const steep = (t: number) => 3e-4 + 1e-4 * t + 2e-7 * t * t;
    const points = [8, 16, 32, 64, 128, 256, 512, 1024, 1536, 2048].map((position) => ({
      position,
      seconds: steep(position) * (1 + 0.02 * random()),
    }));
    const fit = fitCurve(points, true)!;
    for (const { position } of points) assert.ok(Math.abs(predicted(fit, position) / steep(position) - 1) < 0.02);
    assert.ok(Math.abs(fit.a.value - 3e-4) < 2 * fit.a.error && fit.a.error < 3e-5, `${fit.a.value} ± ${fit.a.error}`);
    assert.ok(fit.residual < 0.01);
  });

  it('says nothing of too few positions', () => {
    assert.equal(fitGrowth([]), null);
    assert.equal(fitGrowth([1, 2, 3].map((position) => ({ position, seconds: 1 }))), null);
    assert.equal(fitGrowth(Array.from({ length: 50 }, () => ({ position: 7, seconds: 1 }))), null);
    assert.notEqual(fitGrowth([1, 2, 3, 4].map((position) => ({ position, seconds: position }))), null);
  });

  it('takes medians by groups, in order', () => {
    const times = [9, 1, 0, 8].map((position) => ({ position, seconds: position }));
    assert.deepEqual(medians(times, 4), [
      { position: 0.5, seconds: 0.5 },
      { position: 8.5, seconds: 8.5 },
    ]);
  });
});

describe('operations of attention', () => {
  const shape = { layers: 3, heads: 6, headSize: 16 };

  /** By loops as the code has them: every query with every key that it sees, D products and sums for the score and for the value. */
  function counted(first: number, last: number, window = 0, sinks = 0): number {
    let flops = 0;
    for (let t = first; t <= last; ++t)
      for (let s = 0; s <= t; ++s)
        if (window === 0 || s < sinks || s > t - window) flops += shape.layers * shape.heads * 4 * shape.headSize;
    return flops;
  }

  it('are those of the loops', () => {
    for (const t of [0, 1, 40]) {
      assert.equal(cachedTokenFlops(shape, t), counted(t, t));
      assert.equal(uncachedTokenFlops(shape, t), counted(0, t));
      assert.equal(cachedTokenFlops(shape, t, { window: 8, sinks: 2 }), counted(t, t, 8, 2));
    }
    assert.equal(
      generationFlops((t) => cachedTokenFlops(shape, t), 30),
      counted(0, 29),
    );
    assert.equal(keysSeen(100, { window: 8, sinks: 2 }), 10);
  });

  it('grow linearly and quadratically with a cache, a power faster without', () => {
    const all = exponents(shape, 4096);
    assert.ok(Math.abs(all.cachedToken - 1) < 1e-9);
    assert.ok(Math.abs(all.cachedGeneration - 2) < 0.01);
    assert.ok(Math.abs(all.uncachedToken - 2) < 0.01);
    assert.ok(Math.abs(all.uncachedGeneration - 3) < 0.01);
    const window = exponents(shape, 4096, { window: 64, sinks: 4 });
    assert.equal(window.cachedToken, 0);
    assert.ok(Math.abs(window.cachedGeneration - 1) < 0.02);
  });
});
