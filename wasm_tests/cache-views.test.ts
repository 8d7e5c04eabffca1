// The library behind lesson 03's views: attention maps, regrouped models, and perplexity in steps, the same as `optlab eval lm` finds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { scoreOf } from '../lessons/03-memory/experiments/policy-explorer/perplexity.ts';
import type { BuildName } from '#lab/types.ts';
import { isThreaded, kBuilds, kRoot, type Lms, loadModule, readLm, readTokenizer } from './lib/library.ts';

type Settings = ConstructorParameters<Lms['Decoder']>[1];
const kExact: Settings = { window: 0, sinks: 0, storage: 'f32', weights: 'f32', mode: 'exact' };
const kSmall: Settings = { window: 64, sinks: 4, storage: 'int8', weights: 'int8', mode: 'exact' };

/** The beginning of the validation text. */
const kBytes = 6000;
const text = gunzipSync(readFileSync(join(kRoot, 'data/moby-dick/validation.txt.gz')))
  .subarray(0, kBytes)
  .toString();
/**
 * Of `optlab eval lm --model models/moby-lm-tiny.safetensors --stride 128 --json`, natively, for these bytes; the second with
 * `--window 64 --sinks 4 --cache int8 --weights int8`.
 */
const kEvaluated = { exact: 1.8868978578250764, small: 1.890674464033491, tokens: 1864 };

function describeBuild(build: BuildName): void {
  let lms: Lms;
  let model: InstanceType<Lms['Lm']>;
  let ids: Int32Array;
  before(async () => {
    lms = await loadModule(build, 'lm', 2);
    lms.setThreads(isThreaded(build) ? 2 : 1);
    model = new lms.Lm(readLm());
    const tokenizer = new lms.Tokenizer(readTokenizer());
    ids = tokenizer.encode(text);
    tokenizer.delete();
  });

  function losses(of: InstanceType<Lms['Lm']>, settings: Settings, tokens: Int32Array, step: number): Float32Array {
    const run = new lms.Perplexity(of, settings, tokens, 256, 128);
    let progress = 0;
    while (run.step(step)) {
      assert.ok(run.progress() > progress);
      progress = run.progress();
    }
    const all = run.losses();
    assert.equal(progress, 1);
    assert.ok(Math.abs(run.nats() / all.reduce((sum, loss) => sum + loss, 0) - 1) < 1e-5);
    run.delete();
    return all;
  }

  const bitsPerByte = (all: Float32Array): number => scoreOf(all, kBytes).bitsPerByte;

  it('finds the perplexity that the native program finds', () => {
    const exact = losses(model, kExact, ids, 64);
    assert.equal(exact.length, kEvaluated.tokens);
    assert.ok(Math.abs(bitsPerByte(exact) / kEvaluated.exact - 1) < 1e-8);
    assert.ok(Math.abs(bitsPerByte(losses(model, kSmall, ids, 64)) / kEvaluated.small - 1) < 1e-8);
  });

  it('gives the same losses in steps of any size', () => {
    const some = ids.subarray(0, 400);
    assert.deepEqual(losses(model, kSmall, some, 7), losses(model, kSmall, some, 1000));
  });

  it('gives a model other groups of heads', () => {
    const [many, one] = [lms.regroupLm(model, 6), lms.regroupLm(model, 1)];
    assert.deepEqual([many.config().kvHeads, one.config().kvHeads], [6, 1]);
    assert.equal(many.tokenizer(), model.tokenizer());
    const some = ids.subarray(0, 300);
    const [all, trained] = [losses(many, kExact, some, 64), losses(model, kExact, some, 64)];
    assert.deepEqual(all, trained);
    assert.equal(many.footprint(kExact).total, 2 * model.footprint(kExact).total);
    assert.equal(3 * one.footprint(kExact).total, model.footprint(kExact).total);
    const pooled = losses(one, kExact, some, 64);
    assert.ok(scoreOf(pooled, 1000).perplexity > 2 * scoreOf(trained, 1000).perplexity);
    many.delete();
    one.delete();
    assert.throws(() => lms.regroupLm(model, 2), { name: 'RangeError', message: /2 key and value heads of 3/ });
  });

  it('maps attention: rows of probabilities, nothing of what is evicted', () => {
    const T = 40;
    const { layers, heads } = model.config();
    for (const settings of [kExact, { ...kExact, window: 8, sinks: 2 }]) {
      const map = lms.attentionMap(model, settings, ids.subarray(0, T));
      assert.equal(map.length, layers * heads * T * T);
      let uneven = 0;
      for (let row = 0; row < layers * heads * T; ++row) {
        const query = row % T;
        const values = map.subarray(row * T, (row + 1) * T);
        const sum = values.reduce((total, p) => total + p, 0);
        assert.ok(Math.abs(sum - 1) < 1e-5);
        values.forEach((p, key) => {
          const seen = key <= query && (settings.window === 0 || key < 2 || key > query - 8);
          assert.ok(seen ? p >= 0 : p === 0, `row ${row}, key ${key}`);
          if (p > 4 / Math.min(query + 1, 10)) ++uneven;
        });
      }
      assert.ok(uneven > 20);
    }
  });

  it('tells where tokens end', () => {
    const tokenizer = new lms.Tokenizer(readTokenizer());
    const ends = lms.tokenEnds(tokenizer, ids);
    assert.equal(ends.at(-1), kBytes);
    assert.ok(ends.every((end, i) => end > (i === 0 ? 0 : ends[i - 1]!)));
    assert.throws(() => lms.tokenEnds(tokenizer, Int32Array.of(2048)), RangeError);
    tokenizer.delete();
  });

  it('refuses what does not fit, and gives memory back', () => {
    const cycle = () => {
      const run = new lms.Perplexity(model, kSmall, ids.subarray(0, 50), 40, 20);
      run.step(10);
      run.delete();
      lms.regroupLm(model, 1).delete();
      lms.attentionMap(model, kSmall, ids.subarray(0, 10));
      for (const call of [
        () => new lms.Perplexity(model, kSmall, ids, 300, 128),
        () => new lms.Perplexity(model, kSmall, new Int32Array(), 256, 128),
        () => new lms.Perplexity(model, { ...kSmall, window: -1 }, ids, 256, 128),
        () => lms.attentionMap(model, kExact, new Int32Array()),
        () => lms.attentionMap(model, kExact, new Int32Array(257)),
      ])
        assert.throws(call, RangeError);
    };
    for (let i = 0; i < 3; ++i) cycle();
    const inUse = lms.memoryInUse();
    for (let i = 0; i < 5; ++i) cycle();
    assert.equal(lms.memoryInUse(), inUse);
  });
}

for (const build of kBuilds) describe(`views of decoding with ${build}`, () => describeBuild(build));
