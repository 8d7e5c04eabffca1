import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Affine, type Gpt2, randomGpt2 } from '../models/gpt2.ts';
import { kTypable } from '../models/gpt2-gguf.ts';
import { checkedTokens, decode, likeliest, logProbabilities, outputOf, shapeOf } from './decode.ts';
import { Gpt2Reference } from './decode-reference.ts';

type Rows = number[][];

// GPT-2 by the textbook, all tokens at once: matrices, a mask, no cache.
const product = (a: Rows, b: Rows): Rows =>
  a.map((row) => b[0]!.map((_, n) => row.reduce((sum, x, k) => sum + x * b[k]![n]!, 0)));
const transpose = (a: Rows): Rows => a[0]!.map((_, n) => a.map((row) => row[n]!));
const sum = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((x, i) => x + b[t]![i]!));
const rowsOf = (values: ArrayLike<number>, columns: number): Rows =>
  Array.from({ length: values.length / columns }, (_, k) =>
    Array.from({ length: columns }, (__, n) => values[k * columns + n]!),
  );
const affine = (x: Rows, { w, b }: Affine): Rows =>
  product(x, rowsOf(w, b.length)).map((row) => row.map((y, n) => y + b[n]!));
const normed = (x: Rows, { w, b }: Affine): Rows =>
  x.map((row) => {
    const mean = row.reduce((total, value) => total + value, 0) / row.length;
    const variance = row.reduce((total, value) => total + value * value, 0) / row.length - mean * mean;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * w[i]! + b[i]!);
  });

function attend(qkv: Rows, heads: number): Rows {
  const dim = qkv[0]!.length / 3;
  const size = dim / heads;
  const part = (which: number, h: number) =>
    qkv.map((row) => row.slice(which * dim + h * size, which * dim + (h + 1) * size));
  const each = Array.from({ length: heads }, (_, h) => {
    const scores = product(part(0, h), transpose(part(1, h))).map((row, t) =>
      row.map((x, s) => (s <= t ? x / Math.sqrt(size) : -Infinity)),
    );
    const p = scores.map((row) => {
      const total = row.reduce((all, x) => all + Math.exp(x), 0);
      return row.map((x) => Math.exp(x) / total);
    });
    return product(p, part(2, h));
  });
  return qkv.map((_, t) => each.flatMap((rows) => rows[t]!));
}

function textbook(model: Gpt2, ids: readonly number[]): Rows {
  const [tokens, places] = [rowsOf(model.tokens, model.dim), rowsOf(model.places, model.dim)];
  let x = ids.map((id, t) => tokens[id]!.map((value, i) => value + places[t]![i]!));
  for (const block of model.blocks) {
    x = sum(x, affine(attend(affine(normed(x, block.attentionNorm), block.qkv), model.heads), block.output));
    const hidden = affine(normed(x, block.feedForwardNorm), block.up);
    const active = hidden.map((row) =>
      row.map((z) => 0.5 * z * (1 + Math.tanh(0.7978845608028654 * (z + 0.044715 * z * z * z)))),
    );
    x = sum(x, affine(active, block.down));
  }
  return product(normed(x, model.norm), transpose(tokens));
}

describe('the reference of language models', () => {
  const model = randomGpt2({ dim: 12, layers: 2, heads: 3, vocab: 11, positions: 9 });
  const near = (found: ArrayLike<number>, wanted: ArrayLike<number>) =>
    Array.from(found).forEach((x, i) => assert.ok(Math.abs(x - wanted[i]!) < 1e-9, `${i}: ${x}, ${wanted[i]}`));

  it('gives the logits of GPT-2 by the textbook, whatever it has seen before', () => {
    const reference = new Gpt2Reference(model);
    for (const ids of [
      [3, 1, 4, 1, 5, 9],
      [3, 1, 4, 2],
      [3, 1, 4, 2, 10, 0, 7],
    ]) {
      const wanted = textbook(model, ids);
      reference.logits(ids, 2).forEach((row, i) => near(row, wanted[2 + i]!));
    }
  });

  it('has logits that differ from one another, from place to place and with every bias', () => {
    const [first = [], second = []] = textbook(model, [5, 5]);
    assert.ok(first.some((x, i) => Math.abs(x - second[i]!) > 0.01));
    const biases = (of: Gpt2) => of.blocks.flatMap(({ qkv, output, up, down }) => [output, up, down, qkv]);
    biases(model).forEach((_, i) => {
      const other = structuredClone(model);
      biases(other)[i]!.b.fill(0);
      assert.ok(
        textbook(other, [5, 5])[1]!.some((x, v) => Math.abs(x - second[v]!) > 0.01),
        String(i),
      );
    });
  });
});

