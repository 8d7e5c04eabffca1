// What lesson 01's experiments and the short questions compute, without a page.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnswersWithFallback, isAnswer, MemoryAnswers, type Answer, type AnswerStore } from './answers.ts';
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
} from './cache.ts';
import { feedbackFor, isRightChoice, isRightNumber, parseNumber, parseTolerance, severalText } from './check.ts';
import {
  boundClass,
  boundOf,
  boundText,
  countText,
  flopText,
  innermost,
  isUnsteadyProfile,
  layerDots,
  slowest,
  sortLayers,
  speedUpPerItem,
} from './layers.ts';
import { csvOf, parseLayers, parseMemory, parseSpans, parseTiming, traceOf } from './profile.ts';
import type { CacheSettings, CacheState, ProfileReport } from './protocol.ts';
import { deviation, estimatesOf, groupsOf, histogramOf, kGroup, mean, spreadOf } from './timing.ts';
import { defaultExtents, kindsOf, readExtents } from './work.ts';
import type { LayerProfile, NestInfo, Peak, Timing } from './types.ts';

describe('numbers as people type them', () => {
  it('are read', () => {
    const cases: [string, number][] = [
      ['500', 500],
      [' 1,179,648 ', 1179648],
      ['1 179 648', 1179648],
      ['9.8e9', 9.8e9],
      ['−3.5', -3.5],
      ['12 %', 12],
      ['.5', 0.5],
      ['5/8', 0.625],
    ];
    for (const [text, value] of cases) assert.equal(parseNumber(text), value, text);
    for (const text of ['', 'about 5', '1,23', '5/0', '1..2', 'NaN', 'Infinity', '0x10']) {
      assert.equal(parseNumber(text), null, text);
    }
  });

  it('are right within a tolerance, its edge included', () => {
    assert.equal(parseTolerance('2%', -50), 1);
    assert.equal(parseTolerance('0.1', 24), 0.1);
    assert.equal(parseTolerance('-1', 24), null);
    assert.equal(parseTolerance('little', 24), null);
    assert.ok(isRightNumber(24.1, { value: 24, tolerance: 0.1 }));
    assert.ok(!isRightNumber(24.2, { value: 24, tolerance: 0.1 }));
    assert.ok(isRightNumber(0.1 + 0.2, { value: 0.3, tolerance: 0 }));
    assert.ok(!isRightNumber(501, { value: 500, tolerance: 0 }));
  });
});

describe('choices', () => {
  it('are right if they are exactly the right ones', () => {
    assert.ok(isRightChoice([2, 0], [0, 2]));
    assert.ok(!isRightChoice([0], [0, 2]));
    assert.ok(!isRightChoice([0, 1, 2], [0, 2]));
  });
  it('have feedback; of several, those left out too', () => {
    assert.deepEqual(feedbackFor('single', [1], [2]), [1]);
    assert.deepEqual(feedbackFor('several', [3], [0, 3]), [0, 3]);
    assert.equal(severalText([1], [0, 2]), 'Not yet: 1 of your choices is wrong, 2 right ones are missing.');
    assert.equal(severalText([0], [0, 2]), 'Not yet: 1 right one is missing.');
  });
});

