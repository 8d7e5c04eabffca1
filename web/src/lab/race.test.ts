import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { browserName, raceRecord } from './export.ts';
import {
  type RaceReport,
  activity,
  isUnsteady,
  laneAtWork,
  nearestFactor,
  parseShape,
  ranking,
  shapeLabel,
  slowRungs,
  tiedWith,
} from './race.ts';
import type { Lane, VariantInfo } from './types.ts';

describe('a race', () => {
  const lane = (name: string, rate: number, spread: number): Lane => ({
    name,
    flops: 1e9,
    bytes: 1e6,
    settled: spread < 0.05,
    discarded: 0,
    statistics: {
      ...kNone,
      count: 9,
      median: 1e9 / rate,
      low: 1e9 / (rate * (1 + spread)),
      high: 1e9 / (rate * (1 - spread)),
    },
  });
  const kNone = {
    count: 0,
    median: 0,
    mean: 0,
    min: 0,
    max: 0,
    p5: 0,
    p95: 0,
    mad: 0,
    low: 0,
    high: 0,
    intervalIsRange: false,
  };
  const report = (lanes: Lane[]): RaceReport => ({
    options: { m: 1, k: 1, n: 1, variants: [], threads: 1, seconds: 1 },
    lanes,
    digests: [],
    blocking: { depth: 512, rows: 48, columns: 512 },
    memory: { scratch: 0, packed: 0 },
    progress: 1,
    atWork: null,
    done: true,
    stopped: false,
  });

  it('has a winner, and ties where intervals overlap', () => {
    const lanes = [
      lane('naive', 1e9, 0.01),
      lane('simd', 28e9, 0.1),
      lane('threads', 30e9, 0.01),
      { ...lane('none', 1, 0), statistics: null },
    ];
    const { first, winner, factor } = ranking(report(lanes));
    assert.equal(first?.name, 'naive');
    assert.equal(winner?.name, 'threads');
    assert.ok(Math.abs(factor - 30) < 1e-9);
    assert.deepEqual(tiedWith(lanes[2]!, lanes), ['simd']);
    assert.deepEqual(tiedWith(lanes[0]!, [lanes[0]!]), []);
    assert.equal(ranking(report([])).winner, null);
  });

  it('is unsteady when most lanes did not settle, unless it was stopped', () => {
    const wild = [lane('a', 1e9, 0.3), lane('b', 1e9, 0.3), lane('c', 1e9, 0.01)];
    assert.equal(isUnsteady(report(wild)), true);
    assert.equal(isUnsteady(report(wild.slice(1))), false);
    assert.equal(isUnsteady({ ...report(wild), stopped: true }), false);
  });

  it('knows which rung is at work', () => {
    const at = (counts: number[], discarded: number[], last = 0.02) =>
      laneAtWork(
        counts.map((count, i) => ({
          ...lane('x', 1e9, 0.01),
          discarded: discarded[i]!,
          statistics: count === 0 ? null : { ...kNone, count },
        })),
        last,
      );
    assert.equal(at([], []), null);
    assert.equal(at([0, 0, 0], [0, 0, 0]), 0);
    assert.equal(at([0, 0, 0], [3, 0, 0]), 0);
    assert.equal(at([0, 0, 0], [1, 0, 0], 3), 1, 'a slow call ends its warm-up');
    assert.equal(at([0, 0, 0], [1, 1, 1], 3), 0, 'after the last warm-up the first is measured');
    // Rounds of alternating direction: 0 1 2, 2 1 0, 0 …
    assert.deepEqual([at([1, 0, 0], [1, 1, 1]), at([1, 1, 1], [1, 1, 1]), at([2, 2, 2], [1, 1, 1])], [1, 2, 0]);
  });

  it('names a rung that is slow', () => {
    const slow = { ...lane('naive', 1e9, 0.01), flops: 3e9 };
    slow.statistics = { ...kNone, median: 3 };
    const running = { ...report([slow, lane('simd', 1e9, 0.01)]), atWork: 0 };
    assert.equal(activity(running), 'measuring naive, 3.00 s a call…');
    const fast = { ...lane('simd', 1e9, 0.01), statistics: { ...kNone, median: 0.01 } };
    assert.equal(activity({ ...running, lanes: [fast] }), 'measuring…');
    assert.equal(activity({ ...running, lanes: [{ ...slow, statistics: null }] }), 'measuring naive…');

    const variant = (name: string, isa: string): VariantInfo => ({
      name,
      isa,
      idea: '',
      mode: 'exact',
      threaded: false,
      prepacked: false,
      supported: true,
    });
    const variants = [variant('naive', 'scalar'), variant('reordered', 'scalar'), variant('simd', 'wasm128')];
    assert.deepEqual(slowRungs(2 * 512 ** 3, variants), []);
    assert.deepEqual(slowRungs(2 * 1024 ** 3, variants), ['naive', 'reordered']);
  });

  it('is exported with date, schema and no more of the browser than it takes', () => {
    const chrome =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
    const safari =
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15';
    const names = [
      chrome,
      `${chrome} Edg/130.0.1`,
      chrome.replace('Chrome', 'HeadlessChrome'),
      safari,
      'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
      'curl/8.5',
    ].map(browserName);
    assert.deepEqual(names, ['Chrome 131', 'Edge 130', 'Chrome 131', 'Safari 17', 'Firefox 128', 'unknown']);
    const context = { recorded: new Date(0), page: 'p', userAgent: chrome, engine: undefined, peaks: [] };
    const text = JSON.stringify(raceRecord(report([]), context));
    assert.match(text, /"schema":1,"recorded":"1970-01-01T00:00:00.000Z","browser":"Chrome 131"/);
    assert.doesNotMatch(text, /Linux/);
  });

  it('reads shapes and compares guesses by ratio', () => {
    assert.deepEqual(parseShape('64x784x256'), { m: 64, k: 784, n: 256 });
    for (const bad of ['64x784', '64x784x256x1', '-1x2x3', '1e3x2x3', '123456x1x1', ''])
      assert.equal(parseShape(bad), null, bad);
    assert.deepEqual(['512x512x512', '1x1024x1024'].map(shapeLabel), ['512³', '1×1024×1024']);
    assert.equal(nearestFactor(31, [2, 5, 10, 20, 50, 100]), 20);
    assert.equal(nearestFactor(32, [2, 5, 10, 20, 50, 100]), 50);
  });
});
