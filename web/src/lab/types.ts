/**
 * The C++ library as JavaScript sees it. Embind emits the types from src/bindings; tools/build puts them into generated/. Times are seconds,
 * rates are per second. Bad arguments throw RangeError, broken files an Error named DataError; a handle must be deleted.
 */
import type {
  BuildInfo,
  Lane as EngineLane,
  LayerProfile as EngineLayerProfile,
  MainModule,
  Statistics,
} from './generated/optlab.d.ts';

export type {
  Blocking,
  BlockingTuner,
  BuildInfo,
  CacheCounts,
  CacheSimulation,
  Classification,
  GemmRace,
  LayerSpan,
  MemoryPoint,
  Mlp,
  ModelProfiler,
  Peak,
  RooflineProbe,
  Statistics,
  VariantInfo,
} from './generated/optlab.d.ts';

export type BuildName = BuildInfo['build'];

/** A lane as it travels to the page and into exported JSON, which knows no undefined. */
export type Lane = Omit<EngineLane, 'statistics'> & { statistics: Statistics | null };

export type LayerProfile = Omit<EngineLayerProfile, 'seconds'> & { seconds: Statistics | null };

/** Sizes in bytes. */
export interface CacheLevel {
  size: number;
  line: number;
  ways: number;
}
export type NestInfo = ReturnType<MainModule['cacheNests']>[number];

export type OptLabModule = MainModule;

/** Default export of optlab.mjs. */
export type ModuleFactory = (overrides: Record<string, unknown>) => Promise<OptLabModule>;
