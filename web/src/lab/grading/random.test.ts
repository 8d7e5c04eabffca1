import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random } from './random.ts';

describe('random numbers', () => {
  it('follow from the seed alone', () => {
    const [a, b, c] = ['one', 'one', 'two'].map((seed) => new Random(seed).floats(100));
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
  });

  it('are the same ones in every release: seeds on record stay valid', () => {
    const random = new Random('optlab');
    assert.deepEqual([random.bits(), random.bits(), random.bits()], [4255722113, 4112108611, 2485803233]);
  });

  it('stay within their bounds, both of which integers reach', () => {
    const random = new Random('bounds');
    const seen = new Set(Array.from({ length: 400 }, () => random.integer(-2, 3)));
    assert.deepEqual(
      [...seen].sort((x, y) => x - y),
      [-2, -1, 0, 1, 2, 3],
    );
    for (const value of random.floats(1000, 2, 3)) assert.ok(value >= 2 && value <= 3);
  });

  it('are uniform: sixteen bins hold what chance allows', () => {
    const random = new Random('uniform');
    const bins = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; ++i) ++bins[random.bits() >>> 28]!;
    const chiSquared = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    assert.ok(chiSquared < 37.7, `${chiSquared} with 15 degrees of freedom; 0.1 % lie above 37.7`);
  });

  it('of seeds that differ in one character have nothing in common', () => {
    const [a, b] = ['case 1', 'case 2'].map((seed) => new Random(seed).floats(2000));
    const product = a!.reduce((sum, value, i) => sum + value * (b![i] ?? 0), 0);
    // Each product has variance 1/9.
    assert.ok(Math.abs(product) < 4 * Math.sqrt(2000 / 9), String(product));
  });
});
