// The models of a language model: sizes, GGUF and ONNX, read back by decoders written from the formats' descriptions.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fill } from '../random.ts';
import { ggufFile, halfBits, halfValue, kQ8Block, roundedBlocks } from './gguf.ts';
import { gpt2Bytes, llamaBytes, llamaLike, randomGpt2 } from './gpt2.ts';
import { gpt2Gguf, kTypable, vocabulary } from './gpt2-gguf.ts';
import { cacheNames, gpt2Onnx, roundedColumns } from './gpt2-onnx.ts';
import { decode, message, type Message, text } from './protobuf-reader.ts';

const kSmall = { dim: 32, layers: 2, heads: 2, vocab: 100, positions: 7 };

/** The numbers of a model; what is an array in it, wherever it lies. */
function count(value: object): number {
  if (value instanceof Float32Array) return value.length;
  return Object.values(value).reduce(
    (sum: number, part) => sum + (typeof part === 'object' ? count(part as object) : 0),
    0,
  );
}

describe('the shapes', () => {
  it('count the bytes that a model of GPT-2’s shape has, without its places', () => {
    const model = randomGpt2(kSmall);
    assert.equal(gpt2Bytes(kSmall), 4 * (count(model) - model.places.length));
  });

  it('give ours no fewer bytes, and at most 1.2 % more', () => {
    for (const dim of [256, 384]) {
      const theirs = { dim, layers: 6, heads: dim / 64, vocab: 512, positions: 512 };
      const ours = llamaLike(theirs);
      assert.deepEqual([ours.dim, ours.layers, ours.heads, ours.kvHeads], [dim, 6, dim / 64, dim / 64]);
      const ratio = llamaBytes(ours) / gpt2Bytes(theirs);
      assert.ok(ratio >= 1 && ratio < 1.012, `${ours.hidden}: ${ratio}`);
    }
  });

  it('count Llama’s bytes as its tensors have them', () => {
    // 2 layers of q 4·4, k and v 2·4 each (one of two heads), o 4·4, three of 4·5, two norms; a norm; 7 tokens.
    const shape = { vocab: 7, dim: 4, layers: 2, heads: 2, kvHeads: 1, hidden: 5, positions: 9, tied: true };
    assert.equal(llamaBytes(shape), 4 * (2 * (16 + 8 + 8 + 16 + 60 + 8) + 4 + 28));
  });
});

describe('halves', () => {
  it('are the nearest, ties to even', () => {
    assert.deepEqual([1, 1.5, 0.25, 65504].map(halfBits), [0x3c00, 0x3e00, 0x3400, 0x7bff]);
    assert.deepEqual([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20].map(halfBits), [0x3c00, 0x3c02, 0x3c01]);
    for (const x of fill(200, 3).map(Math.abs))
      assert.ok(Math.abs(halfValue(halfBits(x)) - x) <= x * 2 ** -11, String(x));
  });

  it('are refused where they would not be normal', () => {
    for (const bad of [-1, NaN, 70000, 1e-6]) assert.throws(() => halfBits(bad), RangeError);
  });
});

/** Reads a GGUF file: metadata, and each tensor's extents (innermost first), type and bytes. */
function readGguf(file: Uint8Array<ArrayBuffer>) {
  const view = new DataView(file.buffer);
  let at = 0;
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const u64 = () => Number(view.getBigUint64((at += 8) - 8, true));
  const string = () => {
    const length = u64();
    return new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(at, (at += length)));
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return view.getInt32((at += 4) - 4, true);
    if (type === 6) return view.getFloat32((at += 4) - 4, true);
    if (type === 7) return view.getUint8(at++) === 1;
    if (type === 8) return string();
    assert.equal(type, 9, 'type of a value');
    const [inner, length] = [u32(), u64()];
    return Array.from({ length }, () => value(inner));
  };
  assert.equal(u32(), 0x46554747, 'GGUF');
  assert.equal(u32(), 3);
  const [tensors, entries] = [u64(), u64()];
  const metadata = Object.fromEntries(Array.from({ length: entries }, () => [string(), value(u32())]));
  const infos = Array.from({ length: tensors }, () => ({
    name: string(),
    extents: Array.from({ length: u32() }, u64),
    type: u32(),
    offset: u64(),
  }));
  const start = Math.ceil(at / 32) * 32;
  const contents = new Map(
    infos.map(({ name, extents, type, offset }) => {
      assert.equal(offset % 32, 0, name);
      const numbers = extents.reduce((product, extent) => product * extent, 1);
      const bytes = type === 0 ? 4 * numbers : (numbers / 32) * 34;
      return [name, { extents, type, bytes: file.slice(start + offset, start + offset + bytes) }] as const;
    }),
  );
  return { metadata, contents };
}

