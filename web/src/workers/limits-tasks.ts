import type {
  BatchOptions,
  BatchPoint,
  BatchReport,
  LoadOptions,
  LoadReport,
  LoadRow,
  ReadOptions,
  ReadPoint,
  ReadReport,
} from '../lab/limits.ts';
import type { Decoder, LmModule } from '../lab/types.ts';
import { timed, warmUp } from '../lab/decoding.ts';
import { Handles } from './decode-tasks.ts';
import { lmEngine, runSteps } from './steps.ts';

const tokens = (count: number, vocab: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (i * 977 + 31) % vocab);

/** Generations of some lengths with the cache, from a prompt that it still holds, and without. */
export const measureLoads = async (
  options: LoadOptions,
  onProgress: (report: LoadReport) => void,
): Promise<LoadReport> => loadsWith(await lmEngine(options.threads), options, onProgress, runSteps);

export async function loadsWith(
  module: LmModule,
  options: LoadOptions,
  onProgress: (report: LoadReport) => void,
  loop: typeof runSteps,
): Promise<LoadReport> {
  const handles = new Handles();
  try {
    const model = handles.keep(new module.Lm(options.model));
    const decoder = handles.keep(new module.Decoder(model, options.decoder));
    const { vocab, positions } = model.config();
    const rows = options.cases.map((each): LoadRow => ({
      ...each,
      prefill: [],
      decode: [],
      again: [],
      uncached: [],
      bytesInUse: 0,
    }));
    const ids = tokens(Math.max(...rows.map(({ prompt, count }) => prompt + count)), vocab);
    const { model: _, ...asked } = options;
    const order = Array.from({ length: options.repetitions }, () => rows).flat();
    const all = order.length;
    const report = (done: boolean, stopped: boolean): LoadReport => ({
      options: asked,
      rows: structuredClone(rows),
      footprint: decoder.footprint(),
      positions,
      progress: done ? 1 : 1 - order.length / all,
      done,
      stopped,
    });
    warmUp(decoder, ids);
    const step = () => {
      const row = order.shift();
      if (row !== undefined) measureLoad(row, decoder, ids);
      return order.length > 0;
    };
    const stopped = await loop(step, () => onProgress(report(false, false)));
    return report(true, stopped);
  } finally {
    handles.delete();
  }
}

function measureLoad(row: LoadRow, decoder: Decoder, ids: Int32Array): void {
  const { prompt, count } = row;
  const anew = (end: number) => {
    decoder.truncate(0);
    return decoder.feed(ids.subarray(0, end));
  };
  // Each new token but the last is fed to give the next one.
  const rest = () => {
    decoder.truncate(prompt);
    let seconds = 0;
    for (let at = prompt; at < prompt + count - 1; ++at) seconds += decoder.feed(ids.subarray(at, at + 1));
    return seconds;
  };
  const again = () => {
    const asked = ids.subarray(0, prompt);
    return decoder.feed(asked.subarray(decoder.reuse(asked)));
  };
  row.prefill.push(timed(() => anew(prompt)));
  row.decode.push(count > 1 ? timed(rest) : 0);
  row.bytesInUse = decoder.bytesInUse();
  row.again.push(timed(again));
  row.uncached.push(
    timed(() => {
      let seconds = 0;
      for (let end = prompt; end < prompt + count; ++end) seconds += anew(end);
      return seconds;
    }),
  );
}

/** A token at growing positions of one sequence: the more the cache holds, the more of it a token reads. */
export const measureReading = async (
  options: ReadOptions,
  onProgress: (report: ReadReport) => void,
): Promise<ReadReport> => readingWith(await lmEngine(options.threads), options, onProgress, runSteps);

