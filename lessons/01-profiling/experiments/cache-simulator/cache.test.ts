// What the cache simulator's experiment computes, without a page.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addressOf,
  cellsOf,
  judgePrediction,
  parseCounters,
  parseLevel,
  parseNest,
  parseSteps,
  readCacheSettings,
  setOf,
  setsOf,
  totalsOf,
  waysFor,
  type CacheSettings,
  type CacheState,
} from './cache.ts';
import type { NestInfo } from '#lab/types.ts';

const nests: NestInfo[] = [{ name: 'column_sum', idea: '', code: [''], arrays: ['A', 's'], blocked: false }];
const settings: CacheSettings = {
  nest: 'column_sum',
  n: 8,
  block: 4,
  padding: 0,
  level: { size: 128, line: 16, ways: 2 },
};

describe('a cache', () => {
  const counts = { writes: 0, writeMisses: 0, evictions: 0, writebacks: 0, level: 0 };
  const state: CacheState = {
    done: 5,
    total: 72,
    // Set 0 holds lines 16 (of s) and 4, set 2 line 6.
    contents: Int32Array.from([16, 4, -1, -1, 6, -1, -1, -1]),
    counters: [
      { ...counts, array: 0, sourceLine: 3, reads: 4, readMisses: 4 },
      { ...counts, array: 1, sourceLine: 4, reads: 0, readMisses: 0, writes: 1, writeMisses: 1 },
    ],
    bases: [0, 256],
  };

  it('has sets', () => {
    assert.equal(setsOf(settings.level), 4);
    assert.equal(setOf(4 * 16, settings.level), 0);
    assert.equal(setOf(6 * 16 + 15, settings.level), 2);
    assert.deepEqual(waysFor(64, 16), [1, 2, 4]);
    assert.deepEqual(parseLevel('128/16/2'), settings.level);
    for (const text of ['64/64/2', '100/16/2', '128/16', '128/8/2', '']) assert.equal(parseLevel(text), null, text);
  });

  it('takes settings that make sense from the address', () => {
    const saved = { nest: 'nonsense', n: '16', block: '32', padding: '3', cache: '1024/64/4' };
    assert.deepEqual(readCacheSettings(saved, settings, nests), {
      nest: 'column_sum',
      n: 16,
      block: 16,
      padding: 0,
      level: { size: 1024, line: 64, ways: 4 },
    });
    assert.equal(readCacheSettings({ n: '4', block: '8' }, settings, nests).block, 4);
  });

  it('says what stands in it', () => {
    const cells = cellsOf(state, settings);
    assert.equal(cells.length, 4);
    assert.deepEqual(cells[0], [
      { line: 16, array: 1, row: 0, column: 0 },
      { line: 4, array: 0, row: 2, column: 0 },
    ]);
    assert.deepEqual(cells[1], [null, null]);
    const padded = cellsOf(
      { ...state, contents: Int32Array.from([4, -1]), bases: [0, 384] },
      { ...settings, padding: 4 },
    );
    assert.deepEqual(padded[0]![0], { line: 4, array: 0, row: 1, column: 4 });
  });

  it('adds up its counts', () => {
    assert.deepEqual(totalsOf(state), { accesses: 5, misses: 5, evictions: 0, writebacks: 0 });
    assert.equal(totalsOf(state, ({ array }) => array === 1).misses, 1);
    assert.equal(totalsOf(state, ({ sourceLine }) => sourceLine === 3).accesses, 4);
  });

  it('reads steps', () => {
    const steps = parseSteps({
      fields: 'array,row,column,write,sourceLine,level',
      values: Int32Array.of(...[0, 2, 1, 0, 3, 1], ...[1, 0, 1, 1, 4, 0]),
    });
    assert.deepEqual(steps, [
      { array: 0, row: 2, column: 1, write: false, sourceLine: 3, hit: false },
      { array: 1, row: 0, column: 1, write: true, sourceLine: 4, hit: true },
    ]);
    assert.equal(addressOf(steps[0]!, state, settings), 4 * 17);
    assert.equal(addressOf(steps[1]!, state, settings), 256 + 4);
  });

  it('reads counters and nests', () => {
    const counters = parseCounters({
      fields: 'level,array,sourceLine,reads,writes,readMisses,writeMisses,evictions,writebacks',
      values: Int32Array.of(...[0, 1, 4, 0, 8, 0, 8, 7, 6], ...[0, 0, 2, 0, 0, 0, 0, 0, 0]),
    });
    assert.deepEqual(counters, [
      {
        level: 0,
        array: 1,
        sourceLine: 4,
        reads: 0,
        writes: 8,
        readMisses: 0,
        writeMisses: 8,
        evictions: 7,
        writebacks: 6,
      },
    ]);
    const nest = parseNest({ name: 'x', idea: 'y', code: 'for ii += block\n  a', arrays: 'A s' });
    assert.deepEqual(nest, {
      name: 'x',
      idea: 'y',
      code: ['for ii += block', '  a'],
      arrays: ['A', 's'],
      blocked: true,
    });
  });

  it('is held against a prediction', () => {
    assert.deepEqual(judgePrediction(64, 64), { verdict: 'exactly', good: true });
    assert.deepEqual(judgePrediction(60, 64), { verdict: 'within 10 %', good: true });
    assert.deepEqual(judgePrediction(16, 64), { verdict: '4.0× too few', good: false });
    assert.deepEqual(judgePrediction(80, 64), { verdict: '25 % too many', good: false });
    assert.equal(judgePrediction(5, 0).good, false);
    assert.equal(judgePrediction(0, 5).verdict, 'some missed');
  });
});