describe('GGUF', () => {
  it('keeps metadata of every kind, and tensors where their offsets say', () => {
    const [a, b] = [fill(5, 1), fill(6, 2)];
    const { metadata, contents } = readGguf(
      ggufFile(
        {
          n: { u32: 7 },
          x: { f32: 0.5 },
          yes: { bool: true },
          t: { text: 'ä' },
          ts: { texts: ['', 'b'] },
          s: { s32s: [-1, 2] },
        },
        [
          { name: 'a', shape: [5], values: a },
          { name: 'b', shape: [2, 3], values: b },
        ],
      ),
    );
    assert.deepEqual(metadata, { n: 7, x: 0.5, yes: true, t: 'ä', ts: ['', 'b'], s: [-1, 2] });
    assert.deepEqual(contents.get('b')!.extents, [3, 2]);
    assert.deepEqual(new Float32Array(contents.get('a')!.bytes.buffer), a);
    assert.deepEqual(new Float32Array(contents.get('b')!.bytes.buffer), b);
  });

  it('refuses tensors of another size and rows that are no whole blocks', () => {
    assert.throws(() => ggufFile({}, [{ name: 'a', shape: [4], values: fill(5, 1) }]), /5 values, 4 are wanted/);
    assert.throws(
      () => ggufFile({}, [{ name: 'a', shape: [2, 16], values: fill(32, 1), rounded: true }]),
      /whole blocks/,
    );
  });

  it('rounds blocks to within half a step of the scale, the largest to 127', () => {
    const values = fill(4 * kQ8Block, 5);
    values.fill(0, 0, kQ8Block);
    const view = new DataView(roundedBlocks(values).buffer);
    assert.equal(view.byteLength, 4 * 34);
    for (let block = 0; block < 4; block++) {
      const scale = halfValue(view.getUint16(block * 34, true));
      const integers = Array.from({ length: kQ8Block }, (_, i) => view.getInt8(block * 34 + 2 + i));
      assert.equal(Math.max(...integers.map(Math.abs)), block === 0 ? 0 : 127);
      integers.forEach((q, i) => {
        const error = Math.abs(q * scale - values[block * kQ8Block + i]!);
        assert.ok(error <= scale * (0.5 + 127 * 2 ** -11), `${block}, ${i}: ${error / scale}`);
      });
    }
  });

  it('has the model with every matrix transposed, rounded only where that is asked for', () => {
    const model = randomGpt2(kSmall);
    const { metadata, contents } = readGguf(gpt2Gguf(model, false));
    assert.equal(metadata['gpt2.attention.head_count'], 2);
    assert.deepEqual((metadata['tokenizer.ggml.token_type'] as number[]).slice(-2), [1, 3]);
    assert.equal(contents.size, 2 + 2 * 12 + 2);
    const up = contents.get('blk.1.ffn_up.weight')!;
    assert.deepEqual(up.extents, [32, 128]);
    const [rows, { w }] = [new Float32Array(up.bytes.buffer), model.blocks[1]!.up];
    for (const [k, n] of [
      [0, 1],
      [31, 127],
      [5, 77],
    ] as const)
      assert.equal(rows[n * 32 + k], w[k * 128 + n]);

    const rounded = readGguf(gpt2Gguf(model, true)).contents;
    const types = [...rounded].map(([name, { type }]) => [name, type] as const);
    for (const [name, type] of types) {
      const isMatrix = /(qkv|attn_output|ffn_up|ffn_down|token_embd)\.weight$/.test(name);
      assert.equal(type, isMatrix ? 8 : 0, name);
    }
  });
});

