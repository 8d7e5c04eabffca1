import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { check, flops, kTasks, operands, shortName } from './families/gemm-f32.ts';
import { encodeResults, markdown } from './report.ts';
import type { LaneResult, Peak, Results, Section, TaskResult } from './types.ts';

const small = { family: 'gemm-f32', name: 'small', m: 3, k: 40, n: 5 } as const;

describe('the check of a product', () => {
  const given = operands(small);
  const product = new Float32Array(15);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 5; j++)
      for (let p = 0; p < 40; p++) product[i * 5 + j]! += given.a[i * 40 + p]! * given.b[p * 5 + j]!;

  it('passes float32 arithmetic', () => {
    const { ok, worst } = check(small, given, product);
    assert.ok(ok && worst > 0 && worst < 1, String(worst));
  });

  it('fails one element with an error of bfloat16’s size, NaN, another size, and the transpose', () => {
    const changed = (index: number, value: number) => Float32Array.from(product, (x, i) => (i === index ? value : x));
    assert.ok(!check(small, given, changed(7, product[7]! * (1 + 2 ** -8) + 2 ** -8)).ok);
    assert.ok(!check(small, given, changed(14, NaN)).ok);
    assert.ok(!check(small, given, product.subarray(1)).ok);
    assert.ok(
      !check(
        small,
        given,
        Float32Array.from(product, (_, i) => product[(i % 3) * 5 + Math.floor(i / 3)]!),
      ).ok,
    );
  });
});

describe('short names', () => {
  it('are what the help shows', () => {
    const names = kTasks.map(shortName);
    assert.deepEqual(names, ['128', '256', '512', '1024', '64x784x256', '1x512', '1x1024', '1x2048']);
  });
});

const cube = kTasks.find(({ name }) => name === '1024³')!;

function lane(id: string, role: LaneResult['role'], threads: number, gflops: readonly number[], more = {}): LaneResult {
  const repetitions = gflops.map((speed) => {
    return { calls: 2, seconds: (2e-9 * flops(cube)) / speed, quiet: true, others: 0, waited: 0 };
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
  return { format: 1, web, native: null };
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
    assert.equal(markdown(JSON.parse(text) as Results), markdown(given));
    assert.ok(text.split('\n').length < 100, 'a line for each repetition');
  });
});
