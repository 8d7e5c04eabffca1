import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type TuneReport,
  blockingLabel,
  gainOf,
  parseBlocking,
  sameBlocking,
  signedPercent,
  sizeOf,
  tuningVerdict,
} from './blocking.ts';
import type { Lane } from './types.ts';

describe('a race of block sizes', () => {
  const lane = (name: string, gigaflops: number): Lane => {
    const median = (2 * 0.768 ** 3) / gigaflops;
    const range = { mad: 0, low: median, high: median };
    const statistics = { count: 9, median, mean: median, min: median, max: median, p5: median, p95: median, ...range };
    const settled = { settled: true, discarded: 0, statistics: { ...statistics, intervalIsRange: false } };
    return { name, flops: 2 * 768 ** 3, bytes: 12 * 768 ** 2, ...settled };
  };
  const kDefault = { depth: 512, rows: 48, columns: 512 };
  const report = (change: Partial<TuneReport>): TuneReport => ({
    lanes: [lane('512/48/512', 50), lane('256/96/1024', 52.5)],
    best: { depth: 256, rows: 96, columns: 1024 },
    threads: 2,
    progress: 1,
    done: true,
    stopped: false,
    ...change,
  });

  it('reads and writes block sizes', () => {
    assert.deepEqual(parseBlocking('512/48/512'), kDefault);
    for (const bad of ['', '512/48', '512/48/512/1', 'a/b/c', '-1/2/3']) assert.equal(parseBlocking(bad), null, bad);
    assert.equal(blockingLabel(kDefault), '512\u00a0×\u00a048\u00a0×\u00a0512');
    assert.ok(sameBlocking(kDefault, { ...kDefault }));
    assert.ok(!sameBlocking(kDefault, { ...kDefault, rows: 96 }));
    assert.ok(!sameBlocking(null, null));
  });

  it('compares with the default', () => {
    const { lanes } = report({});
    assert.ok(Math.abs(gainOf(lanes[1]!, lanes)! - 0.05) < 1e-9);
    assert.equal(gainOf({ ...lanes[1]!, statistics: null }, lanes), null);
    assert.equal(sizeOf(lanes[0]!), 768);
    assert.deepEqual([0.0314, -0.004, 0, -0.0001].map(signedPercent), ['+3.1 %', '−0.4 %', '+0.0 %', '+0.0 %']);
  });

  it('says what was found and what is used', () => {
    const said = (change: Partial<TuneReport>) => tuningVerdict(report(change)).replaceAll('\u00a0', ' ');
    assert.match(said({}), /^256 × 96 × 1024 was 5\.0 % faster than the default\.$/);
    assert.match(said({ best: kDefault }), /^No other size was clearly faster than the default, 512 × 48 × 512:/);
    assert.match(said({ best: null, stopped: true }), /nothing was changed/);
  });
});
