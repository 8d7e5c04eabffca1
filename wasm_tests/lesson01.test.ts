// What lesson 01's experiments get from the library: profiles of models, loop nests in a cache, work of layers.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { CacheSettings } from '../lessons/01-profiling/experiments/cache-simulator/cache.ts';
import { cellsOf, totalsOf } from '../lessons/01-profiling/experiments/cache-simulator/cache.ts';
import simulation from '../lessons/01-profiling/experiments/cache-simulator/task.ts';
import step from '../lessons/01-profiling/experiments/cache-simulator/step.task.ts';
import begin from '../lessons/01-profiling/experiments/cache-simulator/begin.task.ts';
import { innermost, slowest } from '#lab/layers.ts';
import { kOpening } from '#lab/moby.ts';
import { parseLayers, parseTiming, type ProfileReport } from '#lab/profile.ts';
import { recordsOf } from '#lab/rows.ts';
import {
  kBuilds,
  type Library,
  type Lms,
  loadModule,
  type Models,
  readCnn,
  readLm,
  readModel,
  readTestImages,
  readTokenizer,
} from './lib/library.ts';
import { ask, placeOf, run } from './lib/tasks.ts';

const kImage = 784;
const images = readTestImages();

for (const build of kBuilds) {
  describe(`profiles, ${build}`, () => {
    let library: Models;
    before(async () => {
      library = await loadModule(build, 'models');
    });

    /** A finished profile. */
    function profile(model: Uint8Array, batch: number, variant = 'simd') {
      const run = new library.ModelProfiler(model, images.subarray(0, batch * kImage), variant, 0.3);
      while (run.step());
      return run;
    }

    /** A profile of the MLP whose layers add up; beside other programs layers and runs may be disturbed unlike, so of several the first. */
    function undisturbed(batch: number) {
      for (let attempt = 1; ; ++attempt) {
        const run = profile(readModel(), batch);
        const layers = parseLayers(run);
        const share = layers.reduce((sum, layer) => sum + layer.share, 0);
        if ((share > 0.5 && share < 1.1) || attempt === 5) return { run, layers, share };
        run.delete();
      }
    }

    it('has the MLP by layers, with the counts of the lesson', () => {
      for (const [batch, flops, bytes] of [
        [1, 401_920, 808_000],
        [64, 25_722_880, 1_070_080],
      ] as const) {
        const { run, layers, share } = undisturbed(batch);
        assert.deepEqual(
          layers.map(({ name, kind, output }) => [name, kind, output.join()]),
          [
            ['layers.0', 'Linear', `${batch},256`],
            ['layers.1', 'Linear', `${batch},128`],
            ['layers.2', 'Linear', `${batch},10`],
          ],
        );
        assert.equal(layers[0]!.flops, flops);
        assert.equal(layers[0]!.bytesRead + layers[0]!.bytesWritten, bytes);
        const whole = parseTiming(run.timings());
        assert.ok(whole !== null && whole.median > 0 && whole.low <= whole.median && whole.median <= whole.high);
        assert.equal(run.progress(), 1);
        assert.ok(share > 0.5 && share < 1.1, `shares add up to ${share}`);
        run.delete();
      }
    });

    it('has the CNN by layers, its memory, and the last run', () => {
      const run = profile(readCnn(), 64);
      const layers = parseLayers(run);
      const names = 'conv1 norm1 pool1 conv2 norm2 pool2 flatten linear1 dropout linear2';
      assert.equal(layers.map(({ name }) => name).join(' '), names);
      const perImage = Object.fromEntries(layers.map(({ name, flops }) => [name, flops / 64]));
      // The table that lesson 01 begins with.
      const told = { conv1: 225_792, norm1: 37_632, pool1: 12_544, conv2: 1_806_336, norm2: 18_816, pool2: 6_272 };
      for (const [name, flops] of Object.entries(told)) assert.equal(perImage[name], flops, name);
      assert.equal(perImage['linear1'], 200_832);
      assert.equal(perImage['linear2'], 1_290);
      assert.equal(layers[1]!.bytesRead + layers[1]!.bytesWritten, 6_422_656);
      assert.equal(layers[3]!.bytesRead + layers[3]!.bytesWritten, 2_426_880);

      const memory = recordsOf(run.memory());
      assert.ok(memory.length > 0, 'the first run allocates');
      // The two largest neighbours, and no third output of their size.
      const outputs = memory.filter(({ bytes }) => bytes === 64 * 28 * 28 * 16 * 4);
      assert.equal(outputs.length, 2);
      assert.ok(layers[0]!.growth >= 64 * 28 * 28 * 16 * 4, `conv1 grew by ${layers[0]!.growth}`);
      assert.ok(
        Math.max(...layers.map(({ highWater }) => highWater)) <= Math.max(...memory.map(({ current }) => current)),
      );

      const spans = recordsOf(run.spans());
      assert.deepEqual(
        spans.map(({ layer }) => layers[layer]!.name),
        names.split(' '),
      );
      run.delete();
    });

    it('refuses what is no model, batch or rung', () => {
      const model = readModel();
      const make = (bytes: Uint8Array, pixels: Uint8Array, variant: string) => () =>
        new library.ModelProfiler(bytes, pixels, variant, 1).delete();
      assert.throws(make(model, images.subarray(0, 100), 'simd'), /100 pixels are not one or more images of 784/);
      assert.throws(make(model, images.subarray(0, 0), 'simd'), /0 pixels/);
      assert.throws(make(model, images.subarray(0, kImage), 'fastest'), /fastest/);
      assert.throws(make(model.subarray(0, 1000), images.subarray(0, kImage), 'simd'), { name: 'DataError' });
    });

    it('keeps no memory', () => {
      const cycle = () => profile(readModel(), 4).delete();
      for (let i = 0; i < 2; ++i) cycle();
      const used = library.memoryInUse();
      cycle();
      assert.equal(library.memoryInUse(), used);
    });
  });
}

