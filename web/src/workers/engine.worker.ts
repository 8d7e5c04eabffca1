import { expose } from 'comlink';
import { files } from 'virtual:optlab-manifest';
import { Assets } from '../lab/assets.ts';
import { fetchVerified } from '../lab/data.ts';
import { EngineError, StoppedError } from '../lab/errors.ts';
import {
  plugDecoderGuest,
  plugGuests,
  reserveDecoderGuest,
  reserveGuests,
  type GuestModules,
  type GuestPlaces,
} from '../lab/guest.ts';
import { askQuestion, runTask, type Place } from '../lab/runner.ts';
import { Shelf, type Enveloped } from '../lab/task.ts';
import type { ModuleName } from '../lab/types.ts';
import { ModuleLoader } from './modules.ts';
import { loadQuestion, loadTask, moduleOf } from './tasks.ts';
import type { EngineApi, EngineInfo, StartOptions, TaskRequest } from '../lab/protocol.ts';
import type { Blocking, KernelModule } from '../lab/types.ts';
import { nests, openCache, runCache, stepCache } from './cache-tasks.ts';
import { explorePolicy, mapAttention, sizePolicy, traceCache } from './cache-view-tasks.ts';
import { generate } from './decode-tasks.ts';
import { compareDecoders } from './own-decoder.ts';
import { measureBatches, measureLoads, measureReading } from './limits-tasks.ts';
import { profileModel, timeCalls } from './profile-tasks.ts';
import { engine, lmEngine, requestStop, runSteps, setEngine, useThreads } from './steps.ts';
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

async function hostOf(path: string) {
  if (started === null) throw new EngineError('The engine has not been started');
  const name = await moduleOf(path);
  return { name, module: await started.modules.get(name) };
}

async function reserve(path: string): Promise<GuestPlaces> {
  const { name, module } = await hostOf(path);
  return reserveGuests(name, module);
}

async function plug(path: string, places: GuestPlaces, modules: GuestModules): Promise<void> {
  const { name, module } = await hostOf(path);
  return plugGuests(name, module, places, modules);
}

function stop(): void {
  requestStop();
  stopping?.abort(new StoppedError());
}

type LayerKind = Parameters<KernelModule['layerWork']>[0];

const api: EngineApi = {
  start,
  run,
  ask,
  stop,
  reserve,
  plug,
  layerWork: (kind, extents) => engine().layerWork(kind as LayerKind, extents),
  nests,
  openCache,
  stepCache,
  runCache,
  timeCalls,
  profileModel,
  reserveDecoderGuest: async () => reserveDecoderGuest(await lmEngine(startedThreads)),
  plugDecoderGuest: async (places, modules) => plugDecoderGuest(await lmEngine(startedThreads), places, modules),
  compareDecoders: async (options, onProgress) =>
    compareDecoders(await lmEngine(options.threads), options, onProgress, runSteps),
  generate,
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
