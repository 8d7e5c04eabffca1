import { EngineError } from '../lab/errors.ts';
import type { OptLabModule } from '../lab/types.ts';

/** What all tasks of the engine's worker share: the loaded library, and loops that let messages in. */

/** The page draws at most this often. */
const kReportEveryMs = 80;

let loaded: OptLabModule | null = null;
let stopRequested = false;

export function setEngine(module: OptLabModule): void {
  loaded = module;
}

export function engine(): OptLabModule {
  if (loaded === null) throw new EngineError('The engine has not been started');
  return loaded;
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
export async function useThreads(module: OptLabModule, wanted: number): Promise<number> {
  let got = module.setThreads(wanted);
  for (let attempt = 0; got < wanted && attempt < 20; ++attempt) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    got = module.setThreads(wanted);
  }
  return got;
}
