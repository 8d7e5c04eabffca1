// ONNX models with constant weights (field numbers: onnx/onnx.proto of the ONNX project).
import { block, concat, integer } from './protobuf.ts';

const kFloat = 1;
const kIrVersion = 8;
const kOpset = 17;

export interface MatMul {
  m: number;
  k: number;
  n: number;
  /** B[K,N], row-major. */
  b: Float32Array<ArrayBuffer>;
}

/** ValueInfoProto of a float tensor. */
function value(name: string, shape: readonly number[]): Uint8Array[] {
  const dims = shape.map((size) => block(1, [integer(1, size)]));
  return [block(1, name), block(2, [block(1, [integer(1, kFloat), block(2, dims)])])];
}

/** The model y[M,N] = x[M,K]·B. */
export function matMulModel({ m, k, n, b }: MatMul): Uint8Array<ArrayBuffer> {
  if (b.length !== k * n) throw new RangeError(`B has ${b.length} values, ${k}×${n} are wanted`);
  const node = [block(1, 'x'), block(1, 'b'), block(2, 'y'), block(4, 'MatMul')];
  const weights = [
    integer(1, k),
    integer(1, n),
    integer(2, kFloat),
    block(8, 'b'),
    block(9, new Uint8Array(b.buffer, b.byteOffset, b.byteLength)),
  ];
  const graph = [
    block(1, node),
    block(2, 'matmul'),
    block(5, weights),
    block(11, value('x', [m, k])),
    block(12, value('y', [m, n])),
  ];
  return concat([integer(1, kIrVersion), block(7, graph), block(8, [block(1, ''), integer(2, kOpset)])]);
}
