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

export interface ConvShape {
  height: number;
  width: number;
  channels: number;
  outputs: number;
  kernelHeight: number;
  kernelWidth: number;
  stride: number;
  padding: number;
  dilation: number;
  groups: number;
}

/**
 * Convolution in exact mode to the letter: as multiplyInOrder over (kh, kw, c), padding as zeros, bias last. NHWC image, weights
 * [KH, KW, C/groups, OC].
 */
export function convolveInOrder(input: Float32Array, weights: Float32Array, bias: Float32Array, s: ConvShape) {
  const extent = (image: number, kernel: number) =>
    Math.floor((image + 2 * s.padding - s.dilation * (kernel - 1) - 1) / s.stride) + 1;
  const [OH, OW] = [extent(s.height, s.kernelHeight), extent(s.width, s.kernelWidth)];
  const [C, OC] = [s.channels / s.groups, s.outputs];
  const at = (y: number, x: number, c: number) =>
    y < 0 || y >= s.height || x < 0 || x >= s.width ? 0 : input[(y * s.width + x) * s.channels + c]!;
  const output = new Float32Array(OH * OW * OC);
  const magnitude = new Float64Array(output.length);
  for (let i = 0; i < output.length; ++i) {
    const [oc, ox, oy] = [i % OC, Math.floor(i / OC) % OW, Math.floor(i / OC / OW)];
    const first = Math.floor(oc / (OC / s.groups)) * C;
    let sum = 0;
    let size = 0;
    for (let k = 0; k < s.kernelHeight * s.kernelWidth * C; ++k) {
      const [c, kw, kh] = [k % C, Math.floor(k / C) % s.kernelWidth, Math.floor(k / C / s.kernelWidth)];
      const y = oy * s.stride - s.padding + kh * s.dilation;
      const x = ox * s.stride - s.padding + kw * s.dilation;
      const term = Math.fround(at(y, x, first + c) * weights[k * OC + oc]!);
      sum = Math.fround(sum + term);
      size += Math.abs(term);
    }
    output[i] = bias.length > 0 ? Math.fround(sum + bias[oc]!) : sum;
    magnitude[i] = size;
  }
  return { output, magnitude };
}
