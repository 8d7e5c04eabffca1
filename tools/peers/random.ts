// Seeded numbers, the same in the browser, in Node and (native/harness.h) in C++.

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
