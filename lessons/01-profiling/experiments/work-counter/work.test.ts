import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultExtents, kindsOf, readExtents } from './work.ts';

describe('layers to count', () => {
  it('have the extents that the address gives, where they make sense', () => {
    assert.deepEqual(readExtents('linear', { rows: '32', inputs: '0', outputs: '1.5' }), {
      rows: 32,
      inputs: 20,
      outputs: 10,
    });
    assert.equal(readExtents('conv2d', { padding: '0' })['padding'], 0);
    assert.equal(readExtents('conv2d', { padding: '100' })['padding'], 1);
    assert.deepEqual(readExtents('linear', {}), defaultExtents('linear'));
  });
  it('name the operations that they have', () => {
    const work = { additions: 2, multiplications: 1, divisions: 0, roots: 0, comparisons: 0, functions: 3 };
    assert.deepEqual(kindsOf(work), [
      ['additions', 2],
      ['multiplications', 1],
      ['exponentials', 3],
    ]);
  });
});
