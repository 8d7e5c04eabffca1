// Seeded numbers, the same in the browser, in Node and (native/problem.cpp) in C++.

/** Weyl sequence through a mixer (splitmix32): returns uniform multiples of 2^-23 in [-1, 1). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    z = (z ^ (z >>> 15)) >>> 0;
    return (z >>> 8) / 8388608 - 1;
  };
}

export function fill(count: number, seed: number): Float32Array<ArrayBuffer> {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, next);
}

/** A uniform whole number from 0 to count − 1, of a number in [-1, 1). */
function whole(x: number, count: number): number {
  return Math.floor(((x + 1) / 2) * count);
}

/** Activations of 7 bits: 0 … 127. */
export function fillActivations(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const next = uniform(seed);
  return Uint8Array.from({ length: count }, () => whole(next(), 128));
}

/** Grey pixels: 0 … 255. */
export function fillPixels(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const next = uniform(seed);
  return Uint8Array.from({ length: count }, () => whole(next(), 256));
}

/** Weights of 8 bits, symmetric: −127 … 127. */
export function fillWeights(count: number, seed: number): Int8Array<ArrayBuffer> {
  const next = uniform(seed);
  return Int8Array.from({ length: count }, () => whole(next(), 255) - 127);
}

/** Zeroes a share `sparsity` of the blocks, 1 row × 4 columns each, of a matrix with so many columns (a multiple of 4). */
export function maskBlocks(values: Float32Array, sparsity: number, seed: number): void {
  const next = uniform(seed);
  for (let at = 0; at < values.length; at += 4) if ((next() + 1) / 2 < sparsity) values.fill(0, at, at + 4);
}
