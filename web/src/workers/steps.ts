import { kStartLimitMs, loadModule, siblingUrl } from '../lab/engine.ts';
import { EngineError } from '../lab/errors.ts';
import type { KernelModule, LmModule, ModelModule, SiteModules } from '../lab/types.ts';

/** What all tasks of the engine's worker share: the loaded library, and loops that let messages in. */

/** The page draws at most this often. */
const kReportEveryMs = 80;

interface Loaded {
  kernels: KernelModule;
  url: string;
  /** Threads that a module starts with. */
  threads: number;
  /** From the first task that asks for them. */
  siblings: Partial<{ [Name in keyof Siblings]: Promise<Siblings[Name]> }>;
}

/** The other modules of the same build. */
type Siblings = Omit<SiteModules, 'optlab'>;

let loaded: Loaded | null = null;
let stopRequested = false;

export function setEngine(kernels: KernelModule, url: string, threads: number): void {
  loaded = { kernels, url, threads, siblings: {} };
}

function current(): Loaded {
  if (loaded === null) throw new EngineError('The engine has not been started');
  return loaded;
}

export function engine(): KernelModule {
  return current().kernels;
}

/** Image classifiers, loaded when they are first needed, with as many threads as asked for and the kernels' block sizes. */
export const modelEngine = (threads: number): Promise<ModelModule> => sibling('models', threads);
/** The same of the language model. */
export const lmEngine = (threads: number): Promise<LmModule> => sibling('lm', threads);

async function sibling<Name extends keyof Siblings>(name: Name, threads: number): Promise<Siblings[Name]> {
  const state = current();
  const { siblings } = state;
  siblings[name] ??= loadSibling(state, name).catch((error: unknown) => {
    delete siblings[name];
    throw error;
  }) as Loaded['siblings'][Name];
  const module = (await siblings[name]) as Siblings[Name];
  const { depth, rows, columns } = state.kernels.gemmBlocking();
  module.setGemmBlocking(depth, rows, columns);
  await useThreads(module, threads);
  return module;
}

function loadSibling<Name extends keyof Siblings>({ url, threads }: Loaded, name: Name): Promise<Siblings[Name]> {
  return new Promise((resolve, reject) => {
    let limit: ReturnType<typeof setTimeout> | undefined;
    const onDownloaded = () => {
      const late = `The models did not start within ${kStartLimitMs / 1000} s`;
      limit = setTimeout(() => reject(new EngineError(late)), kStartLimitMs);
    };
    loadModule<Siblings[Name]>(siblingUrl(url, name), threads, onDownloaded)
      .then(resolve, reject)
      .finally(() => clearTimeout(limit));
  });
}

/** The running task ends after its current step. */
export function requestStop(): void {
  stopRequested = true;
}

/** Lets waiting messages (stop) in. A message channel, since timers are slowed down to 4 ms. */
const channel = new MessageChannel();
function yieldToMessages(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

/**
 * Calls `step` until it returns false or somebody asks to stop; true if stopped. Reports now and then, and always when `urgent` says so: what
 * comes next may take seconds.
 */
export async function runSteps(
  step: () => boolean,
  report: () => void,
  urgent: () => boolean = () => false,
): Promise<boolean> {
  stopRequested = false;
  let last = performance.now();
  report();
  await yieldToMessages();
  while (!stopRequested) {
    if (!step()) return false;
    if (urgent() || performance.now() - last > kReportEveryMs) {
      report();
      last = performance.now();
    }
    await yieldToMessages();
  }
  return true;
}

/**
 * Resizes the pool. A thread that has ended is free again only after its message has arrived, so a larger pool right after a smaller one may
 * come up short: then wait for the messages and ask again. Returns the size it got.
 */
export async function useThreads(module: Pick<KernelModule, 'setThreads'>, wanted: number): Promise<number> {
  let got = module.setThreads(wanted);
  for (let attempt = 0; got < wanted && attempt < 20; ++attempt) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    got = module.setThreads(wanted);
  }
  return got;
}
