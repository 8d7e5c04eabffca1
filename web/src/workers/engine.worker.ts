/** Runs the experiments' tasks with the library, one at a time, until the page ends it. */
import { expose } from 'comlink';
import { files } from 'virtual:optlab-manifest';
import { Assets } from '../lab/assets.ts';
import { fetchVerified } from '../lab/data.ts';
import { EngineError, StoppedError } from '../lab/errors.ts';
import { plugGuests, reserveGuests, type GuestHost } from '../lab/guest.ts';
import type { EngineApi, EngineInfo, StartOptions } from '../lab/protocol.ts';
import { askQuestion, runTask, useThreads, type Place } from '../lab/runner.ts';
import { startNestedWorkersSurely } from '../lab/sure-worker.ts';
import { Shelf } from '../lab/task.ts';
import type { Blocking, ModuleName } from '../lab/types.ts';
import { ModuleLoader } from './modules.ts';
import { loadQuestion, loadTask, moduleOf } from './tasks.ts';

startNestedWorkersSurely(); // the pools' threads

/** Far within the page's patience. */
const kAliveEveryMs = 10_000;

let started: { modules: ModuleLoader; place: Place } | null = null;
/** Stops the task that runs; the last one's, if none runs. */
let running = new AbortController();

async function start(options: StartOptions, onDownloaded: () => void): Promise<EngineInfo> {
  await hold(options.lock);
  const modules = new ModuleLoader(options);
  const kernels = await modules.start(onDownloaded);
  const threads = await useThreads(kernels, options.threads);
  const assets = new Assets((name, signal) => fetchVerified(options.base, files[name], signal));
  started = { modules, place: { assets, shelf: new Shelf(), threads } };
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

function engine() {
  if (started === null) throw new EngineError('The engine has not been started');
  return started;
}

async function moduleWith(name: ModuleName, { depth, rows, columns }: Blocking) {
  const module = await engine().modules.get(name);
  module.setGemmBlocking(depth, rows, columns);
  return module;
}

/** The module that runs this task. */
async function hostOf(path: string): Promise<GuestHost> {
  return engine().modules.get(await moduleOf(path));
}

const api: EngineApi = {
  start,
  async run({ path, options, blocking }, onReport, onAlive) {
    const { signal } = (running = new AbortController());
    const alive = setInterval(onAlive, kAliveEveryMs); // a step that never ends lets no timer in
    try {
      const task = await loadTask(path);
      const module = await moduleWith(task.module, blocking);
      return await runTask(task, module, options, engine().place, { signal, onReport });
    } finally {
      clearInterval(alive);
    }
  },
  async ask({ path, options, blocking }) {
    const question = await loadQuestion(path);
    return askQuestion(question, await moduleWith(question.module, blocking), options, engine().place);
  },
  stop: () => running.abort(new StoppedError()),
  reserve: async (path, slots) => reserveGuests(await hostOf(path), slots),
  plug: async (path, guests) => plugGuests(await hostOf(path), guests),
};
expose(api);
