// Products of reference operands by the library's kernels.
import assert from 'node:assert/strict';
import { throwsNamed } from './checks.ts';
import type { Library, Peers, Tensor } from './library.ts';
import { randomValues } from './reference.ts';

export const kExactVariants = ['naive', 'reordered', 'blocked', 'packed', 'simd', 'simd_threads'];
export const kFusedRungs = ['relaxed', 'relaxed_prepacked', 'relaxed_threads'];

/** M, K and N of products with all kinds of edges, empty ones among them. */
export const kSizes: readonly [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 7],
  [1, 300, 33],
  [17, 64, 1],
  [67, 129, 53],
  [5, 0, 6],
  [0, 4, 4],
];

/** Expects a RangeError or DataError with this text, and then a library that still computes. */
export function refuses(
  library: Library | Peers,
  name: 'RangeError' | 'DataError',
  message: RegExp,
  call: () => unknown,
): void {
  throwsNamed(name, message, call);
  assert.equal(product(library, 2, 3, 4).length, 8);
}

/** A·B of the reference operands by a rung, as a copy. */
export function product(library: Library | Peers, M: number, K: number, N: number, rung = ''): Float32Array {
  const a = filled(library, M, K, randomValues(M * K, 1));
  const b = filled(library, K, N, randomValues(K * N, 2));
  const c = new library.Tensor(M, N);
  try {
    library.gemmMultiply(a, b, c, rung);
    return c.view().slice();
  } finally {
    for (const tensor of [a, b, c]) tensor.delete();
  }
}

export function filled(library: Library | Peers, rows: number, columns: number, values: Float32Array): Tensor {
  const tensor = new library.Tensor(rows, columns);
  tensor.view().set(values);
  return tensor;
}

export function blockingOf(library: Library | Peers): [number, number, number] {
  const { depth, rows, columns } = library.gemmBlocking();
  return [depth, rows, columns];
}
