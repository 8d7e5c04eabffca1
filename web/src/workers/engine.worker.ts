import { expose } from 'comlink';
import { loadModule } from '../lab/engine.ts';
import { plugDecoderGuest, plugGuest, reserveDecoderGuest, reserveGuest, type GuestHost } from '../lab/guest.ts';
import { activity, laneAtWork } from '../lab/race.ts';
import type {
  ClassifyLane,
  ClassifyOptions,
  ClassifyReport,
  EngineApi,
  EngineInfo,
  GuestModule,
  ProbeReport,
  RaceOptions,
  RaceRecord,
  RaceReport,
  StartOptions,
  TuneReport,
} from '../lab/protocol.ts';
import type { Blocking, BlockingTuner, GemmRace, KernelModule, Lane, Mlp, RooflineProbe } from '../lab/types.ts';
import { nests, openCache, runCache, stepCache } from './cache-tasks.ts';
import { explorePolicy, mapAttention, sizePolicy, traceCache } from './cache-view-tasks.ts';
import { generate, measureGrowth } from './decode-tasks.ts';
import { compareDecoders } from './own-decoder.ts';
import { measureBatches, measureLoads, measureReading } from './limits-tasks.ts';
import { profileModel, timeCalls } from './profile-tasks.ts';
import { engine, lmEngine, modelEngine, requestStop, runSteps, setEngine, useThreads } from './steps.ts';
import { startNestedWorkersSurely } from '../lab/sure-worker.ts';
import { train } from './train-tasks.ts';
import { dropTraining } from './training-run.ts';

startNestedWorkersSurely(); // the pools' threads

/** What the roofline calls all threads. */
let startedThreads = 1;

async function start(options: StartOptions, onDownloaded: () => void): Promise<EngineInfo> {
  await new Promise<void>((locked) => {
    if (navigator.locks === undefined) return locked();
    void navigator.locks.request(options.lock, () => {
      locked();
      return new Promise<never>(() => {});
    });
  });
  const loaded = await loadModule(options.url, options.threads, onDownloaded);
  setEngine(loaded, options.url, options.threads);
  const threads = await useThreads(loaded, options.threads);
  startedThreads = threads;
  const blocking = loaded.gemmBlocking();
  if (options.blocking !== null) setBlocking(options.blocking);
  return {
    build: loaded.buildInfo(),
    variants: loaded.gemmVariants(),
    threads,
    clockTick: loaded.clockTick(),
    blocking,
  };
}

async function race(options: RaceOptions, onProgress: (report: RaceReport) => void): Promise<RaceRecord> {
  const module = engine();
  await useThreads(module, options.threads);
  const run = new module.GemmRace(options.m, options.k, options.n, options.variants, options.seconds);
  try {
    let lastSeconds = 0;
    let shown = '';
    const current = (): RaceReport => {
      const report = raceReport(module, run, options, false, false);
      return { ...report, atWork: laneAtWork(report.lanes, lastSeconds) };
    };
    const step = () => {
      const start = performance.now();
      const more = run.step();
      lastSeconds = (performance.now() - start) / 1000;
      return more;
    };
    const report = () => {
      const now = current();
      shown = activity(now);
      onProgress(now);
    };
    // Before a call that may be slow the page has to know whose it is.
    const urgent = () => activity(current()) !== shown;
    const stopped = await runSteps(step, report, urgent);
    const samples = options.variants.map((_, lane) => Array.from(run.samples(lane)));
    return { ...raceReport(module, run, options, true, stopped), samples };
  } finally {
    run.delete();
  }
}

function raceReport(
  module: KernelModule,
  run: GemmRace,
  options: RaceOptions,
  done: boolean,
  stopped: boolean,
): RaceReport {
  const lanes = lanesOf(run);
  const memory = { scratch: run.scratchHighWater(), packed: Math.max(...lanes.map((_, i) => run.packedBytes(i))) };
  // Hashing a large result takes longer than drawing it: only at the end.
  const digests = lanes.map((lane, index) => (done && lane.statistics !== null ? run.digest(index) : null));
  const progress = done ? 1 : run.progress();
  return { options, lanes, digests, blocking: module.gemmBlocking(), memory, progress, atWork: null, done, stopped };
}

/** Embind gives undefined for an empty optional; JSON and the page want null. */
function lanesOf(run: GemmRace | RooflineProbe | BlockingTuner): Lane[] {
  return run.lanes().map((lane) => ({ ...lane, statistics: lane.statistics ?? null }));
}

async function probe(seconds: number, onProgress: (report: ProbeReport) => void): Promise<ProbeReport> {
  const module = engine();
  await useThreads(module, startedThreads);
  const run = new module.RooflineProbe(seconds);
  const report = (done: boolean, stopped: boolean): ProbeReport => ({
    peaks: peaksOf(run),
    lanes: lanesOf(run),
    progress: done ? 1 : run.progress(),
    done,
    stopped,
  });
  try {
    const stopped = await runSteps(
      () => run.step(),
      () => onProgress(report(false, false)),
    );
    return report(true, stopped);
  } finally {
    run.delete();
  }
}

