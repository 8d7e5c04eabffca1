/**
 * The C++ library as JavaScript sees it. Embind emits the types from src/bindings; tools/build puts them into generated/. Times are seconds,
 * rates are per second. Bad arguments throw RangeError, broken files an Error named DataError; a handle must be deleted.
 */
import type { BuildInfo, Lane as EngineLane, MainModule, Statistics } from './generated/optlab.d.ts';

export type {
  Blocking,
  BlockingTuner,
  BuildInfo,
  Classification,
  GemmRace,
  Mlp,
  Peak,
  RooflineProbe,
  Statistics,
  VariantInfo,
} from './generated/optlab.d.ts';

export type BuildName = BuildInfo['build'];

/** A lane as it travels to the page and into exported JSON, which knows no undefined. */
export type Lane = Omit<EngineLane, 'statistics'> & { statistics: Statistics | null };

export type OptLabModule = MainModule;

/** Default export of optlab.mjs. */
export type ModuleFactory = (overrides: Record<string, unknown>) => Promise<OptLabModule>;
