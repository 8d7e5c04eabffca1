// The TFLite models, read back by a reader of FlatBuffers of their own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fill, fillWeights } from '../random.ts';
import { convModel, fullyConnectedModel } from './tflite.ts';

const floats = (data: Uint8Array) => new Float32Array(data.slice().buffer);
const bytes = (data: Uint8Array) => new Int8Array(data.slice().buffer);

const kGeometry = { channels: 3, height: 6, width: 5, outputs: 4, kernel: 3, padding: 1 };
/** weights[KH,KW,C,O] at one place. */
const weightAt = (r: number, s: number, c: number, o: number) => ((r * 3 + s) * 3 + c) * 4 + o;

/** A cursor into a FlatBuffer. */
class Table {
  readonly view: DataView;
  readonly at: number;
  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
  }
  static root(data: Uint8Array): Table {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return new Table(view, view.getUint32(0, true));
  }
  slot(field: number): number | undefined {
    const vtable = this.at - this.view.getInt32(this.at, true);
    assert.equal(vtable % 2, 0);
    assert.equal(this.at % 4, 0);
    if (4 + 2 * field >= this.view.getUint16(vtable, true)) return undefined;
    const offset = this.view.getUint16(vtable + 4 + 2 * field, true);
    assert.ok(offset < this.view.getUint16(vtable + 2, true));
    return offset === 0 ? undefined : this.at + offset;
  }
  byte(field: number): number {
    const slot = this.slot(field);
    return slot === undefined ? 0 : this.view.getInt8(slot);
  }
  int(field: number): number {
    const slot = this.slot(field);
    assert.ok(slot === undefined || slot % 4 === 0);
    return slot === undefined ? 0 : this.view.getInt32(slot, true);
  }
  target(field: number): number {
    const slot = this.slot(field);
    assert.ok(slot !== undefined, `field ${field} is missing`);
    return slot + this.view.getUint32(slot, true);
  }
  table(field: number): Table {
    return new Table(this.view, this.target(field));
  }
  tables(field: number): Table[] {
    const at = this.target(field);
    assert.equal(at % 4, 0);
    return Array.from({ length: this.view.getUint32(at, true) }, (_, i) => {
      const slot = at + 4 + 4 * i;
      return new Table(this.view, slot + this.view.getUint32(slot, true));
    });
  }
  ints(field: number): number[] {
    const at = this.target(field);
    assert.equal(at % 4, 0);
    return Array.from({ length: this.view.getUint32(at, true) }, (_, i) => this.view.getInt32(at + 4 + 4 * i, true));
  }
  bytes(field: number): { at: number; values: Uint8Array } {
    const at = this.target(field);
    const values = new Uint8Array(this.view.buffer, this.view.byteOffset + at + 4, this.view.getUint32(at, true));
    return { at: at + 4, values };
  }
  text(field: number): string {
    const { at, values } = this.bytes(field);
    assert.equal(this.view.getUint8(at + values.length), 0, 'strings end with a zero');
    return new TextDecoder().decode(values);
  }
}

describe('the TFLite model', () => {
  const [m, k, n] = [2, 3, 70];
  const b = fill(k * n, 4);
  const data = fullyConnectedModel({ m, k, n, b });
  const model = Table.root(data);

  it('is one FULLY_CONNECTED without bias', () => {
    assert.equal(new TextDecoder().decode(data.subarray(4, 8)), 'TFL3');
    assert.equal(model.int(0), 3);
    const [code, ...more] = model.tables(1);
    assert.equal(more.length, 0);
    assert.deepEqual([code!.byte(0), code!.int(2), code!.int(3)], [9, 1, 9]);
    const [graph] = model.tables(2);
    assert.deepEqual([graph!.ints(1), graph!.ints(2), graph!.text(4)], [[0], [2], 'main']);
    const [operator] = graph!.tables(3);
    assert.deepEqual([operator!.int(0), operator!.ints(1), operator!.ints(2)], [0, [0, 1, -1], [2]]);
    assert.equal(operator!.byte(3), 8);
    assert.equal(operator!.table(4).byte(0), 0);
  });

  it('has x[M,K], b[N,K] and y[M,N], all float32', () => {
    const tensors = model.tables(2)[0]!.tables(0);
    assert.deepEqual(
      tensors.map((tensor) => [tensor.text(3), tensor.ints(0), tensor.byte(1), tensor.int(2)]),
      [
        ['x', [m, k], 0, 0],
        ['b', [n, k], 0, 1],
        ['y', [m, n], 0, 0],
      ],
    );
  });

  it('holds the weights transposed, at a multiple of 16 bytes', () => {
    const [empty, weights] = model.tables(4);
    assert.equal(empty!.slot(0), undefined);
    const { at, values } = weights!.bytes(0);
    assert.equal(at % 16, 0);
    const read = floats(values);
    for (let i = 0; i < k; i++) for (let j = 0; j < n; j++) assert.equal(read[j * k + i], b[i * n + j]);
  });

  it('refuses weights of another size', () => {
    assert.throws(() => fullyConnectedModel({ m, k, n: n + 1, b }), RangeError);
  });
});

