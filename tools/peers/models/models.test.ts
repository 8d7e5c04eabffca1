// The models are read back by decoders of their own, written from the formats' descriptions and not from the encoders.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fill } from '../random.ts';
import { matMulModel } from './onnx.ts';
import { block, integer } from './protobuf.ts';
import { fullyConnectedModel } from './tflite.ts';

type Message = Map<number, (number | Uint8Array)[]>;

function readVarint(data: Uint8Array, at: number): [number, number] {
  for (let value = 0, scale = 1; ; scale *= 128) {
    const byte = data[at++];
    assert.ok(byte !== undefined, 'a varint runs over the end');
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

function decode(data: Uint8Array): Message {
  const fields: Message = new Map();
  for (let at = 0; at < data.length; ) {
    let key: number;
    let value: number | Uint8Array;
    [key, at] = readVarint(data, at);
    if (key % 8 === 0) [value, at] = readVarint(data, at);
    else {
      assert.equal(key % 8, 2, 'wire type');
      let length: number;
      [length, at] = readVarint(data, at);
      assert.ok(at + length <= data.length, 'a block runs over the end');
      value = data.subarray(at, at + length);
      at += length;
    }
    const field = Math.floor(key / 8);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const message = (from: Message, field: number, index = 0) => decode(from.get(field)![index] as Uint8Array);
const text = (from: Message, field: number) =>
  (from.get(field) ?? []).map((value) => new TextDecoder().decode(value as Uint8Array));
const floats = (data: Uint8Array) => new Float32Array(data.slice().buffer);

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
