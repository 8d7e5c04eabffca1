// What the parts of tools/bench-peers agree on. This file also runs in the browser, so it imports nothing of Node's.

/** One product C[M,N] = A[M,K]·B[K,N]. */
export interface GemmTask {
  family: 'gemm-f32' | 'gemm-int8';
  name: string;
  m: number;
  k: number;
  n: number;
}

/** The same with a share `sparsity` of B's elements zero. */
export interface SparseTask {
  family: 'sparse';
  name: string;
  m: number;
  k: number;
  n: number;
  sparsity: number;
}

/** y[H,W,O] = x[H,W,C] ∗ weights[KH,KW,C,O] with a square kernel, stride 1 and a padding that keeps height and width. */
export interface ConvTask {
  family: 'conv-f32' | 'conv-int8';
  name: string;
  channels: number;
  height: number;
  width: number;
  outputs: number;
  kernel: number;
  padding: number;
}

/**
 * O[T,H,D] = softmax(Q·Kᵀ/√D)·V for Q[T,H,D], K and V[S,G,D]; query head h reads key head h / (H/G). With fewer queries than keys these are
 * the last ones, and K and V a cache: constants.
 */
export interface AttentionTask {
  family: 'attention';
  name: string;
  queries: number;
  keys: number;
  heads: number;
  keyHeads: number;
  size: number;
  /** Query t sees keys 0 … S − T + t. */
  causal: boolean;
}

/** y[M,N] = operation(x[M,N]), row by row or element by element; the normalizations also have a weight and a bias for every column. */
export interface RowsTask {
  family: 'rows';
  name: string;
  operation: 'softmax' | 'rms_norm' | 'layer_norm' | 'gelu';
  rows: number;
  columns: number;
}

/** A step of training on one batch: forward, backward, Adam. */
export interface TrainingTask {
  family: 'training';
  name: string;
  model: 'mlp' | 'cnn';
  batch: number;
}

/**
 * A language model of GPT-2's shape: `count` tokens, each the likeliest one, after all of `prompt` tokens but the last are cached; or, with
 * count 1, the whole prompt. Ours is of Llama's shape and as large.
 */
export interface DecodeTask {
  family: 'decode';
  name: string;
  kind: 'generate' | 'prompt';
  dim: number;
  weights: 'f32' | 'int8';
  prompt: number;
  count: number;
}

/**
 * A language model with its cache and without: a token after `prompt` others, or a text of `count` tokens after a prompt, which is part of it.
 */
export interface CachingTask {
  family: 'caching';
  name: string;
  kind: 'token' | 'text';
  prompt: number;
  count: number;
}

export type Task =
  GemmTask | SparseTask | ConvTask | AttentionTask | RowsTask | TrainingTask | DecodeTask | CachingTask;
export type FamilyName = Task['family'];

type Floats = Float32Array<ArrayBuffer>;

/** What a call computes with. `a`, `x` and `q` change from call to call; `b`, weights and bias stay, and a peer may pack them in prepare(); `k` and `v`: see AttentionTask. */
export interface OperandsOf {
  'gemm-f32': { a: Floats; b: Floats };
  'gemm-int8': { a: Uint8Array<ArrayBuffer>; b: Int8Array<ArrayBuffer> };
  'conv-f32': { x: Floats; weights: Floats; bias: Floats };
  'conv-int8': { x: Uint8Array<ArrayBuffer>; weights: Int8Array<ArrayBuffer> };
  sparse: { a: Floats; b: Floats };
  attention: { q: Floats; k: Floats; v: Floats };
  rows: { x: Floats; weight: Floats; bias: Floats };
  training: TrainingOperands;
  decode: { prompt: Int32Array<ArrayBuffer> };
  /** With the token after the prompt. */
  caching: { prompt: Int32Array<ArrayBuffer> };
}

/** The batch, and the initial weights by our tensors' names; biases and the norms' shifts are 0, the norms' weights 1. */
export interface TrainingOperands {
  images: Uint8Array<ArrayBuffer>;
  labels: Uint8Array<ArrayBuffer>;
  weights: Readonly<Record<string, Floats>>;
}
export interface TaskOf {
  'gemm-f32': GemmTask;
  'gemm-int8': GemmTask;
  'conv-f32': ConvTask;
  'conv-int8': ConvTask;
  sparse: SparseTask;
  attention: AttentionTask;
  rows: RowsTask;
  training: TrainingTask;
  decode: DecodeTask;
  caching: CachingTask;
}

