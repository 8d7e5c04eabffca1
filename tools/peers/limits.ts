// The targets that compare OptLab with something else than the best peer: with the device's own limits, and with itself.
import { kWebSet, type Limit, type Source } from './family.ts';
import { ratioText, speeds } from './figures.ts';
import { bootstrap, summarize, verdict } from './statistics.ts';
import type { TaskResult } from './types.ts';

function source(result: TaskResult): Source {
  return {
    lane: (id) => {
      const found = result.lanes.find((lane) => lane.id === id && lane.set === kWebSet);
      return found ? speeds(result, found) : [];
    },
    peak: (wanted) => result.peaks.flatMap((round) => round.filter(wanted).map(({ value }) => 1e-9 * value)),
  };
}

/** Rows of the table: shape, what, value, target, verdict. */
export function limitRows(limits: readonly Limit[], tasks: readonly TaskResult[]): string[][] {
  return limits.flatMap(({ shape, what, target, samples, value }) => {
    const result = tasks.find(({ task }) => task.name === shape);
    if (!result) return [];
    const given = samples(source(result));
    if (given.some(({ length }) => length === 0))
      return [[shape, what, '–', `≥ ${target}`, 'no verdict (not measured)']];
    const ratio = bootstrap(given, value);
    return [[shape, what, ratioText(ratio), `≥ ${target}`, verdict(ratio, target, given.map(summarize))]];
  });
}
