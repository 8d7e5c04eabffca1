import type { AttentionMaps, CacheTrace, PolicyOptions, PolicyReport, PolicySize, ReadText } from './cache-views.ts';
import type { DecoderModules, DecoderPlaces, GuestModules, GuestPlaces } from './guest.ts';
import type { GenerateOptions, GenerateReport } from './generation.ts';
import type { OwnDecoderOptions, OwnDecoderReport } from './own-decoder.ts';
import type { BatchOptions, BatchReport, LoadOptions, LoadReport, ReadOptions, ReadReport } from './limits.ts';
import type { CurvePoint, EpochEnd, SavedTraining, TrainSettings } from './training.ts';
import type { Enveloped } from './task.ts';
import type {
  Blocking,
  BuildInfo,
  BuildName,
  CacheCounts,
  CacheLevel,
  LayerProfile,
  LayerSpan,
  LayerWork,
  MemoryPoint,
  NestInfo,
  Timing,
  VariantInfo,
} from './types.ts';

/** What the page and the engine's worker say to each other. Everything is plain data. */

export interface StartOptions {
  /** The site's base address ('/' or '/folder/'). */
  base: string;
  build: BuildName;
  threads: number;
  /** Held by the worker for as long as it lives: the page sees it fall when the worker dies. */
  lock: string;
}

/** A task or a question of an experiment (task.ts). */
export interface TaskRequest {
  /** `<lesson>/<tag>` or `<lesson>/<tag>/<name>`. */
  path: string;
  options: object;
  /** The blocks to cut products into. */
  blocking: Blocking;
}

export interface EngineInfo {
  build: BuildInfo;
  variants: VariantInfo[];
  threads: number;
  clockTick: number;
  /** The library's default. */
  blocking: Blocking;
}

/** A loop nest and the cache that it runs through. */
export interface CacheSettings {
  nest: string;
  /** Rows and columns. */
  n: number;
  /** Of blocked nests. */
  block: number;
  /** Elements after each row. */
  padding: number;
  level: CacheLevel;
}

export interface CacheState {
  /** Accesses made, and all there are. */
  done: number;
  total: number;
  counters: CacheCounts[];
  /** Numbers of the lines in the cache, set by set, most recently used first; -1 for nothing. */
  contents: Int32Array;
  /** The address of each array's first byte. */
  bases: number[];
}

/** One access. */
export interface CacheStep {
  array: number;
  row: number;
  column: number;
  write: boolean;
  sourceLine: number;
  hit: boolean;
}

export interface CacheMove {
  state: CacheState;
  /** The last few accesses. */
  steps: CacheStep[];
}

export interface CacheReport {
  state: CacheState;
  progress: number;
  done: boolean;
  stopped: boolean;
}

export interface TimingOptions {
  /** Rows and columns of the square product. */
  size: number;
  variant: string;
  /** Single calls. */
  count: number;
}

export interface TimingReport {
  options: TimingOptions;
  /** The smallest step of the clock, in seconds. */
  tick: number;
  /** Seconds of each single call, in order. */
  calls: number[];
  /** Seconds per call of each batch. */
  batches: number[];
  progress: number;
  done: boolean;
  stopped: boolean;
}

/** What a batch is counted in: images at a time, or tokens of the one sequence that a language model reads. */
export type BatchUnit = 'image' | 'token';

/** Images that are one batch; or a text, of which the model reads as many tokens as the batch has. */
export type ProfileInput = { images: Uint8Array } | { text: string; tokenizer: Uint8Array };

export interface ProfileOptions {
  /** For people and exported files. */
  title: string;
  /** A safetensors file. */
  model: Uint8Array;
  input: ProfileInput;
  batch: number;
  variant: string;
  threads: number;
  seconds: number;
}

export interface ProfileReport {
  title: string;
  unit: BatchUnit;
  batch: number;
  variant: string;
  threads: number;
  /** A layer before those inside it. */
  layers: LayerProfile[];
  /** Seconds of one whole run. */
  run: Timing | null;
  /** Of the last run. */
  spans: LayerSpan[];
  /** What the first run allocated; empty until the end. */
  memory: MemoryPoint[];
  progress: number;
  done: boolean;
  stopped: boolean;
}

export interface LabelledImages {
  images: Uint8Array;
  labels: Uint8Array;
}

