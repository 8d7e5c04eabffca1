import { EngineError } from '../lab/errors.ts';
import { useThreads } from '../lab/runner.ts';
import type { SiteModules } from '../lab/types.ts';
import type { KernelModule, LmModule, ModelModule } from '../lab/types.ts';
import type { ModuleLoader } from './modules.ts';

export { useThreads };

/** What all tasks of the engine's worker share: the loaded library, and loops that let messages in. */

/** The page draws at most this often. */
const kReportEveryMs = 80;

let loader: ModuleLoader | null = null;
let kernels: KernelModule | null = null;
let stopRequested = false;

export function setEngine(loaded: ModuleLoader, module: KernelModule): void {
  loader = loaded;
  kernels = module;
}

export function engine(): KernelModule {
  if (kernels === null) throw new EngineError('The engine has not been started');
  return kernels;
}

/** Image classifiers, loaded when they are first needed, with as many threads as asked for and the kernels' block sizes. */
export const modelEngine = (threads: number): Promise<ModelModule> => sibling('models', threads);
/** The same of the language model. */
export const lmEngine = (threads: number): Promise<LmModule> => sibling('lm', threads);

async function sibling<Name extends 'models' | 'lm'>(name: Name, threads: number): Promise<SiteModules[Name]> {
  const { depth, rows, columns } = engine().gemmBlocking();
  const module = await loader!.get(name);
  module.setGemmBlocking(depth, rows, columns);
  await useThreads(module, threads);
  return module;
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