function peaksOf(run: RooflineProbe): ProbeReport['peaks'] {
  return run.peaks().filter((peak) => Number.isFinite(peak.value) && peak.value > 0);
}

async function tuneBlocking(seconds: number, onProgress: (report: TuneReport) => void): Promise<TuneReport> {
  const module = engine();
  const threads = await useThreads(module, startedThreads);
  const run = new module.BlockingTuner(seconds);
  const report = (done: boolean, stopped: boolean): TuneReport => ({
    lanes: lanesOf(run),
    best: done && !stopped ? run.best() : null,
    inUse: module.gemmBlocking(),
    threads,
    progress: done ? 1 : run.progress(),
    done,
    stopped,
  });
  try {
    const stopped = await runSteps(
      () => run.step(),
      () => onProgress(report(false, false)),
    );
    if (!stopped) run.apply();
    return report(true, stopped);
  } finally {
    run.delete();
  }
}

function setBlocking({ depth, rows, columns }: Blocking): void {
  engine().setGemmBlocking(depth, rows, columns);
}

async function classify(
  options: ClassifyOptions,
  onProgress: (report: ClassifyReport) => void,
): Promise<ClassifyReport> {
  const module = await modelEngine(options.threads);
  const model = new module.Mlp(options.model);
  const lanes: ClassifyLane[] = [];
  const report = (done: boolean, stopped: boolean): ClassifyReport => ({
    lanes: structuredClone(lanes),
    layers: model.layers(),
    parameters: model.parameters(),
    scratchBytes: module.scratchHighWater(),
    progress: done ? 1 : progressOf(lanes, options),
    done,
    stopped,
  });
  try {
    const pending = [...options.variants];
    const stopped = await runSteps(
      () => pass(model, options, lanes, pending),
      () => onProgress(report(false, false)),
    );
    return report(true, stopped);
  } finally {
    model.delete();
  }
}

const kMostPasses = 15;
const kFewestPasses = 3;

/** One pass of one rung over all images: the first of a rung warms up and counts for the predictions only. False when all are done. */
function pass(model: Mlp, options: ClassifyOptions, lanes: ClassifyLane[], pending: string[]): boolean {
  const current = lanes.at(-1);
  if (current !== undefined && !isFinished(current, options)) {
    current.passes.push(model.classify(options.images, current.variant).seconds);
    return true;
  }
  const variant = pending.shift();
  if (variant === undefined) return false;
  const { predictions, logitsDigest } = model.classify(options.images, variant);
  // A copy: the engine's memory moves on.
  const packedBytes = model.packedBytes();
  lanes.push({ variant, predictions: Uint8Array.from(predictions), logitsDigest, passes: [], packedBytes });
  return true;
}

function isFinished(lane: ClassifyLane, options: ClassifyOptions): boolean {
  const spent = lane.passes.reduce((sum, seconds) => sum + seconds, 0);
  return lane.passes.length >= kMostPasses || (lane.passes.length >= kFewestPasses && spent >= options.seconds);
}

function progressOf(lanes: ClassifyLane[], options: ClassifyOptions): number {
  const finished = lanes.filter((lane) => isFinished(lane, options)).length;
  const current = lanes.at(-1);
  const part =
    current === undefined || isFinished(current, options) ? 0 : Math.min(1, current.passes.length / kMostPasses);
  return (finished + part) / options.variants.length;
}

async function logits(bytes: Uint8Array, image: Uint8Array, variant: string): Promise<number[]> {
  const model = new (await modelEngine(1)).Mlp(bytes);
  try {
    return Array.from(model.logits(image, variant));
  } finally {
    model.delete();
  }
}

function guestHost(module: GuestModule): Promise<GuestHost> | GuestHost {
  return module === 'kernels' ? engine() : modelEngine(startedThreads);
}

type LayerKind = Parameters<KernelModule['layerWork']>[0];

const api: EngineApi = {
  start,
  race,
  probe,
  tuneBlocking,
  setBlocking,
  classify,
  logits,
  layerWork: (kind, extents) => engine().layerWork(kind as LayerKind, extents),
  nests,
  openCache,
  stepCache,
  runCache,
  timeCalls,
  profileModel,
  reserveGuest: async (module) => reserveGuest(await guestHost(module)),
  plugGuest: async (module, base, wasm) => plugGuest(await guestHost(module), base, wasm),
  reserveDecoderGuest: async () => reserveDecoderGuest(await lmEngine(startedThreads)),
  plugDecoderGuest: async (places, modules) => plugDecoderGuest(await lmEngine(startedThreads), places, modules),
  compareDecoders: async (options, onProgress) =>
    compareDecoders(await lmEngine(options.threads), options, onProgress, runSteps),
  generate,
  measureGrowth,
  measureLoads,
  measureReading,
  measureBatches,
  traceCache,
  mapAttention,
  sizePolicy,
  explorePolicy,
  train,
  dropTraining,
  stop: requestStop,
};
expose(api);
