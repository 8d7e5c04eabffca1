import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disagreements, parseCachegrind, parseSimulation, type Misses } from './cache-check.ts';

const misses = (reads: [number, number], writes: [number, number] = [0, 0]): Misses => ({ reads, writes });

describe('what cachegrind counted', () => {
  const file = [
    'desc: D1 cache: 8192 B, 64 B, 8-way associative',
    'events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw ',
    'fl=???',
    'fn=nest_transpose_blocked',
    '0 9 9 9 9 9 9 9 9 9',
    'fn=nest_transpose',
    '0 99470 3 3 16386 1025 1024 16384 16384 300',
    '12 1 0 0 5 2 0 1 0 0',
    'fl=other.cpp',
    'fn=main',
    '0 7 7 7 7 7 7 7 7 7',
    'summary: 1 1 1 1 1 1 1 1 1',
  ].join('\n');

  it('is the sum of the lines of one function', () => {
    assert.deepEqual(parseCachegrind(file, 'nest_transpose'), misses([1027, 1024], [16384, 300]));
  });

  it('is an error where the function or its misses are not there', () => {
    assert.throws(() => parseCachegrind(file, 'nest_column_sum'), /no D1mr of nest_column_sum/);
    assert.throws(() => parseCachegrind('events: Ir\nfn=nest_transpose\n0 5\n', 'nest_transpose'), /no D1mr/);
  });
});

describe('what the simulator said', () => {
  it('is a line for each of two levels', () => {
    assert.deepEqual(
      parseSimulation('level\t0\t266624\t4096\nlevel\t1\t512\t256\n'),
      misses([266624, 512], [4096, 256]),
    );
    assert.throws(() => parseSimulation('level\t0\t1\t2\n'), /no two levels/);
  });
});

describe('the comparison', () => {
  const counted = misses([1000, 400], [2000, 300]);
  it('allows 5 %, or a few lines', () => {
    assert.deepEqual(disagreements(misses([1050, 381], [1900, 314]), counted), []);
    assert.deepEqual(disagreements(misses([0, 0], [16, 0]), misses([16, 5], [0, 0])), []);
  });
  it('fails over that, either way, for each count', () => {
    assert.match(disagreements(misses([1051, 400], [2000, 300]), counted)[0]!, /reads .*first.* 1051, counted 1000/);
    assert.match(disagreements(misses([1000, 379], [2000, 300]), counted)[0]!, /reads .*last/);
    assert.match(disagreements(misses([1000, 400], [1899, 300]), counted)[0]!, /writes .*first/);
    assert.match(disagreements(misses([1000, 400], [2000, 317]), counted)[0]!, /writes .*last/);
    assert.equal(disagreements(misses([0, 0]), counted).length, 4);
  });
});
