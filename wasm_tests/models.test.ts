// What JavaScript sees of the models: checkpoints, classification, refusals, memory.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BuildName, VariantInfo } from '#lab/types.ts';
import { keepsMemory, throwsNamed } from './lib/checks.ts';
import {
  isThreaded,
  kBuilds,
  loadModule,
  type Models,
  readGoldenImages,
  readModel,
  readTestImages,
  readTestLabels,
} from './lib/library.ts';
import { encodeSafetensors, withHeader } from './lib/safetensors.ts';

const model = readModel();
const images = readGoldenImages();
/** Of the committed model on the golden images; also in models/README.md and src/image/golden_test.cpp. */
const kLogitsDigest = '4dee805f08c5241d';
/** On the 2,000 committed test images, from models/README.md. */
const kAccuracy = 0.9085;

/** The call throws that error, and the models still work. */
function refuses(models: Models, name: 'RangeError' | 'DataError', message: RegExp, call: () => unknown): void {
  throwsNamed(name, message, call);
  const mlp = new models.Mlp(model);
  assert.equal(mlp.classify(images.subarray(0, 784), 'simd').predictions.length, 1);
  mlp.delete();
}

function describeBuild(build: BuildName): void {
  let models: Models;
  let variants: VariantInfo[];
  before(async () => {
    models = await loadModule(build, 'models', 2);
    models.setThreads(isThreaded(build) ? 2 : 1);
    variants = (await loadModule(build, 'optlab'))
      .gemmVariants()
      .filter(({ prepacked, supported }) => supported && !prepacked);
  });

  it('refuses images of another size', () => {
    const mlp = new models.Mlp(model);
    refuses(models, 'RangeError', /785.*784/, () => mlp.classify(new Uint8Array(785), 'simd'));
    refuses(models, 'RangeError', /"turbo"/, () => mlp.classify(images, 'turbo'));
    refuses(models, 'RangeError', /"simd_prepacked"/, () => mlp.classify(images, 'simd_prepacked'));
    mlp.delete();
  });

  describe('refuses broken model files', () => {
    const open = (bytes: Uint8Array) => () => new models.Mlp(bytes);
    const bad = (message: RegExp, bytes: Uint8Array) => refuses(models, 'DataError', message, open(bytes));

    it('truncated at any place', () => {
      bad(/0 bytes/, new Uint8Array());
      bad(/7 bytes/, model.slice(0, 7));
      bad(/header length is \d+, but only 92 bytes/, model.slice(0, 100));
      bad(/beyond the \d+ bytes/, model.slice(0, model.length - 1));
      bad(/beyond the \d+ bytes/, model.slice(0, model.length >> 1));
    });

    it('lengths that are lies', () => {
      bad(/header length is 18446744073709551615/, withHeader(new Uint8Array(8).fill(255), '{}'));
      bad(/header length is 1099511627776/, withHeader(new Uint8Array([0, 0, 0, 0, 0, 1, 0, 0]), '{}'));
      const huge = { dtype: 'F32', shape: [2 ** 52, 2 ** 52], data_offsets: [0, 4] };
      bad(/"layers\.0\.weight".*overflows/, encodeSafetensors({ 'layers.0.weight': huge }, 4));
      const large = { dtype: 'F32', shape: [2 ** 31, 2 ** 20], data_offsets: [0, 4] };
      bad(/"layers\.0\.weight" has 4 bytes/, encodeSafetensors({ 'layers.0.weight': large }, 4));
    });

    it('offsets that overlap, leave holes or run backwards', () => {
      const pair = (from: number, to: number) => ({
        a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
        b: { dtype: 'F32', shape: [2], data_offsets: [from, to] },
      });
      bad(/"b".*\[4,12\].*overlaps/, encodeSafetensors(pair(4, 12), 12));
      bad(/"b".*\[12,20\].*hole/, encodeSafetensors(pair(12, 20), 20));
      bad(/"b".*\[16,8\].*end before/, encodeSafetensors(pair(16, 8), 16));
    });

    it('headers that are no such JSON', () => {
      for (const header of ['{"a":', '{} {}', '{} x', '{"\xff":1}']) bad(/JSON/, withHeader(null, header));
      for (const header of ['[]', '', 'null']) bad(/must start with '\{'/, withHeader(null, header));
      bad(/./, withHeader(null, '{"a":'.repeat(100_000)));
      bad(/lacks dtype/, withHeader(null, '{"a":{}}'));
    });

    it('sound files that are no such model', () => {
      bad(/layers\.0\.weight/, encodeSafetensors({}, 0));
      const bytes = { dtype: 'U8', shape: [1, 1], data_offsets: [0, 1] };
      bad(/layers\.0\.weight.*U8/, encodeSafetensors({ 'layers.0.weight': bytes }, 1));
    });
  });

  describe('classifies', () => {
    it('the golden images to the same bits by every exact rung, to the same classes by all', () => {
      const mlp = new models.Mlp(model);
      assert.deepEqual(mlp.layers(), [784, 256, 128, 10]);
      assert.equal(mlp.parameters(), 235_146);
      const labels = readTestLabels().subarray(0, 64);
      const first = mlp.classify(images, 'naive');
      const right = first.predictions.filter((prediction, i) => prediction === labels[i]).length;
      assert.ok(right > 50, `${right} of 64 are right`);
      for (const { name, mode } of variants) {
        const result = mlp.classify(images, name);
        assert.equal(result.logitsDigest === kLogitsDigest, mode === 'exact', `${name}: ${result.logitsDigest}`);
        assert.deepEqual(result.predictions, first.predictions, name);
        assert.ok(result.seconds > 0 && result.seconds < 60);
      }
      const weights = 784 * 256 + 256 * 128 + 128 * 10;
      assert.ok(mlp.packedBytes() >= 4 * weights && mlp.packedBytes() < 5 * weights, `${mlp.packedBytes()} bytes`);
      mlp.delete();
    });

    it('all test images as accurately as models/README.md says', () => {
      const mlp = new models.Mlp(model);
      const labels = readTestLabels();
      const { predictions } = mlp.classify(readTestImages(), 'simd');
      const right = predictions.filter((prediction, i) => prediction === labels[i]).length;
      assert.equal(right / labels.length, kAccuracy);
      assert.equal(mlp.classify(new Uint8Array(), 'simd').predictions.length, 0);
      mlp.delete();
    });

    it('with scores whose largest is the prediction', () => {
      const mlp = new models.Mlp(model);
      const scores = mlp.logits(images, 'simd');
      assert.equal(scores.length, 640);
      const { predictions } = mlp.classify(images, 'simd');
      predictions.forEach((prediction, i) => {
        const row = [...scores.subarray(10 * i, 10 * i + 10)];
        assert.equal(row.indexOf(Math.max(...row)), prediction, `image ${i}`);
      });
      mlp.delete();
    });
  });

  describe('loses no memory', () => {
    it('in 1,000 models', () => {
      keepsMemory(models, 1000, () => {
        const mlp = new models.Mlp(model);
        mlp.classify(images.subarray(0, 784), 'simd');
        mlp.delete();
      });
    });
    it('in 1,000 refusals', () => {
      keepsMemory(models, 1000, () => {
        assert.throws(() => new models.Mlp(model.subarray(0, 5000)), { name: 'DataError' });
      });
    });
  });

  it('refuses a handle that was deleted', () => {
    const mlp = new models.Mlp(model);
    mlp.delete();
    assert.throws(() => mlp.classify(images, 'simd'), /deleted/);
  });
}

for (const build of kBuilds) describe(`models, ${build}`, () => describeBuild(build));
