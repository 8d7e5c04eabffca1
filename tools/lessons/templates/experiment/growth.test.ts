import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastDoubling, mediansOf } from './growth.ts';

const points = [
  { size: 32, seconds: [3, 1, 2] },
  { size: 64, seconds: [16, 15, 99] },
  { size: 128, seconds: [] },
];

test('a point is the median of its batches', () => {
  assert.deepEqual(mediansOf(points), [
    { size: 32, seconds: 2 },
    { size: 64, seconds: 16 },
  ]);
});

test('the last doubling compares the two largest', () => {
  assert.equal(lastDoubling(points), 8);
  assert.equal(lastDoubling(points.slice(0, 1)), null);
  assert.equal(lastDoubling([]), null);
});
