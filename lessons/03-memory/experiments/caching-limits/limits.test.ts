import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  batchFigures,
  bytesPerToken,
  fitIn,
  kMemories,
  kPublished,
  kQuestion,
  kShortCases,
  loadFigures,
  parametersOf,
  paysFrom,
  readFigures,
  rowsCsv,
} from './limits.ts';
import type { BatchReport } from './batches.task.ts';
import type { LoadRow } from './loads.task.ts';

const published = (name: string) => kPublished.find((model) => model.name === name)!;

const rowOf = (prompt: number, count: number, cached: number, uncached: number): LoadRow => ({
  prompt,
  count,
  prefill: [cached / 4, cached / 4, cached],
  decode: [(3 * cached) / 4, (3 * cached) / 4, cached],
  again: [0.1, 0.2, 0.3],
  uncached: [uncached, uncached, 2 * uncached],
  bytesInUse: 1,
});

describe('memory of published models', () => {
  it('has as many parameters as their makers say', () => {
    const millions = Object.fromEntries(
      kPublished.map(({ name, config }) => [name, Math.round(parametersOf(config) / 1e5) / 10]),
    );
    assert.deepEqual(millions, {
      'SmolLM2-135M': 134.5,
      'TinyLlama-1.1B': 1100,
      'Llama-2-7B': 6738.4,
      'Llama-3-8B': 8030.3,
      'Llama-2-70B': 68976.6,
    });
  });

  it('takes bytes by layers, key and value heads and storage', () => {
    const { config } = published('Llama-2-7B');
    assert.equal(bytesPerToken(config, 'fp16'), 524_288);
    assert.equal(bytesPerToken(config, 'f32'), 2 * 524_288);
    assert.equal(bytesPerToken(config, 'int8'), 2 * 32 * 32 * (128 + 4));
    // Eight groups for 32 heads: a quarter.
    assert.equal(bytesPerToken(published('Llama-3-8B').config, 'fp16'), 131_072);
    assert.equal(bytesPerToken(published('TinyLlama-1.1B').config, 'fp16'), 2 * 22 * 4 * 64 * 2);
  });

  it('says how many sequences fit beside the weights, and when not even those do', () => {
    const llama = published('Llama-2-7B');
    const gpu = fitIn(kQuestion.memory, llama, 'fp16', 'fp16');
    assert.equal(gpu.sequences, 5);
    assert.equal(gpu.perSequence, 2 ** 31);
    assert.ok(gpu.weightBytes + 5 * gpu.perSequence <= kQuestion.memory);
    assert.ok(gpu.weightBytes + 6 * gpu.perSequence > kQuestion.memory);
    const wasm = kMemories.find(({ name }) => name === 'wasm32')!.bytes;
    assert.equal(fitIn(wasm, llama, 'int8', 'int8').sequences, -1);
    assert.equal(fitIn(wasm, llama, 'int8', 'int4').sequences, 0);
    assert.ok(fitIn(wasm, published('SmolLM2-135M'), 'fp16', 'fp16').sequences > 5);
  });
});

describe('where a cache pays', () => {
  it('compares the fastest repetitions, and says how far the others differ', () => {
    const figures = loadFigures(rowOf(4, 8, 1, 3))!;
    assert.deepEqual(figures, {
      prefill: 0.25,
      decode: 0.75,
      again: 0.1,
      cached: 1,
      uncached: 3,
      prefillShare: 0.25,
      speedUp: 3,
      low: 1.5,
      high: 6,
    });
    assert.equal(loadFigures({ ...rowOf(4, 8, 1, 3), uncached: [] }), null);
  });

  it('finds the count from which on it always does', () => {
    const rows = [rowOf(4, 1, 1, 1.3), rowOf(4, 2, 1, 1), rowOf(4, 4, 1, 1.2), rowOf(4, 8, 1, 2), rowOf(8, 8, 1, 1.05)];
    assert.equal(paysFrom(rows, 4), 4); // the single token's 1.3 is noise: two tokens gained nothing
    assert.equal(paysFrom(rows, 8), null);
    assert.equal(paysFrom([{ ...rowOf(4, 8, 1, 2), prefill: [] }], 4), null);
    assert.equal(kShortCases.length, 15);
  });
});

describe('a growing cache and a growing batch', () => {
  it('reads at the rate that the additional time says, where there is enough of it', () => {
    const points = [
      { position: 0, bytes: 100, seconds: [1, 9, 1] },
      { position: 64, bytes: 1100, seconds: [1.05] },
      { position: 128, bytes: 4100, seconds: [3] },
      { position: 256, bytes: 0, seconds: [] },
    ];
    assert.deepEqual(
      readFigures(points).map(({ rate }) => rate),
      [null, null, 2000],
    );
    assert.deepEqual(readFigures([]), []);
  });

  it('gains tokens of all sequences and loses them for each', () => {
    const report = {
      points: [
        { batch: 1, seconds: [0.1, 0.1, 0.5] },
        { batch: 4, seconds: [0.2] },
        { batch: 8, seconds: [] },
      ],
      weightBytes: 1000,
      cacheBytes: 10,
    } as unknown as BatchReport;
    const [one, four, ...more] = batchFigures(report);
    assert.deepEqual(
      [one!.rate, one!.gain, four!.rate, four!.each, four!.gain, four!.cacheBytes],
      [10, 1, 20, 5, 2, 40],
    );
    assert.equal(more.length, 0);
    assert.deepEqual(batchFigures({ ...report, points: report.points.slice(1) }), []);
  });

  it('exports figures by name', () => {
    assert.equal(rowsCsv([{ a: 1, b: null }]), 'a,b\n1,\n');
  });
});
