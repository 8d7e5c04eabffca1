/** One engine worker, from its start to its end: how a build is started in it, and how its death is noticed. */
import { proxy, releaseProxy, wrap, type Remote } from 'comlink';
import { kStartLimitMs } from './engine.ts';
import { EngineError } from './errors.ts';
import type { BuildChoice } from './features.ts';
import type { EngineApi, EngineInfo } from './protocol.ts';

export interface RunningBuild {
  choice: BuildChoice;
  info: EngineInfo;
}

export interface EngineWorker {
  worker: Worker;
  api: Remote<EngineApi>;
  running: RunningBuild;
  /** Rejects when the worker dies or is ended. */
  died: Promise<never>;
  kill: (reason: Error) => void;
}

export interface EngineWorkerOptions {
  /** The site's base address ('/' or '/folder/'). */
  base: string;
  /** Called when the worker has died or was ended, before `died` rejects. */
  onEnd: () => void;
}

/** Starts a build in `worker`. Throws EngineError, and the worker is ended then. */
export async function startEngineWorker(
  worker: Worker,
  choice: BuildChoice,
  options: EngineWorkerOptions,
): Promise<EngineWorker> {
  const api = wrap<EngineApi>(worker);
  let kill: (reason: Error) => void = () => {};
  const died = new Promise<never>((_, reject) => {
    let alive = true;
    kill = (reason) => {
      if (!alive) return; // a proxy that is released twice throws, and would hide the reason
      alive = false;
      worker.terminate();
      api[releaseProxy]();
      options.onEnd();
      reject(reason);
    };
  });
  died.catch(() => {}); // not every moment has somebody waiting for it
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    kill(new EngineError(`The engine's worker failed: ${event.message || 'its script could not be loaded'}`));
  });

  let limit: ReturnType<typeof setTimeout> | undefined;
  const onDownloaded = proxy(() => {
    const late = `it did not start within ${kStartLimitMs / 1000} s`;
    limit = setTimeout(() => kill(new EngineError(late)), kStartLimitMs);
  });
  try {
    const lock = lockName();
    const start = { base: options.base, build: choice.build, threads: choice.threads, lock };
    const info = await Promise.race([api.start(start, onDownloaded), died]);
    watchLock(lock, () => kill(new EngineError('The engine’s worker died in the middle of its work')));
    return { worker, api, running: { choice, info }, died, kill };
  } catch (error) {
    kill(error instanceof Error ? error : new EngineError(String(error)));
    throw error;
  } finally {
    clearTimeout(limit);
  }
}

let serial = 0;

function lockName(): string {
  return `optlab-engine-${crypto.randomUUID?.() ?? `${Date.now()}-${++serial}`}`;
}

/**
 * Calls `onFall` once the holder of the lock is gone. A worker's death fires no event; that its locks are released is the only prompt sign
 * of it. Where there are no locks (plain http), the silence limit takes over.
 */
function watchLock(name: string, onFall: () => void): void {
  if (globalThis.navigator?.locks === undefined) return;
  navigator.locks.request(name, onFall).catch(() => {});
}
