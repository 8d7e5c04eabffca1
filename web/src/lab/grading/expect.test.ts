import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectClose, expectEqual } from './expect.ts';
import { Mismatch } from './verdict.ts';

const kBuffer = { name: 'C', shape: [2, 3] };

function mismatch(action: () => void): Mismatch {
  try {
    action();
  } catch (error) {
    if (error instanceof Mismatch) return error;
    throw error;
  }
  throw new Error('it found nothing wrong');
}

describe('expectations', () => {
  it('allow what the tolerance allows, and no more', () => {
    const expected = [1, 2, 3, 4, 5, 6];
    expectClose(kBuffer, Float32Array.of(1, 2, 3, 4, 5, 6.125), expected, 0.125);
    const { message } = mismatch(() => expectClose(kBuffer, Float32Array.of(1, 2, 3, 4, 5, 6.25), expected, 0.125));
    assert.match(message, /^C\[1\]\[2\] is 6\.25 but should be 6 \(±0\.125\)\. It is the only element that is wrong/);
  });

  it('have a tolerance per element', () => {
    const wide = (i: number) => (i === 5 ? 1 : 0);
    expectClose(kBuffer, Float32Array.of(0, 0, 0, 0, 0, 1), [0, 0, 0, 0, 0, 0], wide);
    assert.throws(() => expectClose(kBuffer, Float32Array.of(1, 0, 0, 0, 0, 0), [0, 0, 0, 0, 0, 0], wide), Mismatch);
  });

  it('find NaN wrong on either side, and with an endless tolerance', () => {
    const zeros = new Float32Array(6);
    const { message } = mismatch(() => expectClose(kBuffer, Float32Array.of(0, NaN, 0, 0, 0, 0), zeros, Infinity));
    assert.match(message, /C\[0\]\[1\] is NaN .* never have been written/);
    assert.throws(() => expectClose(kBuffer, zeros, [0, NaN, 0, 0, 0, 0], 1), Mismatch);
    assert.throws(() => expectClose(kBuffer, zeros, zeros, NaN), Mismatch);
  });

  it('tell infinities apart', () => {
    const shape = { name: 'y', shape: [1] };
    expectClose(shape, Float32Array.of(Infinity), [Infinity], 0);
    assert.throws(() => expectClose(shape, Float32Array.of(-Infinity), [Infinity], 1), Mismatch);
  });

  it('refuse to compare with fewer or more elements', () => {
    assert.throws(() => expectClose(kBuffer, new Float32Array(6), [], 0), /6 elements are compared with 0/);
    assert.throws(() => expectEqual(kBuffer, new Int32Array(6), [1]), RangeError);
  });

  it('draw what is wrong', () => {
    const { picture } = mismatch(() => expectEqual(kBuffer, Int32Array.of(1, 2, 3, 0, 5, 0), [1, 2, 3, 4, 5, 6]));
    assert.deepEqual(picture, ['···', '×·×']);
  });

  it('draw a large buffer small, with every wrong element in it', () => {
    const shape = [100, 100];
    const got = new Int32Array(10_000);
    got[9_999] = 1;
    const { picture } = mismatch(() => expectEqual({ name: 'C', shape }, got, new Int32Array(10_000)));
    assert.equal(picture.length, 16);
    assert.ok(picture.every((row) => row.length === 32));
    assert.equal(picture.join('').indexOf('×'), 16 * 32 - 1);
  });
});
