// What the text of lesson 03 counts: from the shapes of the committed model, and of others that it names.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { kRoot, type Lms, loadModule } from './lib/library.ts';
import { kExactDecoder } from '#lab/generation.ts';

const text = readFileSync(join(kRoot, 'lessons/03-memory/index.md'), 'utf8').replaceAll('{,}', ',');
const states = (number: number | string) =>
  assert.ok(
    text.includes(typeof number === 'string' ? number : number.toLocaleString('en')),
    `the lesson doesn't state ${number.toLocaleString('en')}`,
  );

describe('the counts of lesson 03', () => {
  let lms: Lms;
  let model: InstanceType<Lms['Lm']>;
  before(async () => {
    lms = await loadModule('simd', 'lm');
    model = new lms.Lm(Uint8Array.from(readFileSync(join(kRoot, 'models/moby-lm.safetensors'))));
  });

  /** Numbers of the model's matrices. */
  function weights(): number {
    const { vocab, dim, layers, heads, kvHeads, hidden } = model.config();
    const attention = dim * (heads + 2 * kvHeads) * (dim / heads) + dim * dim;
    return vocab * dim + layers * (attention + 3 * dim * hidden);
  }

  it('has the weights, and where attention overtakes them', () => {
    const { layers, dim } = model.config();
    const norms = (2 * layers + 1) * dim;
    assert.equal(weights() + norms, model.parameters());
    states(weights());
    states((2 * weights()) / (4 * layers * dim)); // 1,284.8
    states(2 * layers * dim); // 1,920
    states(4 * layers * dim * 256); // 983,040 operations of attention at 256 tokens
    assert.ok(2 * weights() > 4.9e6 && 2 * weights() < 5e6); // "nearly five million"
  });

  it('has the passes of 256 tokens without a cache', () => {
    const passes = (256 * 257) / 2;
    states(passes);
    states(`${passes / 256} times`);
  });

  it('has the bytes of a token, of all positions, and of the weights', () => {
    const { layers, kvHeads, heads, dim, positions } = model.config();
    const perToken = 2 * layers * kvHeads * (dim / heads) * 4;
    states(perToken);
    const decoder = new lms.Decoder(model, kExactDecoder);
    decoder.feed(Int32Array.of(1, 2, 3));
    assert.equal(decoder.bytesInUse(), 3 * perToken);
    assert.equal(decoder.footprint().total, positions * perToken);
    states(positions * perToken);
    states(decoder.weightBytes());
    states((decoder.weightBytes() / (32 * perToken)).toFixed(1)); // 80.4 tokens of 32 conversations
    assert.equal(Math.floor(decoder.weightBytes() / perToken), 2571);
    decoder.delete();
  });

  it('has the bytes of the models that it names', () => {
    const perToken = (layers: number, kvHeads: number, size: number) => 2 * layers * kvHeads * size * 2;
    assert.ok(text.includes('| ours | 5 | 6, 3 | 32 | 1,920 | 15 MiB |'));
    assert.equal(perToken(5, 3, 32), 1920);
    assert.equal(perToken(5, 3, 32) * 8192, 15 * 2 ** 20);
    assert.ok(text.includes('| Llama 2 7B | 32 | 32, 32 | 128 | 524,288 | 4 GiB |'));
    assert.equal(perToken(32, 32, 128), 524_288);
    assert.equal(perToken(32, 32, 128) * 8192, 2 ** 32);
    assert.ok(text.includes('| Llama 3 8B | 32 | 32, 8 | 128 | 131,072 | 1 GiB |'));
    assert.equal(perToken(32, 8, 128) * 8192, 2 ** 30);
  });

  it('has the perplexities of models/README.md', () => {
    const measured = readFileSync(join(kRoot, 'models/README.md'), 'utf8');
    for (const [row, bits] of [
      ['full, float32', '1.8370'],
      ['full, int8', '1.8370'],
      ['window 64, 4 sinks', '1.8392'],
      ['window 16, 4 sinks', '1.8515'],
      ['int8-dot', '1.8376'],
    ] as const) {
      const line = measured.split('\n').find((each) => each.startsWith(`| ${row}`));
      assert.ok(line?.includes(`| ${bits} |`), `${row}: ${line}`);
      states(bits);
    }
  });
});
