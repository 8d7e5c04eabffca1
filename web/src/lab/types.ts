/** The C++ library as JavaScript sees it: what src/bindings exports through Embind. Times are seconds, rates are per second. */

export type BuildName = 'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads';

export interface BuildInfo {
  version: string;
  build: BuildName;
  isa: string;
  threads: boolean;
  memoryBytes: number;
}

export interface VariantInfo {
  name: string;
  idea: string;
  isa: string;
  mode: 'exact' | 'fast';
  threaded: boolean;
  supported: boolean;
}

/** Seconds per call; `low`…`high` is the 95 % interval of the median. */
export interface Statistics {
  count: number;
  median: number;
  mean: number;
  min: number;
  max: number;
  p5: number;
  p95: number;
  low: number;
  high: number;
  /** Fewer than six samples: low…high is their range instead. */
  intervalIsRange: boolean;
}

export interface Lane {
  name: string;
  flops: number;
  bytes: number;
  settled: boolean;
  discarded: number;
  /** Undefined or null before the first measured batch. */
  statistics: Statistics | null;
}

/** `value` is FLOP/s (compute) or byte/s (memory); `bytes` is the size of what was read, 0 for compute. */
export interface Peak {
  name: string;
  kind: 'compute' | 'memory';
  threads: number;
  /** Compute: multiply and add in one instruction that rounds once. */
  fused: boolean;
  value: number;
  bytes: number;
}

interface Handle {
  delete(): void;
}

export interface GemmRace extends Handle {
  /** One batch of about 30 ms; false when all lanes are settled or the time is up. */
  step(): boolean;
  /** 0…1 */
  progress(): number;
  lanes(): Lane[];
  samples(lane: number): Float64Array;
  digest(lane: number): string;
}

export interface RooflineProbe extends Handle {
  step(): boolean;
  progress(): number;
  lanes(): Lane[];
  peaks(): Peak[];
}

export interface Classification {
  predictions: Uint8Array;
  logitsDigest: string;
  seconds: number;
}

export interface Mlp extends Handle {
  /** Widths from input to output, e.g. [784, 256, 128, 10]. */
  layers(): number[];
  parameters(): number;
  /** `images`: n·784 bytes. Throws RangeError for another size or an unknown rung. */
  classify(images: Uint8Array, variant: string): Classification;
  /** The scores before softmax, n·classes; throws as classify does. */
  logits(images: Uint8Array, variant: string): Float32Array;
}

export interface OptLabModule {
  buildInfo(): BuildInfo;
  /** Resizes the pool and returns the size it got. Throws RangeError. */
  setThreads(threads: number): number;
  gemmVariants(): VariantInfo[];
  /** Resolution of the clock. */
  clockTick(): number;
  /** Throws RangeError for dimensions or names that do not fit. */
  GemmRace: new (m: number, k: number, n: number, variants: string[], seconds: number) => GemmRace;
  RooflineProbe: new (seconds: number) => RooflineProbe;
  /** Throws an Error named DataError for a broken file. */
  Mlp: { fromSafetensors(bytes: Uint8Array): Mlp };
}

/** Default export of optlab.mjs. */
export type ModuleFactory = (overrides: Record<string, unknown>) => Promise<OptLabModule>;
