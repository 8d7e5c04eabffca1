import type { GuestModule, GuestPlace } from './guest.ts';
import type { GuestSlot } from './guest-slots.ts';
import type { Enveloped } from './task.ts';
import type { Blocking, BuildInfo, BuildName, VariantInfo } from './types.ts';

/** What the page and the engine's worker say to each other. Everything is plain data. */

export interface StartOptions {
  /** The site's base address ('/' or '/folder/'). */
  base: string;
  build: BuildName;
  threads: number;
  /** Held by the worker for as long as it lives: the page sees it fall when the worker dies. */
  lock: string;
}

/** A task or a question of an experiment (task.ts). */
export interface TaskRequest {
  /** `<lesson>/<tag>` or `<lesson>/<tag>/<name>`. */
  path: string;
  options: object;
  /** The blocks to cut products into. */
  blocking: Blocking;
}

export interface EngineInfo {
  build: BuildInfo;
  variants: VariantInfo[];
  threads: number;
  clockTick: number;
  /** The library's default. */
  blocking: Blocking;
}

export interface EngineApi {
  start(options: StartOptions, onDownloaded: () => void): Promise<EngineInfo>;
  /**
   * Resolves with the last report, whole; `onReport` gets those before it, for a ReportReceiver, and `onAlive` is called now and then, also
   * while files are downloaded. Rejects with a StoppedError if there is no report yet.
   */
  run(
    request: TaskRequest,
    onReport: (part: Enveloped<object>) => void,
    onAlive: () => void,
  ): Promise<Enveloped<object>>;
  ask(request: TaskRequest): Promise<unknown>;
  /** The running task ends after its current step, with what it has. */
  stop(): void;
  /** Where guests for these slots may live in the memory of the module that runs this task. */
  reserve(path: string, slots: readonly GuestSlot[]): Promise<GuestPlace[]>;
  /** Moves guests in. The worker is not to be used for anything else afterwards. */
  plug(path: string, guests: readonly GuestModule[]): Promise<void>;
}