for (const build of kBuilds) {
  describe(`profile of the language model, ${build}`, () => {
    let library: Lms;
    let opening: Int32Array;
    before(async () => {
      library = await loadModule(build, 'lm');
      const tokenizer = new library.Tokenizer(readTokenizer());
      opening = tokenizer.encode(kOpening);
      tokenizer.delete();
    });
    const model = readLm();

    function profile(ids: Int32Array, variant = 'simd') {
      const run = new library.LmProfiler(model, ids, variant, 0.2);
      while (run.step());
      return run;
    }

    it('has a text of tokens, for the largest batch', () => {
      assert.ok(opening.length >= 256, `${opening.length} tokens`);
      assert.ok(opening.every((id) => id >= 0 && id < 2048));
      const tokenizer = new library.Tokenizer(readTokenizer());
      const bytes = tokenizer.encode('é\n').length; // of UTF-8, some of them merged
      assert.ok(bytes >= 1 && bytes <= 3, `${bytes} tokens`);
      assert.equal(tokenizer.encode('').length, 0);
      tokenizer.delete();
      assert.throws(() => new library.Tokenizer(readTokenizer().subarray(0, 100)), { name: 'DataError' });
    });

    it('has it by layers, with the counts of the lesson', () => {
      for (const [tokens, total, classifier, attention, swiglu] of [
        [1, 983_917, 393_216, 168_984, 418_320],
        [64, 65_474_560, 25_165_824, 13_318_848, 26_772_480],
        [256, 292_421_632, 100_663_296, 83_798_784, 107_089_920],
      ] as const) {
        const run = profile(opening.subarray(0, tokens));
        const layers = parseLayers(run);
        assert.equal(layers.length, 3 + 3 * 6);
        const kinds = innermost(layers).map(({ kind }) => kind);
        const block = ['RmsNorm', 'SelfAttention', 'RmsNorm', 'SwiGlu'];
        assert.deepEqual(kinds, ['Embedding', ...block, ...block, ...block, 'RmsNorm', 'Linear']);
        const whole = layers.filter(({ depth }) => depth === 0).reduce((sum, { flops }) => sum + flops, 0);
        assert.equal(whole, total);
        // What the blocks contain, and an addition for each of their results.
        const inner = innermost(layers).reduce((sum, { flops }) => sum + flops, 0);
        assert.equal(whole - inner, 6 * tokens * 96);
        assert.equal(layers.at(-1)!.flops, classifier);
        assert.deepEqual(layers.at(-1)!.output, [tokens, 2048]);
        const ofKind = (wanted: string) =>
          layers.filter(({ kind }) => kind === wanted).reduce((sum, { flops }) => sum + flops, 0);
        assert.equal(ofKind('SelfAttention'), attention);
        assert.equal(ofKind('SwiGlu'), swiglu);

        const most = slowest({ layers, unit: 'token' } as ProfileReport)!;
        assert.ok(['SelfAttention', 'SwiGlu', 'Linear'].includes(most.name), most.name);
        assert.ok(most.share > 0 && most.layers.length > 0, `${most.name} takes ${most.share}`);
        assert.ok(recordsOf(run.memory()).length > 0 && recordsOf(run.spans()).length === layers.length);
        run.delete();
      }
    });

    it('refuses what is no model, sequence or rung', () => {
      const make = (bytes: Uint8Array, ids: Int32Array, variant: string) => () => {
        const run = new library.LmProfiler(bytes, ids, variant, 1);
        try {
          run.step();
        } finally {
          run.delete();
        }
      };
      assert.throws(make(model, opening.subarray(0, 0), 'simd'), /0 tokens.*1 to 256/);
      assert.throws(make(model, new Int32Array(257), 'simd'), /257 tokens.*1 to 256/);
      assert.throws(make(model, Int32Array.of(2048), 'simd'), { name: 'RangeError', message: /2048/ });
      assert.throws(make(model, Int32Array.of(-1), 'simd'), { name: 'RangeError', message: /-1/ });
      assert.throws(make(model, Int32Array.of(1), 'fastest'), /fastest/);
      assert.throws(make(readModel(), Int32Array.of(1), 'simd'), { name: 'DataError', message: /"lm" is wanted/ });
      assert.throws(make(model.subarray(0, 1000), Int32Array.of(1), 'simd'), { name: 'DataError' });
    });

    it('keeps no memory', () => {
      const cycle = () => profile(opening.subarray(0, 8)).delete();
      for (let i = 0; i < 2; ++i) cycle();
      const used = library.memoryInUse();
      cycle();
      assert.equal(library.memoryInUse(), used);
    });
  });
}

