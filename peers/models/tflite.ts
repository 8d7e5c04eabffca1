// TFLite models, most of one operator with constant weights (field numbers: tensorflow/lite/schema/schema.fbs).
import type { ConvTask } from '../types.ts';
import { bytes, encode, floats, i32, i8, ints, longs, type Node, string, table, tables, u32, u8 } from './flatbuffer.ts';
import { permuted } from './layout.ts';

const kSchemaVersion = 3;

/** TensorType */
const kFloat32 = 0;
const kInt8 = 9;

type Weights = Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>;

interface TfliteTensor {
  name: string;
  shape: readonly number[];
  /** Of a constant. int8 values stand for themselves (scale 1). */
  values?: Weights;
}

interface TfliteOperator {
  /** BuiltinOperator, the operator's version, BuiltinOptions and the options' fields. */
  code: number;
  version: number;
  optionsType: number;
  options: Parameters<typeof table>[0];
  /** Names of tensors; '' for an optional one that is left out. */
  inputs: readonly string[];
  output: string;
}

interface TfliteGraph {
  name: string;
  tensors: readonly TfliteTensor[];
  operators: readonly TfliteOperator[];
  inputs: readonly string[];
  output: string;
}

/** Per output channel: scale 1, zero point 0. */
function unitScales(channels: number): Node {
  const scale = new Float32Array(channels).fill(1);
  return table({ 2: floats(scale), 3: longs(new BigInt64Array(channels)), 6: i32(0) });
}

function tensor({ name, shape, values }: TfliteTensor, buffer: number): Node {
  const type = values instanceof Int8Array ? kInt8 : kFloat32;
  const fields = { 0: ints(...shape), 1: i8(type), 2: u32(buffer), 3: string(name) };
  return table(type === kInt8 ? { ...fields, 4: unitScales(shape[0]!) } : fields);
}

/** Codes beyond a byte's stand in the field that was added for them; the old one then says so. */
const kPlaceholder = 127;

/** Buffer 0 is the empty one by convention; every constant has its own. */
export function graphModel({ name, tensors, operators, inputs, output }: TfliteGraph): Uint8Array<ArrayBuffer> {
  const constants = tensors.filter(({ values }) => values);
  const raw = ({ values }: TfliteTensor) =>
    table({ 0: bytes(new Uint8Array(values!.buffer, values!.byteOffset, values!.byteLength), 16) });
  const index = (wanted: string) => tensors.findIndex((candidate) => candidate.name === wanted); // −1: left out
  const codes = operators.map(({ code, version }) =>
    table({ 0: i8(Math.min(code, kPlaceholder)), 2: i32(version), 3: i32(code) }),
  );
  const written = operators.map((operator, number) =>
    table({
      0: u32(number),
      1: ints(...operator.inputs.map(index)),
      2: ints(index(operator.output)),
      3: u8(operator.optionsType),
      4: table(operator.options),
    }),
  );
  const graph = table({
    0: tables(...tensors.map((made) => tensor(made, constants.indexOf(made) + 1))),
    1: ints(...inputs.map(index)),
    2: ints(index(output)),
    3: tables(...written),
    4: string('main'),
  });
  const root = table({
    0: u32(kSchemaVersion),
    1: tables(...codes),
    2: tables(graph),
    3: string(name),
    4: tables(table({}), ...constants.map(raw)),
  });
  return encode(root, 'TFL3');
}

interface Operator extends Omit<TfliteOperator, 'inputs' | 'output'> {
  name: string;
  x: readonly number[];
  y: readonly number[];
  weights: { shape: readonly number[]; values: Weights };
  bias?: Float32Array<ArrayBuffer>;
}

/** The model of an operator on x, the weights and the bias. */
function model({ name, x, y, weights, bias, ...operator }: Operator): Uint8Array<ArrayBuffer> {
  return graphModel({
    name,
    tensors: [
      { name: 'x', shape: x },
      { name: 'b', ...weights },
      { name: 'y', shape: y },
      ...(bias ? [{ name: 'bias', shape: [bias.length], values: bias }] : []),
    ],
    operators: [{ ...operator, inputs: ['x', 'b', bias ? 'bias' : ''], output: 'y' }],
    inputs: ['x'],
    output: 'y',
  });
}

export interface FullyConnected {
  m: number;
  k: number;
  n: number;
  /** B[K,N], row-major; the file holds it as TFLite wants it, [N,K]. Of int8: the operator quantizes x in every call. */
  b: Weights;
}

/** y[M,N] = x[M,K]·B, x and y float32. */
export function fullyConnectedModel({ m, k, n, b }: FullyConnected): Uint8Array<ArrayBuffer> {
  const isInt8 = b instanceof Int8Array;
  return model({
    name: 'fully connected',
    code: 9,
    version: isInt8 ? 9 : 1, // 9: x quantized asymmetrically
    optionsType: 8,
    options: isInt8 ? { 0: i8(0), 3: u8(1) } : { 0: i8(0) },
    x: [m, k],
    y: [m, n],
    weights: { shape: [n, k], values: permuted<Weights>(b, [k, n], [1, 0]) },
  });
}

/** y[1,H,W,O] = x[1,H,W,C] ∗ weights + bias, x and y float32, the padding such that height and width stay. `weights`: [KH,KW,C,O]. */
export function convModel(
  { channels, height, width, outputs, kernel, padding }: Omit<ConvTask, 'family' | 'name'>,
  weights: Weights,
  bias: Float32Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (2 * padding !== kernel - 1) throw new RangeError(`padding ${padding}: TFLite has that of the kernel's half, or none`);
  if (bias.length !== outputs) throw new RangeError(`bias has ${bias.length} values, ${outputs} are wanted`);
  return model({
    name: 'convolution',
    code: 3,
    version: weights instanceof Int8Array ? 5 : 1, // 5: quantized asymmetrically, channel by channel
    optionsType: 1,
    options: { 0: i8(0), 1: i32(1), 2: i32(1) }, // padding SAME, strides
    x: [1, height, width, channels],
    y: [1, height, width, outputs],
    weights: {
      shape: [outputs, kernel, kernel, channels],
      values: permuted<Weights>(weights, [kernel, kernel, channels, outputs], [3, 0, 1, 2]),
    },
    bias,
  });
}
