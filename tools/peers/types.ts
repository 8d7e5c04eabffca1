// What the parts of tools/bench-peers agree on. This file also runs in the browser, so it imports nothing of Node's.

/** One product C[M,N] = A[M,K]·B[K,N]. Families that come later add their own kind of task to `Task`. */
export interface GemmTask {
  family: 'gemm-f32';
  name: string;
  m: number;
  k: number;
  n: number;
}

export type Task = GemmTask;

export interface Operands {
  /** What changes from call to call, row-major. */
  a: Float32Array<ArrayBuffer>;
  /** What stays, the weights: a peer that can prepack constants may do so in prepare(). */
  b: Float32Array<ArrayBuffer>;
}

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
  output(): Float32Array | Promise<Float32Array>;
  dispose(): void;
}

/** A library in a page of its own: a file of web/ exports `peer`. */
export interface WebPeer {
  load(threads: number): Promise<Loaded>;
  /** `row` tells apart what one library can do in several ways (ours: fast, exact). */
  prepare(task: Task, operands: Operands, row: string): Promise<Prepared>;
  /** Limits of this device, if the library can measure them. */
  probe?(seconds: number): Peak[];
}

export interface Peak {
  name: string;
  kind: 'compute' | 'memory';
  threads: number;
  fused: boolean;
  /** FLOP/s or B/s. */
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

export interface Results {
  format: 1;
  web: Section | null;
  native: Section | null;
}
