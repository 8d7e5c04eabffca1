// ONNX models, most of one operator with constant weights (field numbers: onnx/onnx.proto of the ONNX project).
import type { ConvTask } from '../types.ts';
import { permuted } from './layout.ts';
import { block, concat, float, integer } from './protobuf.ts';

/** TensorProto.DataType */
const kTypes = { f32: 1, u8: 2, s8: 3, s32: 6, s64: 7 } as const;
type Type = keyof typeof kTypes;
/** AttributeProto.AttributeType */
const kFloat = 1;
const kInt = 2;
const kInts = 7;
/** Operators that ONNX Runtime adds to the standard's. */
export const kMicrosoft = 'com.microsoft';
const kIrVersion = 8;
const kOpset = 17;

export interface Tensor {
  name: string;
  type: Type;
  /** An extent that differs from run to run has a name. */
  shape: readonly (number | string)[];
}
export interface Constant extends Tensor {
  shape: readonly number[];
  values:
    | Float32Array<ArrayBuffer>
    | Int8Array<ArrayBuffer>
    | Uint8Array<ArrayBuffer>
    | Int32Array<ArrayBuffer>
    | BigInt64Array<ArrayBuffer>;
}

/** A list of whole numbers, a whole number, or a float. */
type Attribute = readonly number[] | number | { float: number };

