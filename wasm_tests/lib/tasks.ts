// Runs an experiment's task as the engine's worker does, with the committed files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Assets, kPublished, type AssetName } from '#lab/assets.ts';
import { StoppedError } from '#lab/errors.ts';
import { ReportReceiver } from '#lab/report-parts.ts';
import { askQuestion, runTask, type Place } from '#lab/runner.ts';
import { Shelf, type Enveloped, type Question, type Task } from '#lab/task.ts';
import type { ModuleName, SiteModules } from '#lab/types.ts';
import { kRoot } from './library.ts';

/** A worker's memory between tasks; `files` stand in for published ones. */
export function placeOf(files: Partial<Record<AssetName, Uint8Array>> = {}): Place {
  const read = (name: AssetName) => files[name] ?? Uint8Array.from(readFileSync(join(kRoot, kPublished[name])));
  return { assets: new Assets((name) => Promise.resolve(read(name))), shelf: new Shelf(), threads: 1 };
}

/** A gzip-compressed IDX file of unsigned bytes. */
export function idxFile(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  [0x0800 | shape.length, ...shape].forEach((value, i) => header.setUint32(4 * i, value));
  return Uint8Array.from(gzipSync(Buffer.concat([Buffer.from(header.buffer), data])));
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

export const ask = <Name extends ModuleName, Options extends object, Answer>(
  question: Question<Name, Options, Answer>,
  module: SiteModules[Name],
  options: Options,
  place = placeOf(),
): Promise<Answer> => askQuestion(question, module, options, place);