describe('the TFLite models of integers and convolutions', () => {
  const parts = (data: Uint8Array) => {
    const model = Table.root(data);
    const [code] = model.tables(1);
    const graph = model.tables(2)[0]!;
    return { code: code!, tensors: graph.tables(0), operator: graph.tables(3)[0]!, buffers: model.tables(4) };
  };
  /** Scales and zero points of a tensor, channel by channel. */
  const quantization = (tensor: Table) => {
    const found = tensor.table(4);
    const [scales, zeros] = [found.target(2), found.target(3)];
    const count = found.view.getUint32(scales, true);
    assert.equal(found.view.getUint32(zeros, true), count);
    assert.equal((zeros + 4) % 8, 0, 'longs lie at multiples of 8');
    const each = Array.from({ length: count }, (_, i) => [
      found.view.getFloat32(scales + 4 + 4 * i, true),
      found.view.getBigInt64(zeros + 4 + 8 * i, true),
    ]);
    return { each, axis: found.int(6) };
  };

  it('an int8 FULLY_CONNECTED has floats in and out, and weights that stand for themselves', () => {
    const [m, k, n] = [2, 3, 70];
    const b = fillWeights(k * n, 4);
    const { code, tensors, operator: node, buffers } = parts(fullyConnectedModel({ m, k, n, b }));
    assert.deepEqual([code.int(3), node.byte(3), node.table(4).byte(3)], [9, 8, 1]);
    assert.deepEqual(tensors.map((tensor) => tensor.byte(1)), [0, 9, 0]);
    const { each, axis } = quantization(tensors[1]!);
    assert.equal(axis, 0);
    assert.deepEqual(each, Array<unknown>(n).fill([1, 0n]));
    const read = bytes(buffers[1]!.bytes(0).values);
    for (let i = 0; i < k; i++) for (let j = 0; j < n; j++) assert.equal(read[j * k + i], b[i * n + j]);
  });

  it('a CONV_2D has weights [O,KH,KW,C], bias, padding SAME and strides', () => {
    const [weights, bias] = [fill(3 * 3 * 3 * 4, 5), fill(4, 6)];
    const { code, tensors, operator: node, buffers } = parts(convModel(kGeometry, weights, bias));
    assert.deepEqual([code.int(3), node.byte(3), node.ints(1), node.ints(2)], [3, 1, [0, 1, 3], [2]]);
    const options = node.table(4);
    assert.deepEqual([options.byte(0), options.int(1), options.int(2)], [0, 1, 1]);
    assert.deepEqual(
      tensors.map((tensor) => [tensor.text(3), tensor.ints(0), tensor.int(2)]),
      [
        ['x', [1, 6, 5, 3], 0],
        ['b', [4, 3, 3, 3], 1],
        ['y', [1, 6, 5, 4], 0],
        ['bias', [4], 2],
      ],
    );
    const read = floats(buffers[1]!.bytes(0).values);
    for (let o = 0; o < 4; o++)
      for (let c = 0; c < 3; c++) assert.equal(read[((o * 3 + 2) * 3 + 1) * 3 + c], weights[weightAt(2, 1, c, o)]);
    assert.deepEqual(floats(buffers[2]!.bytes(0).values), bias);
  });

  it('an int8 CONV_2D says the scale of every output', () => {
    const { code, tensors } = parts(convModel(kGeometry, fillWeights(108, 5), new Float32Array(4)));
    assert.equal(code.int(2), 5);
    assert.deepEqual([tensors[1]!.byte(1), quantization(tensors[1]!).each.length], [9, 4]);
  });

  it('refuse a padding that TFLite lacks, and a bias of another size', () => {
    const weights = fill(108, 5);
    assert.throws(() => convModel({ ...kGeometry, padding: 0 }, weights, fill(4, 1)), RangeError);
    assert.throws(() => convModel(kGeometry, weights, fill(5, 1)), RangeError);
  });
});
