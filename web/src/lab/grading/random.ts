/** Random numbers from a text: the same text gives the same numbers in every browser and in Node. sfc32 (C. Doty-Humphrey, PractRand). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    const hash = (salt: number) => {
      let h = 2166136261 ^ salt;
      for (let i = 0; i < seed.length; ++i) h = Math.imul(h ^ seed.charCodeAt(i), 16777619);
      return h >>> 0;
    };
    this.#a = hash(1);
    this.#b = hash(2);
    this.#c = hash(3);
    for (let i = 0; i < 15; ++i) this.bits();
  }

  /** 32 random bits. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number, low <= result <= high. */
  integer(low: number, high: number): number {
    return low + Math.floor((this.bits() / 4294967296) * (high - low + 1));
  }

  /** Uniform in [low, high). */
  real(low = -1, high = 1): number {
    return low + (this.bits() / 4294967296) * (high - low);
  }

  floats(count: number, low = -1, high = 1): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () => this.real(low, high));
  }
}
