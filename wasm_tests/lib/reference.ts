// GEMM's definition in plain TypeScript, to hold the kernels against.

/** `count` float32 values in [-1, 1), the same for the same seed (xorshift; Marsaglia 2003). */
export function randomValues(count: number, seed: number): Float32Array {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * Exact mode to the letter: every element starts at +0 and adds a·b for k ascending, product and sum each rounded once to float32. (The
 * product of two floats is exact in a double, so rounding it once is right.) `magnitude` is |A|·|B|.
 */
export function multiplyInOrder(a: Float32Array, b: Float32Array, M: number, K: number, N: number) {
  const product = new Float32Array(M * N);
  const magnitude = new Float64Array(M * N);
  for (let m = 0; m < M; ++m) {
    for (let n = 0; n < N; ++n) {
      let sum = 0;
      let size = 0;
      for (let k = 0; k < K; ++k) {
        const term = Math.fround(a[m * K + k]! * b[k * N + n]!);
        sum = Math.fround(sum + term);
        size += Math.abs(term);
      }
      product[m * N + n] = sum;
      magnitude[m * N + n] = size;
    }
  }
  return { product, magnitude };
}
