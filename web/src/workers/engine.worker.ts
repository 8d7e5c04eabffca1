import { expose } from 'comlink';
import { files } from 'virtual:optlab-manifest';
import { Assets } from '../lab/assets.ts';
import { fetchVerified } from '../lab/data.ts';
import { EngineError, StoppedError } from '../lab/errors.ts';
import { plugDecoderGuest, plugGuest, plugGuests, reserveDecoderGuest, reserveGuest, reserveGuests, type GuestHost, type GuestModules, type GuestPlaces } from '../lab/guest.ts';
import { askQuestion, runTask, type Place } from '../lab/runner.ts';
import { Shelf, type Enveloped, type ModuleName } from '../lab/task.ts';
import { ModuleLoader } from './modules.ts';
import { loadQuestion, loadTask, moduleOf } from './tasks.ts';
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
  TaskRequest,
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

/** Until then nothing else is asked. */
interface Started {
  modules: ModuleLoader;
  place: Place;
}
let started: Started | null = null;
let startedThreads = 1;
/** Of the task that runs. */
let stopping: AbortController | null = null;

async function start(options: StartOptions, onDownloaded: () => void): Promise<EngineInfo> {
  await hold(options.lock);
  const modules = new ModuleLoader(options);
  const kernels = await modules.start(onDownloaded);
  const threads = await useThreads(kernels, options.threads);
  const assets = new Assets((name, signal) => fetchVerified(options.base, files[name], signal));
  started = { modules, place: { assets, shelf: new Shelf(), threads } };
  setEngine(modules, kernels);
  startedThreads = threads;
  return {
    build: kernels.buildInfo(),
    variants: kernels.gemmVariants(),
    threads,
    clockTick: kernels.clockTick(),
    blocking: kernels.gemmBlocking(),
  };
}

/** The page waits for the lock, and gets it when this worker has died. */
function hold(lock: string): Promise<void> {
  return new Promise((locked) => {
    if (navigator.locks === undefined) return locked();
    void navigator.locks.request(lock, () => {
      locked();
      return new Promise<never>(() => {});
    });
  });
}

async function moduleFor(name: ModuleName, { depth, rows, columns }: Blocking) {
  if (started === null) throw new EngineError('The engine has not been started');
  const module = await started.modules.get(name);
  module.setGemmBlocking(depth, rows, columns);
  return { module, place: started.place };
}

async function run(
  { path, options, blocking }: TaskRequest,
  onReport: (part: Enveloped<object>) => void,
): Promise<Enveloped<object>> {
  const controller = (stopping = new AbortController());
  const task = await loadTask(path);
  const { module, place } = await moduleFor(task.module, blocking);
  return runTask(task, module, options, place, { signal: controller.signal, onReport });
}

async function ask({ path, options, blocking }: TaskRequest): Promise<unknown> {
  const question = await loadQuestion(path);
  const { module, place } = await moduleFor(question.module, blocking);
  return askQuestion(question, module, options, place);
}

async function guestHost2(path: string) {
  if (started === null) throw new EngineError('The engine has not been started');
  const name = await moduleOf(path);
  return { name, module: await started.modules.get(name) };
}

async function reserve(path: string): Promise<GuestPlaces> {
  const { name, module } = await guestHost2(path);
  return reserveGuests(name, module);
}

async function plug(path: string, places: GuestPlaces, modules: GuestModules): Promise<void> {
  const { name, module } = await guestHost2(path);
  return plugGuests(name, module, places, modules);
}

function stop(): void {
  requestStop();
  stopping?.abort(new StoppedError());
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
  run,
  ask,
  stop,
  reserve,
  plug,
  race,
  probe,
  tuneBlocking,
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
};
expose(api);
