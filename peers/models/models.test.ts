// The models are read back by decoders of their own, written from the formats' descriptions and not from the encoders.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fill, fillWeights } from '../random.ts';
import { attentionModel, causalMask, fusedAttentionModel, perQueryHead, tfliteAttentionModel } from './attention.ts';
import { permuted } from './layout.ts';
import { convIntegerModel, convModel, matMulIntegerModel, matMulModel, qLinearConvModel } from './onnx.ts';
import { block, integer } from './protobuf.ts';
import { decode, message, text } from './protobuf-reader.ts';

const floats = (data: Uint8Array) => new Float32Array(data.slice().buffer);
const bytes = (data: Uint8Array) => new Int8Array(data.slice().buffer);

describe('protobuf', () => {
  it('writes the examples of the format’s description', () => {
    assert.deepEqual([...integer(1, 150)], [0x08, 0x96, 0x01]);
    assert.deepEqual([...block(2, 'testing')], [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
    assert.deepEqual([...block(3, [integer(1, 150)])], [0x1a, 0x03, 0x08, 0x96, 0x01]);
  });

  it('keeps numbers over 32 bits and refuses what is no number', () => {
    assert.equal(decode(integer(5, 2 ** 40 + 3)).get(5)![0], 2 ** 40 + 3);
    for (const bad of [-1, 0.5, NaN, 2 ** 60]) assert.throws(() => integer(1, bad), RangeError);
  });
});

describe('the ONNX model', () => {
  const [m, k, n] = [3, 5, 300];
  const b = fill(k * n, 9);

  it('is one MatMul of x and the constant b', () => {
    const model = decode(matMulModel({ m, k, n, b }));
    assert.deepEqual(model.get(1), [8]);
    assert.deepEqual(message(model, 8).get(2), [17]);
    const graph = message(model, 7);
    const node = message(graph, 1);
    assert.deepEqual([text(node, 1), text(node, 2), text(node, 4)], [['x', 'b'], ['y'], ['MatMul']]);
    const weights = message(graph, 5);
    assert.deepEqual([weights.get(1), weights.get(2), text(weights, 8)], [[k, n], [1], ['b']]);
    assert.deepEqual(floats(weights.get(9)![0] as Uint8Array), b);
  });

  it('declares the shapes of x and y', () => {
    const graph = message(decode(matMulModel({ m, k, n, b })), 7);
    const shapes = [11, 12].map((field) => {
      const tensor = message(message(message(graph, field), 2), 1);
      assert.deepEqual(tensor.get(1), [1]);
      return message(tensor, 2)
        .get(1)!
        .map((dim) => decode(dim as Uint8Array).get(1)![0]);
    });
    assert.deepEqual(shapes, [
      [m, k],
      [m, n],
    ]);
  });

  it('refuses weights of another size', () => {
    assert.throws(() => matMulModel({ m, k: k + 1, n, b }), /300 are wanted|values/);
  });
});

const kGeometry = { channels: 3, height: 6, width: 5, outputs: 4, kernel: 3, padding: 1 };
/** weights[KH,KW,C,O] at one place. */
const weightAt = (r: number, s: number, c: number, o: number) => ((r * 3 + s) * 3 + c) * 4 + o;

/** The only operator of a model: type, inputs, attributes, and its constants by name as [type, shape, data]. */
function operator(model: Uint8Array<ArrayBuffer>) {
  const graph = message(decode(model), 7);
  const node = message(graph, 1);
  const constants = new Map(
    (graph.get(5) ?? []).map((each) => {
      const tensor = decode(each as Uint8Array);
      return [text(tensor, 8)[0]!, [tensor.get(2)![0], tensor.get(1) ?? [], tensor.get(9)![0] as Uint8Array] as const];
    }),
  );
  const attributes = (node.get(5) ?? []).map((each) => {
    const found = decode(each as Uint8Array);
    return [text(found, 1)[0], found.get(20), found.get(8)];
  });
  const types = [11, 12].map((field) => message(message(message(graph, field), 2), 1).get(1)![0]);
  const shapes = [11, 12].map((field) =>
    (message(message(message(message(graph, field), 2), 1), 2).get(1) ?? []).map(
      (dim) => decode(dim as Uint8Array).get(1)![0],
    ),
  );
  return { type: text(node, 4)[0], inputs: text(node, 1), attributes, constants, types, shapes };
}

describe('the ONNX models of integers and convolutions', () => {
  const weights = fill(3 * 3 * 3 * 4, 5);
  const integers = fillWeights(3 * 3 * 3 * 4, 5);
  const spatial = [
    ['kernel_shape', [7], [3, 3]],
    ['pads', [7], [1, 1, 1, 1]],
  ];

  it('MatMulInteger takes unsigned and signed bytes and gives 32 bits', () => {
    const b = fillWeights(5 * 7, 3);
    const { type, inputs, constants, types, shapes } = operator(matMulIntegerModel({ m: 2, k: 5, n: 7, b }));
    assert.deepEqual([type, inputs, types], ['MatMulInteger', ['x', 'b'], [2, 6]]);
    assert.deepEqual(shapes, [
      [2, 5],
      [2, 7],
    ]);
    const [code, shape, data] = constants.get('b')!;
    assert.deepEqual([code, shape, bytes(data)], [3, [5, 7], b]);
  });

  it('Conv has weights [O,C,KH,KW], bias and padding', () => {
    const bias = fill(4, 6);
    const { type, inputs, attributes, constants, shapes } = operator(convModel(kGeometry, weights, bias));
    assert.deepEqual([type, inputs, attributes], ['Conv', ['x', 'w', 'bias'], spatial]);
    assert.deepEqual(shapes, [
      [1, 3, 6, 5],
      [1, 4, 6, 5],
    ]);
    const [code, shape, data] = constants.get('w')!;
    assert.deepEqual([code, shape], [1, [4, 3, 3, 3]]);
    const read = floats(data);
    for (const [r, s, c, o] of [
      [0, 0, 0, 1],
      [2, 1, 0, 3],
      [1, 2, 2, 0],
    ] as const) {
      assert.equal(read[((o * 3 + c) * 3 + r) * 3 + s], weights[weightAt(r, s, c, o)]);
    }
    assert.deepEqual(floats(constants.get('bias')![2]), bias);
  });

  it('ConvInteger and QLinearConv have the same weights as bytes, the latter scalars for the quantization', () => {
    const plain = operator(convIntegerModel(kGeometry, integers));
    assert.deepEqual([plain.type, plain.inputs, plain.attributes, plain.types], ['ConvInteger', ['x', 'w'], spatial, [2, 6]]);
    const { type, inputs, attributes, constants, types } = operator(qLinearConvModel(kGeometry, integers, 12.5));
    assert.deepEqual([type, attributes, types], ['QLinearConv', spatial, [2, 2]]);
    assert.deepEqual(inputs, ['x', 'x_scale', 'x_zero', 'w', 'w_scale', 'w_zero', 'y_scale', 'y_zero']);
    assert.deepEqual(constants.get('w'), plain.constants.get('w'));
    const scalar = (name: string) => {
      const [code, shape, data] = constants.get(name)!;
      assert.deepEqual(shape, []);
      return [code, code === 1 ? floats(data)[0] : data[0]];
    };
    assert.deepEqual(inputs.slice(1).filter((name) => name !== 'w').map(scalar), [
      [1, 1],
      [2, 0],
      [1, 1],
      [3, 0],
      [1, 12.5],
      [2, 128],
    ]);
  });

  it('refuse weights of another size', () => {
    assert.throws(() => convModel({ ...kGeometry, outputs: 5 }, weights, fill(5, 1)), RangeError);
    assert.throws(() => convModel(kGeometry, weights, fill(5, 1)), RangeError);
  });
});

describe('permuted axes', () => {
  it('are a transpose in two dimensions', () => {
    assert.deepEqual([...permuted(Uint8Array.of(1, 2, 3, 4, 5, 6), [2, 3], [1, 0])], [1, 4, 2, 5, 3, 6]);
  });

  it('put element (i,j,k) where the order says', () => {
    const values = Float32Array.from({ length: 24 }, (_, i) => i);
    const moved = permuted(values, [2, 3, 4], [2, 0, 1]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++) assert.equal(moved[(k * 2 + i) * 3 + j], values[(i * 3 + j) * 4 + k]);
    assert.deepEqual(permuted(moved, [4, 2, 3], [1, 2, 0]), values);
    assert.throws(() => permuted(values, [2, 3, 5], [0, 1, 2]), RangeError);
  });
});

describe('the models of attention', () => {
  const task = { family: 'attention', name: 'small', queries: 2, keys: 3, heads: 4, keyHeads: 2, size: 5, causal: true } as const;
  const k = fill(3 * 2 * 5, 1);
  const repeated = { k: perQueryHead(task, k), v: perQueryHead(task, k) };
  const nodes = (model: Uint8Array<ArrayBuffer>) => {
    const graph = message(decode(model), 7);
    return (graph.get(1) ?? []).map((each) => {
      const node = decode(each as Uint8Array);
      return [...text(node, 7), ...text(node, 4), text(node, 1).join(' ')].join(' ');
    });
  };
  const names = (model: Uint8Array<ArrayBuffer>, field: number, at: number) =>
    (message(decode(model), 7).get(field) ?? []).map((each) => text(decode(each as Uint8Array), at)[0]);

  it('repeat K for every query head, head by head', () => {
    // Head 3 reads key head 1.
    assert.equal(repeated.k[(3 * 3 + 2) * 5 + 4], k[(2 * 2 + 1) * 5 + 4]);
    assert.equal(repeated.k[(1 * 3 + 1) * 5], k[1 * 2 * 5]);
  });

  it('hide the keys after a query', () => {
    assert.deepEqual([...causalMask(task)].map((x) => x === 0), [true, true, false, true, true, true]);
  });

  it('are a graph in ONNX, whose cache and mask are constants', () => {
    const model = attentionModel(task, repeated);
    assert.deepEqual(nodes(model), [
      'Mul q scale',
      'Transpose k',
      'MatMul scaled kt',
      'Add scores mask',
      'Softmax masked',
      'MatMul p v',
    ]);
    assert.deepEqual(names(model, 5, 8), ['scale', 'mask', 'k', 'v']);
    assert.deepEqual(names(model, 11, 1), ['q']);
    const whole = attentionModel({ ...task, queries: 3, causal: false }, repeated);
    assert.equal(nodes(whole).length, 5);
    assert.deepEqual(names(whole, 11, 1), ['q', 'k', 'v']);
  });

  it('are one operator of ONNX Runtime’s own, by heads', () => {
    const square = { ...task, queries: 3 };
    assert.deepEqual(nodes(fusedAttentionModel(square, { k, v: k })), ['com.microsoft GroupQueryAttention q k v   last total']);
    const equal = { ...square, keyHeads: 4, causal: false };
    assert.deepEqual(nodes(fusedAttentionModel(equal, repeated)), ['com.microsoft MultiHeadAttention q k v']);
    assert.throws(() => fusedAttentionModel({ ...square, causal: false }, { k, v: k }), /causal/);
  });

  it('hold a cache once in TFLite', () => {
    const cached = tfliteAttentionModel(task, repeated);
    const whole = tfliteAttentionModel({ ...task, queries: 3 }, repeated);
    assert.ok(cached.length > whole.length + 2 * 4 * repeated.k.length - 200);
  });
});