describe('answers', () => {
  const answer: Answer = { chosen: [1], text: '', right: true };

  it('are kept and forgotten', async () => {
    const store = new MemoryAnswers();
    await store.set('01/a', answer);
    assert.deepEqual(await store.get('01/a'), answer);
    assert.equal(await store.get('01/b'), null);
    await store.delete('01/a');
    assert.equal(await store.get('01/a'), null);
  });

  it('are judged even where nothing can be kept', async () => {
    let tried = 0;
    const fail = () => {
      ++tried;
      return Promise.reject(new Error('blocked'));
    };
    const broken: AnswerStore = { get: fail, set: fail, delete: fail, keys: fail };
    const store = new AnswersWithFallback(broken, new MemoryAnswers());
    assert.ok(store.keeps);
    await store.set('01/a', answer);
    assert.deepEqual(await store.get('01/a'), answer);
    assert.equal(tried, 1);
    assert.ok(!store.keeps);
  });

  it('of another version are none', () => {
    assert.ok(isAnswer(answer));
    for (const value of [null, 'x', {}, { ...answer, chosen: ['1'] }, { ...answer, right: 1 }]) {
      assert.ok(!isAnswer(value), JSON.stringify(value));
    }
  });
});

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
    const steps = parseSteps(Int32Array.from([0, 2, 1, 0, 3, 1, 1, 2, 0, 0, 0, 0, 1, 0, 1, 1, 4, 0, 1, 7, 0, 0, 0, 0]));
    assert.deepEqual(steps, [
      { array: 0, row: 2, column: 1, write: false, sourceLine: 3, hit: false },
      { array: 1, row: 0, column: 1, write: true, sourceLine: 4, hit: true },
    ]);
    assert.equal(addressOf(steps[0]!, state, settings), 4 * 17);
    assert.equal(addressOf(steps[1]!, state, settings), 256 + 4);
  });

  it('reads counters and nests', () => {
    const rows = [0, 1, 4, 0, 8, 0, 8, 7, 6, 0, 0, 2, 0, 0, 0, 0, 0, 0];
    assert.deepEqual(parseCounters(Int32Array.from(rows)), [
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

describe('timings', () => {
  it('are cut into groups, each with its own estimate', () => {
    const calls = Array.from({ length: 2 * kGroup + 3 }, (_, i) => (i === 1 ? 1e-3 : 1e-5));
    assert.deepEqual(
      groupsOf(calls).map((group) => group.length),
      [kGroup, kGroup],
    );
    const options = { size: 64, variant: 'simd', count: 50 };
    const report = { options, tick: 1e-6, calls, batches: [1e-5, 1.1e-5], progress: 1, done: true, stopped: false };
    const rows = Object.fromEntries(estimatesOf(report).map(({ name, values }) => [name, values]));
    assert.deepEqual(rows['one call'], [1e-5, 1e-5]);
    assert.ok(rows[`mean of ${kGroup}`]![0]! > 4e-5, 'one outlier moves the mean');
    assert.deepEqual(rows[`median of ${kGroup}`], [1e-5, 1e-5]);
    assert.equal(estimatesOf({ ...report, batches: [] }).length, 3);
  });

  it('have the figures of the lesson', () => {
    const samples = [105, 98, 101, 99, 100, 97, 640, 102, 103];
    assert.equal(deviation(samples), 2);
    assert.ok(Math.abs(mean(samples) - 160.6) < 0.05);
    assert.equal(deviation([12, 11, 13, 95, 12, 11, 14]), 1);
    assert.equal(spreadOf([8, 10, 13]), 0.5);
  });

  it('fall into bars of whole ticks', () => {
    const { from, width, counts, beyond } = histogramOf([0, 5e-6, 5e-6, 10e-6, 500e-6], 5e-6, 20e-6);
    assert.equal(from, 0);
    assert.equal(width, 5e-6);
    assert.deepEqual(counts, [1, 2, 1, 0]);
    assert.equal(beyond, 1);
    const many = histogramOf([100e-6, 200e-6, 299e-6], 1e-6, 300e-6);
    assert.ok(many.counts.length <= 41);
    assert.equal(
      many.counts.reduce((sum, count) => sum + count, 0),
      3,
    );
  });
});

const seconds = (median: number): Timing => ({
  count: 9,
  median,
  mad: 0,
  low: median * 0.9,
  high: median * 1.25,
  intervalIsRange: false,
});
const layer = (name: string, flops: number, bytes: number, time: number | null): LayerProfile => ({
  name,
  kind: 'Linear',
  parent: -1,
  depth: 0,
  output: [64, 10],
  calls: 1,
  flops,
  bytesRead: bytes / 2,
  bytesWritten: bytes / 2,
  seconds: time === null ? null : seconds(time),
  share: 0.5,
  highWater: 0,
  growth: 0,
});
const report = (batch: number, layers: LayerProfile[], time: number): ProfileReport => ({
  title: 'MLP',
  unit: 'image',
  batch,
  variant: 'simd',
  threads: 1,
  layers,
  run: seconds(time),
  spans: [],
  memory: [],
  progress: 1,
  done: true,
  stopped: false,
});
const peak = (kind: Peak['kind'], name: string, value: number, bytes = 0, threads = 1): Peak => ({
  kind,
  name,
  value,
  bytes,
  threads,
  fused: false,
});

describe('a profile', () => {
  // A block with one layer inside, and a layer that was never timed.
  const rows = [
    [-1, 0, 1, 10, 4, 8, 900, 100, 0.8, 7, 2e-3, 1e-3, 3e-3, 1e-4, 0, 2, 64, 10, 0, 0],
    [0, 1, 2, 100, 40, 80, 800, 0, 0.5, 3, 1e-3, 1e-3, 2e-3, 1e-4, 1, 4, 1, 2, 3, 4],
    [-1, 0, 1, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0],
  ];
  const layers = parseLayers('block\tBlock\nfc, "1"\tLinear\nflatten\tFlatten\n', Float64Array.from(rows.flat()));

  it('is read from rows of numbers', () => {
    assert.equal(layers.length, 3);
    assert.deepEqual(
      [layers[1]!.name, layers[1]!.kind, layers[1]!.parent, layers[1]!.depth],
      ['fc, "1"', 'Linear', 0, 1],
    );
    assert.deepEqual(layers[1]!.output, [1, 2, 3, 4]);
    assert.deepEqual(layers[0]!.output, [64, 10]);
    const timing = { count: 7, median: 2e-3, low: 1e-3, high: 3e-3, mad: 1e-4, intervalIsRange: false };
    assert.deepEqual(layers[0]!.seconds, timing);
    assert.ok(layers[1]!.seconds!.intervalIsRange);
    assert.equal(layers[2]!.seconds, null);
    assert.deepEqual([layers[0]!.highWater, layers[0]!.growth, layers[0]!.share], [900, 100, 0.8]);
    assert.deepEqual(parseSpans(Float64Array.of(0, 0, 2e-3, 1, 1e-3, 5e-4)), [
      { layer: 0, begin: 0, seconds: 2e-3 },
      { layer: 1, begin: 1e-3, seconds: 5e-4 },
    ]);
    assert.deepEqual(parseMemory(Float64Array.of(0.1, -4, 12)), [{ seconds: 0.1, bytes: -4, current: 12 }]);
    assert.equal(parseTiming(Float64Array.of(0, 0, 0, 0, 0, 0)), null);
  });

  it('becomes CSV', () => {
    const lines = csvOf({ ...report(64, layers, 1), layers }).split('\n');
    assert.equal(lines.length, 5, 'a heading, three rows, and the end');
    assert.equal(lines[0]!.split(',').length, 16);
    assert.match(lines[1]!, /^block,Block,,64x10,1,0.002,0.001,0.003,/);
    assert.match(lines[2]!, /^"fc, ""1""",Linear,block,1x2x3x4,2,/);
    assert.match(lines[3]!, /^flatten,Flatten,,5,1,,,,/);
  });

  it('becomes a trace that Chrome can read', () => {
    const spans = [
      { layer: 0, begin: 0, seconds: 2e-3 },
      { layer: 1, begin: 1e-3, seconds: 5e-4 },
    ];
    const trace = JSON.parse(traceOf({ ...report(64, layers, 1), spans })) as {
      traceEvents: Record<string, unknown>[];
    };
    const events = trace.traceEvents.filter(({ ph }) => ph === 'X');
    assert.deepEqual(
      events.map(({ name, cat, ts, dur, pid, tid }) => [name, cat, ts, dur, pid, tid]),
      [
        ['block', 'Block', 0, 2000, 1, 1],
        ['fc, "1"', 'Linear', 1000, 500, 1, 1],
      ],
    );
    assert.deepEqual(events[1]!['args'], { flops: 100, bytes: 120, output: '1x2x3x4' });
  });
});

describe('layers', () => {
  const peaks = [
    peak('compute', 'wasm128', 40e9),
    peak('compute', 'wasm128', 80e9, 0, 2),
    peak('memory', '64 MiB', 10e9, 64 << 20),
    peak('memory', '256 KiB', 20e9, 256 << 10),
  ];

  it('are sorted by any column, and back', () => {
    const layers = [layer('a', 10, 100, 1), layer('b', 30, 60, 0.5), layer('c', 20, 20, null)];
    const order = (...args: [Parameters<typeof sortLayers>[1], boolean]) =>
      sortLayers(layers, ...args)
        .map(({ name }) => name)
        .join('');
    assert.equal(order('seconds', true), 'abc');
    assert.equal(order('flops', true), 'bca');
    assert.equal(order('bytes', false), 'cba');
    assert.equal(order('rate', true), 'bac');
    assert.equal(order('intensity', true), 'cba');
    assert.equal(order('order', true), 'abc');
  });

  it('become dots, if they calculate and have been timed', () => {
    const dots = layerDots(
      report(64, [layer('fc', 4e6, 1e6, 1e-3), layer('flatten', 0, 100, 1e-3), layer('x', 1, 1, null)], 1),
    );
    assert.equal(dots.length, 1);
    assert.equal(dots[0]!.intensity, 4);
    assert.equal(dots[0]!.rate, 4e9);
    assert.ok(dots[0]!.low < 4e9 && dots[0]!.high > 4e9);
  });

  it('are looked at by kind in a language model, without those that contain others', () => {
    const of = (name: string, kind: string, parent: number, share: number, seconds: number) => ({
      ...layer(name, 4e6, 1e6, seconds),
      kind,
      parent,
      share,
    });
    const layers = [
      of('block', 'Residual', -1, 0.6, 6e-3),
      of('a0', 'SelfAttention', 0, 0.25, 1e-3),
      of('a1', 'SelfAttention', 0, 0.35, 3e-3),
      of('classifier', 'Linear', -1, 0.4, 4e-3),
    ];
    const lm: ProfileReport = { ...report(64, layers, 1), unit: 'token' };
    assert.deepEqual(
      innermost(layers).map(({ name }) => name),
      ['a0', 'a1', 'classifier'],
    );
    assert.deepEqual(
      layerDots(lm).map(({ name, seconds, rate }) => [name, seconds, rate]),
      [
        ['SelfAttention ×2', 2e-3, 2e9],
        ['classifier', 4e-3, 1e9],
      ],
    );
    const most = slowest(lm)!;
    assert.deepEqual([most.name, most.layers], ['SelfAttention', ['a0', 'a1']]);
    assert.ok(Math.abs(most.share - 0.6) < 1e-9);
    assert.equal(slowest({ ...lm, unit: 'image' })!.name, 'classifier');
    assert.equal(slowest({ ...lm, layers: [] }), null);
    assert.equal(layerDots({ ...lm, unit: 'image' }).length, 3);
  });

  it('are held against the lower roof, that of memory being the smallest piece that holds them', () => {
    const bound = (intensity: number, bytes: number, rate: number) =>
      boundOf({ intensity, bytes, rate }, peaks, 'wasm128', 1)!;
    const small = bound(1, 1000, 15e9);
    assert.equal(small.by, 'memory');
    assert.equal(small.roof, 20e9);
    assert.equal(boundText(small), 'memory, 75 % of its roof');
    assert.equal(bound(1, 1 << 20, 5e9).roof, 10e9);
    assert.equal(bound(1, 1 << 30, 5e9).roof, 10e9);
    const dense = bound(50, 1000, 4e9);
    assert.equal(dense.by, 'arithmetic');
    assert.equal(dense.roof, 40e9);
    assert.equal(boundClass(dense), 'neither');
    assert.match(boundText(dense), /neither: 10 % of the arithmetic roof/);
    assert.equal(boundOf({ intensity: 1, bytes: 1, rate: 1 }, [], 'wasm128', 1), null);
    assert.equal(boundText(null), '–');
  });

  it('gain from a batch what an image takes less', () => {
    assert.equal(speedUpPerItem([report(1, [], 1e-4)]), null);
    assert.equal(speedUpPerItem([report(256, [], 2.56e-3), report(1, [], 1e-4)]), 10);
  });

  it('are called unsteady where intervals are wide', () => {
    const wide = report(1, [], 1);
    const narrow = { ...wide, run: { ...wide.run!, low: 0.95, high: 1.05 } };
    assert.ok(isUnsteadyProfile([wide, narrow]));
    assert.ok(!isUnsteadyProfile([narrow, narrow, wide]));
    assert.ok(!isUnsteadyProfile([]));
  });

  it('have readable counts', () => {
    assert.deepEqual([25_722_880, 1_290, 64, 1.5e9].map(countText), ['25.7 M', '1.29 k', '64', '1.50 G']);
    assert.deepEqual([640, 2_309_514].map(flopText), ['640 FLOP', '2.31 MFLOP']);
  });
});
