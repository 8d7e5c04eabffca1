// What a model's profile is read into, and what becomes of its layers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  boundClass,
  boundOf,
  boundText,
  flopText,
  innermost,
  isUnsteadyProfile,
  layerDots,
  slowest,
  sortLayers,
  speedUpPerItem,
} from './layers.ts';
import { csvOf, parseLayers, parseTiming, traceOf, type ProfileReport } from './profile.ts';
import { recordsOf } from './rows.ts';
import type { LayerProfile, Peak, Timing } from './types.ts';

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
  const timings = { fields: 'count,median,low,high,mad,intervalIsRange' } as const;
  const layers = parseLayers({
    names: () => 'block\tBlock\t[64,10]\nfc, "1"\tLinear\t[1,2,3,4]\nflatten\tFlatten\t[5]\n',
    layers: () => ({
      fields: 'parent,depth,calls,flops,bytesRead,bytesWritten,highWater,growth,share',
      values: Float64Array.of(
        ...[-1, 0, 1, 10, 4, 8, 900, 100, 0.8],
        ...[0, 1, 2, 100, 40, 80, 800, 0, 0.5],
        ...[-1, 0, 1, 0, 4, 4, 0, 0, 0],
      ),
    }),
    timings: () => ({
      ...timings,
      values: Float64Array.of(
        ...[2, 5e-3, 4e-3, 6e-3, 1e-4, 0],
        ...[7, 2e-3, 1e-3, 3e-3, 1e-4, 0],
        ...[3, 1e-3, 1e-3, 2e-3, 1e-4, 1],
        ...[0, 0, 0, 0, 0, 0],
      ),
    }),
  });

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
    assert.deepEqual(recordsOf({ fields: 'layer,begin,seconds', values: Float64Array.of(0, 0, 2e-3, 1, 1e-3, 5e-4) }), [
      { layer: 0, begin: 0, seconds: 2e-3 },
      { layer: 1, begin: 1e-3, seconds: 5e-4 },
    ]);
    assert.equal(parseTiming({ ...timings, values: new Float64Array(6) }), null);
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
    assert.deepEqual([640, 2_309_514].map(flopText), ['640 FLOP', '2.31 MFLOP']);
  });
});
