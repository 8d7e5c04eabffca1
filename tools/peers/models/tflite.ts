// TFLite models with constant weights (field numbers: tensorflow/lite/schema/schema.fbs).
import { bytes, encode, i32, i8, ints, string, table, tables, u32, u8 } from './flatbuffer.ts';

const kFullyConnected = 9; // BuiltinOperator
const kFullyConnectedOptions = 8; // BuiltinOptions
const kSchemaVersion = 3;

export interface FullyConnected {
  m: number;
  k: number;
  n: number;
  /** B[K,N], row-major; the file holds it as TFLite wants it, [N,K]. */
  b: Float32Array;
}

export function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  }
  return result;
}

/** Tensor of type FLOAT32 (0, the default, so not written). */
function tensor(name: string, shape: readonly number[], buffer: number) {
  return table({ 0: ints(...shape), 2: u32(buffer), 3: string(name) });
}

/** The model y[M,N] = x[M,K]·B. */
export function fullyConnectedModel({ m, k, n, b }: FullyConnected): Uint8Array<ArrayBuffer> {
  if (b.length !== k * n) throw new RangeError(`B has ${b.length} values, ${k}×${n} are wanted`);
  const weights = new Uint8Array(transposed(b, k, n).buffer);
  const operator = table({
    0: u32(0),
    1: ints(0, 1, -1), // no bias
    2: ints(2),
    3: u8(kFullyConnectedOptions),
    4: table({ 0: i8(0) }),
  });
  const graph = table({
    0: tables(tensor('x', [m, k], 0), tensor('b', [n, k], 1), tensor('y', [m, n], 0)),
    1: ints(0),
    2: ints(2),
    3: tables(operator),
    4: string('main'),
  });
  const model = table({
    0: u32(kSchemaVersion),
    1: tables(table({ 0: i8(kFullyConnected), 2: i32(1), 3: i32(kFullyConnected) })),
    2: tables(graph),
    3: string('fully connected'),
    4: tables(table({}), table({ 0: bytes(weights, 16) })), // buffer 0 is the empty one by convention
  });
  return encode(model, 'TFL3');
}
