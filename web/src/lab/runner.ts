/** Runs tasks and answers questions: threads, handles, progress, stop and reports are its affair alone. Needs neither page nor worker. */
import type { Assets } from './assets.ts';
import { ReportSender, wholeReport } from './report-parts.ts';
import type { Deletable, Enveloped, Question, Run, Shelf, Task, TaskHost } from './task.ts';
import type { ModuleName, SiteModules } from './types.ts';

/** The page draws at most this often. */
const kReportEveryMs = 80;

/** Where tasks run: what they share with those before them. */
export interface Place {
  assets: Assets;
  shelf: Shelf;
  /** The number of threads for a task whose options don't say. */
  threads: number;
}

export interface RunOptions<Report> {
  /** Aborted with a StoppedError: the task ends after its current step, with what it has. */
  signal: AbortSignal;
  /** Gets reports for a ReportReceiver. */
  onReport: (part: Enveloped<Report>) => void;
  reportEveryMs?: number;
  /** Lets messages in between two steps. */
  turn?: () => Promise<void>;
}

/** Runs a task to its end, or until it is stopped; its last report, whole. Rejects with the signal's reason if there is none yet. */
export async function runTask<Name extends ModuleName, Options extends object, Report extends object>(
  task: Task<Name, Options, Report>,
  module: SiteModules[Name],
  options: Options,
  place: Place,
  how: RunOptions<Report>,
): Promise<Enveloped<Report>> {
  await useThreads(module, (options as { threads?: number }).threads ?? place.threads);
  return withHost(place, how.signal, async (host) => {
    const run = await task.open(module, options, host);
    const turns = new Turns();
    try {
      const stopped = await steps(run, { turn: () => turns.next(), ...how });
      if (!stopped) run.finish?.();
      return wholeReport({ ...run.report(true), progress: 1, done: true, stopped });
    } finally {
      turns.close();
    }
  });
}

/** Answers a question. */
export function askQuestion<Name extends ModuleName, Options extends object, Answer>(
  question: Question<Name, Options, Answer>,
  module: SiteModules[Name],
  options: Options,
  place: Place,
): Promise<Answer> {
  return withHost(place, new AbortController().signal, async (host) => question.answer(module, options, host));
}

/** Handles are deleted when `use` is over, the last one first. */
async function withHost<T>(
  { assets, shelf }: Place,
  signal: AbortSignal,
  use: (host: TaskHost) => Promise<T>,
): Promise<T> {
  const handles: Deletable[] = [];
  const host: TaskHost = {
    keep: (handle) => {
      handles.push(handle);
      return handle;
    },
    load: (asset) => assets.made(asset, 'bytes', (bytes) => bytes, signal),
    open: (asset, kind) => assets.made(asset, kind, (bytes) => new kind(bytes), signal),
    parse: (asset, parse) => assets.made(asset, parse, parse, signal),
    shelf,
  };
  try {
    return await use(host);
  } finally {
    for (const handle of handles.toReversed()) handle.delete();
  }
}

/** Steps until nothing is left or somebody stops it; true if stopped. */
async function steps<Report extends object>(
  run: Run<Report>,
  { signal, onReport, reportEveryMs = kReportEveryMs, turn }: RunOptions<Report> & { turn: () => Promise<void> },
): Promise<boolean> {
  const sender = new ReportSender();
  let last = performance.now();
  const report = () => {
    onReport(sender.pack({ ...run.report(false), progress: run.progress(), done: false, stopped: false }));
    last = performance.now();
  };
  report();
  await turn();
  while (!signal.aborted) {
    if (!run.step()) return false;
    if (run.urgent?.() || performance.now() - last > reportEveryMs) report();
    await turn();
  }
  return true;
}

/** A message channel, since timers are slowed down to 4 ms. */
class Turns {
  readonly #channel = new MessageChannel();

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.port1.onmessage = () => resolve();
      this.#channel.port2.postMessage(null);
    });
  }
  close(): void {
    this.#channel.port1.close();
  }
}

/**
 * Resizes the pool. A thread that has ended is free again only after its message has arrived, so a larger pool right after a smaller one may
 * come up short: then wait for the messages and ask again. Returns the size it got.
 */
export async function useThreads(module: { setThreads(count: number): number }, wanted: number): Promise<number> {
  let got = module.setThreads(wanted);
  for (let attempt = 0; got < wanted && attempt < 20; ++attempt) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    got = module.setThreads(wanted);
  }
  return got;
}