/** A result, in units of the exact one. */
export type Values = Float32Array | Int32Array;

/** What a library says of itself once it is loaded. */
export interface Loaded {
  /** Threads it really uses; a lane that asked for another number is left out of the comparison. */
  threads: number;
  details: string;
}

/** A task that is ready to run, repeatedly. */
export interface Prepared {
  /** One call; when it returns, or its promise settles, JavaScript can read the result. */
  run(): void | Promise<void>;
  output(): Values | Promise<Values>;
  /** How far the result may be from the exact one, where the library rounds it or its operands to few bits. */
  allowed?: number;
  /** decode, caching: the logits [tokens, vocabulary] of its model computed in another way, where no other library has that model. */
  reference?: (ids: Int32Array) => Float32Array;
  dispose(): void;
}

export type Preparations = {
  readonly [F in FamilyName]?: (task: TaskOf[F], operands: OperandsOf[F], row: string) => Prepared | Promise<Prepared>;
};

/** A library in a page of its own: a file of web/ exports `peer`. */
export interface WebPeer {
  load(threads: number): Promise<Loaded>;
  /** The families that it can do. `row` tells apart what one library can do in several ways (ours: fast, exact). */
  prepare: Preparations;
  /** Limits of this device, if the library can measure them. */
  probe?(seconds: number): Peak[];
}

export interface Peak {
  name: string;
  kind: 'compute' | 'integer' | 'memory';
  threads: number;
  fused: boolean;
  /** FLOP/s, integer operations/s or B/s. */
  value: number;
  bytes: number;
}

export interface Check {
  ok: boolean;
  /** The largest error, in units of what is allowed. */
  worst: number;
}

export interface Timing {
  calls: number;
  seconds: number;
}

/** A repetition, with what disturbed it. */
export interface Repetition extends Timing {
  quiet: boolean;
  /** Cores that other processes took meanwhile. */
  others: number;
  /** The share of the time that a thread of ours stood in the queue for a core. */
  waited: number;
}

/** One library at one number of threads, in a process of its own. */
export interface Session {
  readonly loaded: Loaded;
  /** The processes whose load is the measurement itself. */
  pids(): number[];
  /** Makes the task ready and checks its result; several rows of one task may be ready at a time. */
  prepare(task: Task, row: string): Promise<Check>;
  warm(row: string, seconds: number): Promise<Timing>;
  repeat(row: string, seconds: number): Promise<Timing>;
  release(): Promise<void>;
  probe?(seconds: number): Promise<Peak[]>;
  close(): Promise<void>;
}

/** A row of the tables: a way of one library to do the tasks. */
export interface Lane {
  id: string;
  label: string;
  threads: number;
  /** "fast" and "exact" are ours; "peer" counts for the ratio; "extra" is shown beside them. */
  role: 'fast' | 'exact' | 'peer' | 'extra';
  /** What it may use of the CPU, where that is a choice: peers are compared within a set. */
  set: string;
  row: string;
}

export interface LaneResult extends Lane {
  check: Check | null;
  /** Why there are no figures. */
  problem: string | null;
  repetitions: Repetition[];
}

export interface TaskResult {
  task: Task;
  lanes: LaneResult[];
  /** Limits of the device as measured in the same rotation: a list for each undisturbed round. */
  peaks: Peak[][];
}

export interface Method {
  /** Timed seconds of a repetition, at least. */
  repetitionSeconds: number;
  /** Quiet repetitions of every lane. */
  wanted: number;
  warmSeconds: number;
  /** Seconds of waiting for a quiet machine, per task. */
  patienceSeconds: number;
  quick: boolean;
}

export interface Section {
  date: string;
  machine: { cpu: string; cores: number; memoryGiB: number; instructionSets: string[]; os: string };
  versions: Record<string, string>;
  settings: Record<string, string>;
  method: Method;
  notes: string[];
  tasks: TaskResult[];
}

/** What was measured of a family, the last time it was. */
export interface FamilyResults {
  web: Section | null;
  native: Section | null;
}

export interface Results {
  format: 2;
  families: Partial<Record<FamilyName, FamilyResults>>;
}