describe('the check of language models', () => {
  const task = {
    family: 'decode',
    name: 'small',
    kind: 'generate',
    dim: 64,
    weights: 'f32',
    prompt: 5,
    count: 9,
  } as const;
  const given = decode.operands(task);
  const { vocab } = shapeOf(task);
  const model = randomGpt2(shapeOf(task));

  /** What a library would hand over: `moved` is added to the logits of the third token. */
  function generate(of: Gpt2, moved: (logits: Float64Array) => void = () => {}) {
    const reference = new Gpt2Reference(of);
    const ids = [...given.prompt];
    const tokens = Array.from({ length: checkedTokens(task) }, (_, i) => {
      const logits = Float64Array.from(reference.logits(ids, ids.length - 1)[0]!);
      if (i === 2) moved(logits);
      const id = likeliest(logits);
      ids.push(id);
      return { id, logProbabilities: logProbabilities(logits) };
    });
    return outputOf(tokens);
  }

  it('passes the reference’s own tokens, in float32', () => {
    const { ok, worst } = decode.check(task, given, generate(model));
    assert.ok(ok && worst < 0.01, String(worst));
  });

  it('fails another log-probability, another token, NaN and another size', () => {
    const right = generate(model);
    assert.ok(
      !decode.check(
        task,
        given,
        generate(model, (logits) => (logits[50]! += 0.01)),
      ).ok,
    );
    const other = (at: number, value: number) => right.map((x, i) => (i === at ? value : x));
    const worse = (right[0]! + 1) % (vocab - 1);
    assert.ok(!decode.check(task, given, other(0, worse)).ok);
    assert.ok(!decode.check(task, given, other(0, vocab)).ok);
    assert.ok(!decode.check(task, given, other(7, NaN)).ok);
    assert.ok(!decode.check(task, given, right.subarray(1)).ok);
  });

  it('fails a model that has forgotten a bias, has other heads, or misses its last layer', () => {
    const forgetful = structuredClone(model);
    forgetful.blocks[5]!.up.b.fill(0);
    const others = [forgetful, { ...model, heads: 2 }, { ...model, blocks: model.blocks.slice(0, -1) }];
    for (const other of others) {
      assert.ok(!decode.check(task, given, generate(other)).ok);
      assert.ok(!decode.check(task, given, generate(other), 0.02).ok, 'with what halves are allowed');
    }
    for (const other of others.slice(1)) {
      assert.ok(!decode.check(task, given, generate(other), 0.3).ok, 'with what 7 bits are allowed');
    }
  });

  it('compares with the library’s own model where it has one', () => {
    const own = new Gpt2Reference(randomGpt2(shapeOf(task), 99));
    const reference = (ids: Int32Array) => Float32Array.from(own.logits(ids, 0).flatMap((row) => [...row]));
    assert.ok(!decode.check(task, given, generate(model), undefined, reference).ok);
    const right = generate(randomGpt2(shapeOf(task), 99));
    assert.ok(decode.check(task, given, right, undefined, reference).ok);
  });

  it('never chooses the end of the text, and asks for tokens that can be typed', () => {
    assert.equal(likeliest([1, 3, 3, 9]), 1);
    for (const each of decode.tasks) {
      const { prompt } = decode.operands(each);
      assert.equal(prompt.length, each.prompt);
      assert.ok(prompt.every((id) => id >= 0 && id < kTypable));
    }
  });

  it('counts tokens', () => {
    assert.deepEqual(
      decode.tasks.map((each) => [decode.shortName(each), 1e-9 * decode.work(each)]),
      [
        ['generate-384-f32', 64],
        ['generate-384-int8', 64],
        ['generate-256-f32', 64],
        ['generate-256-int8', 64],
        ['prompt-384-f32', 256],
      ],
    );
  });
});
