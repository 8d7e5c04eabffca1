import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gemmF32 } from './families/gemm-f32.ts';
import { markdown } from './report.ts';
import { decodeResults, encodeResults } from './results.ts';
import type { FamilyResults, LaneResult, Peak, Results, Section, TaskResult } from './types.ts';

const { tasks, work } = gemmF32;
const cube = tasks.find(({ name }) => name === '1024³')!;

function lane(id: string, role: LaneResult['role'], threads: number, gflops: readonly number[], more = {}): LaneResult {
  const repetitions = gflops.map((speed) => {
    return { calls: 2, seconds: (2e-9 * work(cube)) / speed, quiet: true, others: 0, waited: 0 };
  });
  const base = {
    id,
    label: id,
    threads,
    role,
    set: 'browser',
    row: '-',
    check: { ok: true, worst: 0.1 },
    problem: null,
  };
  return { ...base, repetitions, ...more };
}

const around = (centre: number, spread = 0.01) =>
  [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((i) => centre * (1 + (i / 4) * spread));
const noisy = { calls: 1, seconds: 1e9, quiet: false, others: 1, waited: 0.5 };

function results(lanes: LaneResult[], peaks: Peak[][] = []): Results {
  const result: TaskResult = { task: cube, lanes, peaks };
  const web: Section = {
    date: '2026-01-02 03:04',
    machine: { cpu: 'A CPU', cores: 2, memoryGiB: 4, instructionSets: ['avx2'], os: 'An OS' },
    versions: { Chromium: '1.2.3' },
    settings: {},
    method: { repetitionSeconds: 0.1, wanted: 9, warmSeconds: 1, patienceSeconds: 1, quick: false },
    notes: ['Somebody is missing.'],
    tasks: [result],
  };
  return { format: 2, families: { 'gemm-f32': { web, native: null } } };
}

const rowOf = (text: string, start: string) => text.split('\n').find((line) => line.startsWith(start))!;

describe('the report', () => {
  const ours = lane('ours/1/fast', 'fast', 1, around(42));
  ours.repetitions.push(noisy);

  it('shows medians, intervals and numbers of quiet repetitions, the ratio to the best peer and the verdict', () => {
    const text = markdown(results([ours, lane('slow', 'peer', 1, around(10)), lane('good', 'peer', 1, around(28))]));
    const row = rowOf(text, '| 1024³ | 42.0 (41.7–42.3; 9/10) | 10.0');
    assert.match(row, /\*\*1\.50\*\* \(1\.\d\d–1\.\d\d\) \| good \| ≥ 1\.4 \| met \|$/);
    assert.match(text, /Chromium 1\.2\.3/);
    assert.match(text, /Somebody is missing\./);
  });

  it('counts no peer whose result is wrong, however fast it is', () => {
    const cheat = lane('cheat', 'peer', 1, around(400), {
      check: { ok: false, worst: 31 },
      problem: 'wrong result',
    });
    const row = rowOf(markdown(results([ours, cheat, lane('good', 'peer', 1, around(28))])), '| 1024³');
    assert.match(row, /wrong result \(31× the allowed error\)/);
    assert.match(row, /\*\*1\.50\*\*/);
  });

  it('says missed, and gives no verdict where a side spreads too much', () => {
    const verdictAgainst = (values: number[]) =>
      rowOf(markdown(results([ours, lane('good', 'peer', 1, values)])), '| 1024³')
        .split(' | ')
        .at(-1);
    assert.equal(verdictAgainst(around(40)), 'missed |');
    assert.equal(verdictAgainst(around(28, 0.4)), 'no verdict (spread 60.0 %) |');
    assert.equal(verdictAgainst(around(28).slice(0, 5)), 'no verdict (5 quiet) |');
  });

  it('compares with the device’s limits', () => {
    const peak = (threads: number, fused: boolean, value: number): Peak => {
      return { name: 'wasm128', kind: 'compute', threads, fused, value, bytes: 0 };
    };
    const rounds = around(1).map((x) => [peak(1, true, 50e9 * x), peak(1, false, 40e9 * x), peak(2, true, 90e9 * x)]);
    const lanes = [ours, lane('ours/1/exact', 'exact', 1, around(30)), lane('ours/2/fast', 'fast', 2, around(75.6))];
    const text = markdown(results(lanes, rounds));
    assert.match(rowOf(text, '| 1024³ | fast, one thread ÷ relaxed'), /\*\*0\.84\*\* .* met \|$/);
    assert.match(rowOf(text, '| 1024³ | exact, one thread'), /\*\*0\.75\*\* .* missed \|$/);
    assert.match(rowOf(text, '| 1024³ | fast: gain by the second'), /\*\*1\.00\*\* .* met \|$/);
    assert.match(rowOf(text, '| 1024³ | fast ÷ LiteRT.js, two threads'), /no verdict \(not measured\)/);
  });

  it('is the same after a trip through the JSON file', () => {
    const given = results([ours, lane('good', 'peer', 1, around(28))]);
    const text = encodeResults(given);
    assert.equal(markdown(decodeResults(text)), markdown(given));
    assert.ok(text.split('\n').length < 100, 'a line for each repetition');
  });

  it('gives every family that was measured a chapter of its own, in a fixed order', () => {
    const { families } = results([ours, lane('good', 'peer', 1, around(28))]);
    const web = families['gemm-f32']!.web!;
    const product = { family: 'gemm-int8', name: '512³', m: 512, k: 512, n: 512 } as const;
    const int8 = { ...web, date: '2026-02-03 04:05', tasks: [{ ...web.tasks[0]!, task: product }] };
    const text = markdown({ format: 2, families: { 'gemm-int8': { web: int8, native: null }, ...families } });
    const [, floats = '', integers = '', ...more] = text.split(/^## (?!Method)/m);
    assert.equal(more.length, 0);
    assert.match(floats, /^f32 matrix products\n/);
    assert.match(floats, /2026-01-02 03:04/);
    assert.match(integers, /^int8 matrix products\n[^]*GOP\/s[^]*2026-02-03 04:05/);
    assert.ok(!integers.includes('| 1024³'));
    // An eighth of the work in the same time: the figures are of the family's own task.
    assert.match(rowOf(integers, '| 512³'), /\| 5\.25 \([^|]*\| 3\.50 \(.*\*\*1\.50\*\* .* good \| – \| –/);
  });

  it('says that a library is missing in a build', () => {
    const none = { problem: 'this build has no Int8Product', check: null };
    const text = markdown(results([lane('ours/1/fast', 'fast', 1, [], none), lane('good', 'peer', 1, around(28))]));
    assert.match(rowOf(text, '| 1024³'), /\| this build has no Int8Product \| 28\.0 .*\| – \| – \| ≥ 1\.4 \| – \|$/);
  });
});

describe('results of the first format', () => {
  it('are those of f32 products', () => {
    const { families } = results([lane('ours/1/fast', 'fast', 1, around(42)), lane('good', 'peer', 1, around(28))]);
    const old = JSON.stringify({ format: 1, ...(families['gemm-f32'] as FamilyResults) });
    assert.deepEqual(decodeResults(old), { format: 2, families });
    assert.match(markdown(decodeResults(old)), /\*\*1\.50\*\*/);
  });

  it('and no unknown ones are read', () => {
    assert.throws(() => decodeResults('{"format":3}'), /format 3/);
  });
});