export interface TrainOptions {
  settings: TrainSettings;
  threads: number;
  train: LabelledImages;
  test: LabelledImages;
  /** Goes on after the last batch of a paused training of the same settings, if the worker still has it. */
  paused: boolean;
  /** Else goes on after this epoch; null: from the beginning. */
  from: SavedTraining | null;
}

export interface TrainReport {
  settings: TrainSettings;
  /** From 1; 0 before the first batch. */
  epoch: number;
  batch: number;
  batches: number;
  learningRate: number;
  points: CurvePoint[];
  /** Of the epochs that are done. */
  ends: EpochEnd[];
  /** Of the epoch that runs; 0 before its first batch. Tests are not counted. */
  imagesPerSecond: number;
  /** The test images are being classified. */
  testing: boolean;
  /** Of an epoch that has just ended; in the last report, of the last one that did. */
  saved: SavedTraining | null;
  progress: number;
  done: boolean;
  /** Stopped or paused: the epoch that runs is kept by the worker until the training is dropped. */
  stopped: boolean;
}

export interface EngineApi {
  start(options: StartOptions, onDownloaded: () => void): Promise<EngineInfo>;
  /** Resolves with the last report, whole; `onReport` gets those before it for a ReportReceiver. Rejects with a StoppedError if there is none. */
  run(request: TaskRequest, onReport: (part: Enveloped<object>) => void): Promise<Enveloped<object>>;
  ask(request: TaskRequest): Promise<unknown>;
  /** The running task ends after its current step, with what it has. */
  stop(): void;
  /** Where guests may live in the memory of the module that runs this task: what they are to be compiled with. */
  reserve(path: string): Promise<GuestPlaces>;
  /** Moves guests in, each compiled for its place. The worker is not to be used for anything else afterwards. */
  plug(path: string, places: GuestPlaces, modules: GuestModules): Promise<void>;
  /** What a layer of these extents computes and moves. Throws what the library says of them. */
  layerWork(kind: string, extents: Record<string, number | boolean>): LayerWork;
  /** The loop nests that the cache simulator knows. */
  nests(): NestInfo[];
  /** `key` names the simulation: a page may have several. */
  openCache(key: string, settings: CacheSettings): CacheState;
  stepCache(key: string, count: number, untilMiss: boolean): CacheMove;
  runCache(key: string, onProgress: (report: CacheReport) => void): Promise<CacheReport>;
  timeCalls(options: TimingOptions, onProgress: (report: TimingReport) => void): Promise<TimingReport>;
  profileModel(options: ProfileOptions, onProgress: (report: ProfileReport) => void): Promise<ProfileReport>;
  /** A language model writes, by one or several decoders. */
  generate(options: GenerateOptions, onProgress: (report: GenerateReport) => void): Promise<GenerateReport>;
  /** Where a cache pays little, or doesn't fit. */
  measureLoads(options: LoadOptions, onProgress: (report: LoadReport) => void): Promise<LoadReport>;
  measureReading(options: ReadOptions, onProgress: (report: ReadReport) => void): Promise<ReadReport>;
  measureBatches(options: BatchOptions, onProgress: (report: BatchReport) => void): Promise<BatchReport>;
  /** What a cache holds, writes and loses, token by token. */
  traceCache(options: ReadText): Promise<CacheTrace>;
  mapAttention(options: ReadText): Promise<AttentionMaps>;
  /** What a policy takes in memory. */
  sizePolicy(options: PolicyOptions): Promise<PolicySize>;
  explorePolicy(options: PolicyOptions, onProgress: (report: PolicyReport) => void): Promise<PolicyReport>;
  train(options: TrainOptions, onProgress: (report: TrainReport) => void): Promise<TrainReport>;
  /** The same for the steps of a decoder with `own`. */
  reserveDecoderGuest(): Promise<DecoderPlaces>;
  plugDecoderGuest(places: DecoderPlaces, modules: DecoderModules): Promise<void>;
  /** A decoder with `own` beside the library's. */
  compareDecoders(
    options: OwnDecoderOptions,
    onProgress: (report: OwnDecoderReport) => void,
  ): Promise<OwnDecoderReport>;
  /** Forgets a paused training. */
  dropTraining(): void;
}
