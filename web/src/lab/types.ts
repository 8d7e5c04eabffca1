/**
 * The C++ library as JavaScript sees it. Embind emits the types from src/bindings; tools/build puts them into generated/, a file for each
 * module of src/bindings/modules.json. Times are seconds, rates are per second. Bad arguments throw RangeError, broken files an Error named
 * DataError; a handle must be deleted.
 */
import type { SiteModules } from './generated/modules.d.ts';
import type { BuildInfo, CacheSimulation, Lane as EngineLane, Statistics } from './generated/optlab.d.ts';
import type { RowOf } from './rows.ts';

export type {
  Decoder,
  Footprint,
  GeneratedToken,
  Generation,
  Lm,
  LmConfig,
  ModelProfile,
  Perplexity,
} from './generated/lm.d.ts';
export type { Classification, Cnn, Mlp, Trainer, TrainingProgress } from './generated/models.d.ts';
export type { Modules, SiteModules } from './generated/modules.d.ts';
export type {
  Blocking,
  BlockingTuner,
  BuildInfo,
  CacheSimulation,
  GemmRace,
  Peak,
  RooflineProbe,
  Statistics,
  Work as LayerWork,
} from './generated/optlab.d.ts';

export type { EngineLane };
/** A rung of any family's ladder. */
export type VariantInfo = ReturnType<SiteModules['optlab']['gemmVariants']>[number];
export type BuildName = BuildInfo['build'];

/** A lane as it travels to the page and into exported JSON, which knows no undefined. */
export type Lane = Omit<EngineLane, 'statistics'> & { statistics: Statistics | null };

/** What is said of a set of times, seconds. */
export type Timing = Pick<Statistics, 'count' | 'median' | 'low' | 'high' | 'mad' | 'intervalIsRange'>;

/** A row of a profile: one layer of a model. */
export interface LayerProfile {
  name: string;
  kind: string;
  /** Index of the layer that contains it, or -1. */
  parent: number;
  /** 0 for a layer that no other contains. */
  depth: number;
  /** In one run. */
  calls: number;
  flops: number;
  bytesRead: number;
  bytesWritten: number;
  /** The most that was allocated while it ran, and how much more that is than before it began. Bytes, of the first run. */
  highWater: number;
  growth: number;
  /** The layer's share of the whole run's median, 0 to 1. */
  share: number;
  /** In one run; null before the first sample. */
  seconds: Timing | null;
  output: number[];
}

/** A part of the last run. */
export interface LayerSpan {
  layer: number;
  /** Seconds since the run began, and how long it took. */
  begin: number;
  seconds: number;
}

/** An allocation, or a release if `bytes` is negative; `current` is what was allocated then. */
export interface MemoryPoint {
  seconds: number;
  bytes: number;
  current: number;
}

/** What one pair of an array and a source line did in a level of cache. */
export type CacheCounts = RowOf<ReturnType<CacheSimulation['counters']>>;

/** Sizes in bytes. */
export interface CacheLevel {
  size: number;
  line: number;
  ways: number;
}

/** As the library tells it: lines and names in one text each. */
export type EngineNest = Pick<
  ReturnType<SiteModules['optlab']['cacheNests']>[number],
  'name' | 'idea' | 'code' | 'arrays'
>;

/** A loop nest: lines of source, names of arrays. */
export interface NestInfo {
  name: string;
  idea: string;
  code: string[];
  arrays: string[];
  /** It has tiles. */
  blocked: boolean;
}

/** The names of the modules that pages load. */
export type ModuleName = keyof SiteModules;
/** The kernels and their measurement. */
export type KernelModule = SiteModules['optlab'];
/** Image classifiers, their training and their profiles; with memory and threads of its own. */
export type ModelModule = SiteModules['models'];
/** The language model; the same. */
export type LmModule = SiteModules['lm'];

/** Default export of each. */
export type ModuleFactory<Module> = (overrides: Record<string, unknown>) => Promise<Module>;