describe('the vocabulary', () => {
  it('has different texts of letters, and typable characters first', () => {
    const texts = vocabulary(512);
    assert.equal(new Set(texts).size, 512);
    for (const each of texts) assert.match(each, /^([!-~]|[a-z]{2}|<\|endoftext\|>)$/);
    assert.ok(texts.slice(0, kTypable).every(({ length }) => length === 1));
    assert.deepEqual([texts[kTypable], texts.at(-1)], ['aa', '<|endoftext|>']);
  });

  it('has its limits', () => {
    for (const size of [10, 94, 1000]) assert.throws(() => vocabulary(size), /vocabulary of/);
  });
});

describe('the ONNX model', () => {
  const model = randomGpt2(kSmall);
  const nodesOf = (graph: Message) => graph.get(1)!.map((each) => decode(each as Uint8Array));
  const namesOf = (graph: Message, field: number) =>
    graph.get(field)!.map((each) => text(decode(each as Uint8Array), 1)[0]!);

  for (const rounded of [false, true]) {
    const graph = message(decode(gpt2Onnx(model, rounded)), 7);
    it(`${rounded ? 'in 8 bits' : 'in float32'} names every value once, before it is used`, () => {
      const constants = graph.get(5)!.map((each) => text(decode(each as Uint8Array), 8)[0]!);
      const known = new Set([...constants, ...namesOf(graph, 11), '']);
      assert.equal(known.size, constants.length + namesOf(graph, 11).length + 1);
      for (const node of nodesOf(graph)) {
        for (const input of text(node, 1)) assert.ok(known.has(input), input);
        for (const output of text(node, 2)) {
          assert.ok(!known.has(output), output);
          known.add(output);
        }
      }
      for (const output of namesOf(graph, 12)) assert.ok(known.has(output), output);
    });

    it(`${rounded ? 'in 8 bits' : 'in float32'} has a product for each matrix, and caches in and out`, () => {
      const types = nodesOf(graph).map((node) => text(node, 4)[0]!);
      const product = (name: string) => types.filter((type) => type === name).length;
      const attention = 2 * kSmall.layers;
      assert.equal(product('MatMul') - attention, rounded ? 0 : 4 * kSmall.layers + 1);
      assert.equal(product('DynamicQuantizeMatMul'), rounded ? 4 * kSmall.layers + 1 : 0);
      const names = [0, 1].map(cacheNames);
      assert.deepEqual(namesOf(graph, 11), ['ids', 'places', 'mask', ...names.flatMap(({ past }) => past)]);
      assert.deepEqual(namesOf(graph, 12), ['logits', ...names.flatMap(({ present }) => present)]);
    });
  }

  it('calls extents that grow by name', () => {
    const graph = message(decode(gpt2Onnx(model, false)), 7);
    const cache = message(message(decode(graph.get(11)![3] as Uint8Array), 2), 1);
    const dims = message(cache, 2)
      .get(1)!
      .map((each) => decode(each as Uint8Array));
    assert.deepEqual(
      dims.map((dim) => text(dim, 2)[0] ?? dim.get(1)![0]),
      [1, 2, 'P', 16],
    );
  });

  it('rounds columns to within half a step', () => {
    const w = fill(5 * 3, 4);
    const { values, scales } = roundedColumns(w, 3);
    values.forEach((q, i) => assert.ok(Math.abs(q * scales[i % 3]! - w[i]!) <= 0.5001 * scales[i % 3]!));
    for (let n = 0; n < 3; n++)
      assert.equal(Math.max(...[0, 1, 2, 3, 4].map((k) => Math.abs(values[k * 3 + n]!))), 127);
  });
});