describe('the cache by hand', () => {
  let library: Library;
  before(async () => {
    library = await loadModule('simd', 'optlab');
  });

  const tiny = { size: 128, line: 16, ways: 2 };
  const settings: CacheSettings = { nest: 'column_sum', n: 8, block: 4, padding: 0, level: tiny };

  async function simulate(change: Partial<CacheSettings>) {
    const options = { key: 'test', settings: { ...settings, ...change } };
    const { state, done, stopped } = await run(simulation, library, options);
    assert.deepEqual([done, stopped, state.done], [true, false, state.total]);
    const misses = state.bases.map((_, array) => totalsOf(state, (count) => count.array === array).misses);
    return { state, misses };
  }

  it('has the misses that lesson 01 derives', async () => {
    assert.deepEqual((await simulate({})).misses, [64, 8]);
    assert.deepEqual((await simulate({ nest: 'column_sum_by_rows' })).misses, [16, 2]);
    assert.deepEqual((await simulate({ padding: 4 })).misses, [28, 8]);
    const order = { n: 32, level: { size: 1024, line: 64, ways: 2 } };
    assert.equal((await simulate({ nest: 'matmul_ijk', ...order })).misses[1], 32 ** 3);
    const rows = (await simulate({ nest: 'matmul_ikj', ...order })).misses;
    assert.equal(rows[1], 2048);
  });

  it('ends with lines of the arrays in their sets', async () => {
    const { state } = await simulate({});
    assert.equal(state.done, state.total);
    const cells = cellsOf(state, settings);
    assert.equal(cells.length, 4);
    for (const [set, ways] of cells.entries()) {
      for (const cell of ways) assert.ok(cell !== null && cell.line % 4 === set);
    }
  });

  it('steps as the table of the lesson says, and to the next miss', async () => {
    const place = placeOf();
    const options = { key: 'test', settings };
    assert.equal((await ask(begin, library, options, place)).done, 0);
    const first = await ask(step, library, { ...options, count: 5, untilMiss: false }, place);
    assert.deepEqual(
      first.steps.map(({ row, column, hit }) => [row, column, hit]),
      [0, 1, 2, 3, 4].map((row) => [row, 0, false]),
    );
    assert.deepEqual([...first.state.contents.subarray(0, 2)], [8, 4]);
    const next = await ask(step, library, { ...options, count: 1, untilMiss: true }, place);
    assert.equal(next.steps.at(-1)!.hit, false);
    // A worker that was replaced begins anew.
    const anew = await ask(step, library, { ...options, count: 1, untilMiss: false });
    assert.equal(anew.state.done, 1);
  });
});

describe('the counts of lesson 01', () => {
  it('are those of the library', async () => {
    const library = await loadModule('simd', 'optlab');
    const of = (kind: Parameters<Library['layerWork']>[0], shape: Record<string, number | boolean>) => {
      const work = library.layerWork(kind, shape);
      return [work.flops, work.bytesRead + work.bytesWritten];
    };
    const attention = { heads: 6, keyHeads: 3, size: 32, causal: true };
    assert.deepEqual(of('attention', { ...attention, queries: 128, keys: 128 }), [6_624_384, 294_912]);
    assert.deepEqual(of('attention', { ...attention, queries: 1, keys: 128, firstQuery: 127 }), [102_426, 99_840]);
    assert.equal(of('linear', { rows: 32, inputs: 128, outputs: 10 })[0], 82_240);
    const conv = {
      batch: 4,
      height: 16,
      width: 16,
      channels: 8,
      outputs: 8,
      kernelHeight: 3,
      kernelWidth: 3,
      bias: false,
    };
    assert.equal(of('conv2d', { ...conv, padding: 1 })[0], 1_179_648);
    assert.equal(of('conv2d', conv)[0], 903_168);
  });
});