export async function readingWith(
  module: LmModule,
  options: ReadOptions,
  onProgress: (report: ReadReport) => void,
  loop: typeof runSteps,
): Promise<ReadReport> {
  const longest = Math.max(...options.positions);
  const handles = new Handles();
  try {
    const trained = handles.keep(new module.Lm(options.model));
    const model = handles.keep(module.Lm.withPositions(trained, longest + 1));
    const decoder = handles.keep(new module.Decoder(model, options.decoder));
    const ids = tokens(longest + 1, model.config().vocab);
    const points = options.positions.map((position): ReadPoint => ({ position, bytes: 0, seconds: [] }));
    const { model: _, ...asked } = options;
    let [fed, visits] = [0, 0];
    const report = (done: boolean, stopped: boolean): ReadReport => ({
      options: asked,
      points: structuredClone(points),
      weightBytes: decoder.weightBytes(),
      progress: done ? 1 : (0.8 * fed) / longest + (0.2 * visits) / (2 * points.length),
      done,
      stopped,
    });
    warmUp(decoder, ids);
    // Up to the longest and back again: two moments of a machine that others may use.
    const up = [...points];
    const down = points.toReversed();
    const step = () => {
      const next = up[0];
      if (next !== undefined && decoder.length() < next.position) {
        decoder.feed(ids.subarray(fed, Math.min(next.position, fed + kFedAtOnce)));
        fed = decoder.length();
        return true;
      }
      const point = up.shift() ?? down.shift();
      if (point !== undefined) measureToken(point, decoder, ids, options.repetitions);
      ++visits;
      return down.length > 0;
    };
    const stopped = await loop(step, () => onProgress(report(false, false)));
    return report(true, stopped);
  } finally {
    handles.delete();
  }
}

/** Between two of a stop button's chances. */
const kFedAtOnce = 256;

function measureToken(point: ReadPoint, decoder: Decoder, ids: Int32Array, repetitions: number): void {
  const { position, seconds } = point;
  const token = ids.subarray(position, position + 1);
  for (let i = 0; i < repetitions; ++i) {
    seconds.push(
      timed(() => {
        decoder.truncate(position);
        return decoder.feed(token);
      }),
    );
  }
  point.bytes = decoder.bytesInUse();
  decoder.truncate(position);
}

/** Sequences of one length, generated together: each step gives each of them a token. */
export const measureBatches = async (
  options: BatchOptions,
  onProgress: (report: BatchReport) => void,
): Promise<BatchReport> => batchesWith(await lmEngine(options.threads), options, onProgress, runSteps);

export async function batchesWith(
  module: LmModule,
  options: BatchOptions,
  onProgress: (report: BatchReport) => void,
  loop: typeof runSteps,
): Promise<BatchReport> {
  const { batches, context, repetitions } = options;
  const most = Math.max(...batches);
  const handles = new Handles();
  try {
    const trained = handles.keep(new module.Lm(options.model));
    const model = handles.keep(module.Lm.withPositions(trained, context + kStepsTogether));
    const decoder = handles.keep(new module.Decoder(model, { ...options.decoder, sequences: most }));
    const ids = tokens(context + most, model.config().vocab);
    const points = batches.map((batch): BatchPoint => ({ batch, seconds: [] }));
    const { model: _, ...asked } = options;
    const order = Array.from({ length: repetitions }, () => points).flat();
    const all = order.length + most;
    let filled = 0;
    let cacheBytes = 0;
    const report = (done: boolean, stopped: boolean): BatchReport => ({
      options: asked,
      points: structuredClone(points),
      weightBytes: decoder.weightBytes(),
      cacheBytes,
      footprint: decoder.footprint().total,
      progress: done ? 1 : 1 - (order.length + most - filled) / all,
      done,
      stopped,
    });
    warmUp(decoder, ids);
    const step = () => {
      if (filled < most) {
        decoder.feedSequence(filled, ids.subarray(filled, filled + context));
        if (++filled === most) cacheBytes = decoder.bytesInUse();
        return true;
      }
      const point = order.shift();
      if (point !== undefined) measureSteps(point, decoder, ids, context);
      return order.length > 0;
    };
    const stopped = await loop(step, () => onProgress(report(false, false)));
    return report(true, stopped);
  } finally {
    handles.delete();
  }
}

const kStepsTogether = 16;

function measureSteps({ batch, seconds }: BatchPoint, decoder: Decoder, ids: Int32Array, context: number): void {
  const next = ids.subarray(0, batch);
  const some = () => {
    decoder.truncate(context);
    let sum = 0;
    for (let i = 0; i < kStepsTogether; ++i) sum += decoder.step(next);
    return sum;
  };
  seconds.push(timed(some) / kStepsTogether);
}
