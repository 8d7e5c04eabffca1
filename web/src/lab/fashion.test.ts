import assert from 'node:assert/strict';
import { it } from 'node:test';
import { countRight } from './fashion.ts';

it('right predictions are those that equal the labels', () => {
  assert.equal(countRight(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 3)), 2);
});