export interface OnnxNode {
  type: string;
  domain?: string;
  /** '' stands for an optional one that is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
}

export interface OnnxGraph {
  nodes: readonly OnnxNode[];
  constants: readonly Constant[];
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
}

/** A model that is one operator. Its inputs are x and the constants, in this order. */
interface Operator {
  type: string;
  constants: readonly Constant[];
  attributes?: OnnxNode['attributes'];
  x: Omit<Tensor, 'name'>;
  y: Omit<Tensor, 'name'>;
}

/** ValueInfoProto */
function value({ name, type, shape }: Tensor): Uint8Array[] {
  const dims = shape.map((size) => block(1, [typeof size === 'string' ? block(2, size) : integer(1, size)]));
  return [block(1, name), block(2, [block(1, [integer(1, kTypes[type]), block(2, dims)])])];
}

/** TensorProto */
function tensor({ name, type, shape, values }: Constant): Uint8Array[] {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (values.length !== size)
    throw new RangeError(`${name} has ${values.length} values, ${shape.join('×')} are wanted`);
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [...shape.map((extent) => integer(1, extent)), integer(2, kTypes[type]), block(8, name), block(9, data)];
}

/** AttributeProto */
function attribute(name: string, value: Attribute): Uint8Array[] {
  if (typeof value === 'number') return [block(1, name), integer(3, value), integer(20, kInt)];
  if ('float' in value) return [block(1, name), float(2, value.float), integer(20, kFloat)];
  return [block(1, name), ...value.map((number) => integer(8, number)), integer(20, kInts)];
}

/** NodeProto */
function node({ type, domain = '', inputs, outputs, attributes = {} }: OnnxNode): Uint8Array[] {
  return [
    ...inputs.map((name) => block(1, name)),
    ...outputs.map((name) => block(2, name)),
    block(4, type),
    ...Object.entries(attributes).map(([name, values]) => block(5, attribute(name, values))),
    ...(domain === '' ? [] : [block(7, domain)]),
  ];
}

export function graphModel({ nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graph = [
    ...nodes.map((operator) => block(1, node(operator))),
    block(2, nodes.length === 1 ? 'one operator' : 'operators'),
    ...constants.map((constant) => block(5, tensor(constant))),
    ...inputs.map((input) => block(11, value(input))),
    ...outputs.map((output) => block(12, value(output))),
  ];
  const domains = [['', kOpset] as const, ...(nodes.some(({ domain }) => domain === kMicrosoft) ? [[kMicrosoft, 1] as const] : [])];
  const opsets = domains.map(([domain, version]) => block(8, [block(1, domain), integer(2, version)]));
  return concat([integer(1, kIrVersion), block(7, graph), ...opsets]);
}

function model({ type, constants, attributes = {}, x, y }: Operator): Uint8Array<ArrayBuffer> {
  const names = constants.map(({ name }) => name);
  return graphModel({
    nodes: [{ type, inputs: ['x', ...names], outputs: ['y'], attributes }],
    constants,
    inputs: [{ name: 'x', ...x }],
    outputs: [{ name: 'y', ...y }],
  });
}

export interface MatMul<B> {
  m: number;
  k: number;
  n: number;
  /** B[K,N], row-major. */
  b: B;
}

/** y[M,N] = x[M,K]·B. */
export function matMulModel({ m, k, n, b }: MatMul<Float32Array<ArrayBuffer>>): Uint8Array<ArrayBuffer> {
  return model({
    type: 'MatMul',
    constants: [{ name: 'b', type: 'f32', shape: [k, n], values: b }],
    x: { type: 'f32', shape: [m, k] },
    y: { type: 'f32', shape: [m, n] },
  });
}

/** y[M,N] = x[M,K]·B, x unsigned 8-bit integers, y their sums. */
export function matMulIntegerModel({ m, k, n, b }: MatMul<Int8Array<ArrayBuffer>>): Uint8Array<ArrayBuffer> {
  return model({
    type: 'MatMulInteger',
    constants: [{ name: 'b', type: 's8', shape: [k, n], values: b }],
    x: { type: 'u8', shape: [m, k] },
    y: { type: 's32', shape: [m, n] },
  });
}

type Geometry = Omit<ConvTask, 'family' | 'name'>;

function shapes({ channels, height, width, outputs, kernel, padding }: Geometry) {
  return {
    x: [1, channels, height, width],
    y: [1, outputs, height, width],
    weights: [outputs, channels, kernel, kernel],
    attributes: { kernel_shape: [kernel, kernel], pads: [padding, padding, padding, padding] },
  };
}

/** ONNX's order of weights, of weights[KH,KW,C,O]. */
function reordered<T extends Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>>(geometry: Geometry, weights: T): T {
  const { channels, outputs, kernel } = geometry;
  return permuted(weights, [kernel, kernel, channels, outputs], [3, 2, 0, 1]);
}

/** y[1,O,H,W] = x[1,C,H,W] ∗ weights + bias. `weights`: [KH,KW,C,O]. */
export function convModel(
  geometry: Geometry,
  weights: Float32Array<ArrayBuffer>,
  bias: Float32Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { x, y, weights: shape, attributes } = shapes(geometry);
  return model({
    type: 'Conv',
    attributes,
    constants: [
      { name: 'w', type: 'f32', shape, values: reordered(geometry, weights) },
      { name: 'bias', type: 'f32', shape: [geometry.outputs], values: bias },
    ],
    x: { type: 'f32', shape: x },
    y: { type: 'f32', shape: y },
  });
}

/** y[1,O,H,W] = x[1,C,H,W] ∗ weights, x unsigned 8-bit integers, y their sums. */
export function convIntegerModel(geometry: Geometry, weights: Int8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { x, y, weights: shape, attributes } = shapes(geometry);
  return model({
    type: 'ConvInteger',
    attributes,
    constants: [{ name: 'w', type: 's8', shape, values: reordered(geometry, weights) }],
    x: { type: 'u8', shape: x },
    y: { type: 's32', shape: y },
  });
}

/** The zero point of a QLinearConv's result. */
export const kZeroPoint = 128;

/** The same, each sum divided by `step`, rounded, plus kZeroPoint, as unsigned 8-bit integer. */
export function qLinearConvModel(
  geometry: Geometry,
  weights: Int8Array<ArrayBuffer>,
  step: number,
): Uint8Array<ArrayBuffer> {
  const { x, y, weights: shape, attributes } = shapes(geometry);
  const scale = (name: string, of: number): Constant => {
    return { name, type: 'f32', shape: [], values: Float32Array.of(of) };
  };
  const zero = (name: string, of = 0): Constant => ({ name, type: 'u8', shape: [], values: Uint8Array.of(of) });
  return model({
    type: 'QLinearConv',
    attributes,
    constants: [
      scale('x_scale', 1),
      zero('x_zero'),
      { name: 'w', type: 's8', shape, values: reordered(geometry, weights) },
      scale('w_scale', 1),
      { name: 'w_zero', type: 's8', shape: [], values: Int8Array.of(0) },
      scale('y_scale', step),
      zero('y_zero', kZeroPoint),
    ],
    x: { type: 'u8', shape: x },
    y: { type: 'u8', shape: y },
  });
}
