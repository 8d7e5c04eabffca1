// Runs an experiment's task as the engine's worker does, with the committed files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Assets, kPublished, type AssetName } from '#lab/assets.ts';
import { StoppedError } from '#lab/errors.ts';
import { ReportReceiver } from '#lab/report-parts.ts';
import { runTask, type Place } from '#lab/runner.ts';
import { Shelf, type Enveloped, type Task } from '#lab/task.ts';
import type { ModuleName, SiteModules } from '#lab/types.ts';
import { kRoot } from './library.ts';

/** A worker's memory between tasks; `files` stand in for published ones. */
export function placeOf(files: Partial<Record<AssetName, Uint8Array>> = {}): Place {
  const read = (name: AssetName) => files[name] ?? Uint8Array.from(readFileSync(join(kRoot, kPublished[name])));
  return { assets: new Assets((name) => Promise.resolve(read(name))), shelf: new Shelf(), threads: 1 };
}

export interface How<Report> {
  /** Stops after so many steps. */
  steps?: number;
  onReport?: (report: Enveloped<Report>) => void;
  place?: Place;
}

/** The last report. Without `onReport` reports are made now and then, with it after every step. */
export function run<Name extends ModuleName, Options extends object, Report extends object>(
  task: Task<Name, Options, Report>,
  module: SiteModules[Name],
  options: Options,
  { steps = Infinity, onReport, place = placeOf() }: How<Report> = {},
): Promise<Enveloped<Report>> {
  const controller = new AbortController();
  const receiver = new ReportReceiver();
  let left = steps;
  return runTask(task, module, options, place, {
    signal: controller.signal,
    onReport: (part) => onReport?.(receiver.unpack(part)),
    reportEveryMs: onReport === undefined ? Infinity : -1,
    turn: () => {
      if (left-- === 0) controller.abort(new StoppedError());
      return Promise.resolve();
    },
  });
}
