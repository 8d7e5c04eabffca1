// The targets that compare OptLab with something else than the best peer: with the device's own limits, and with itself.
import { type Family, kWebSet, type Limit, type Source } from './family.ts';
import { ratioText, speeds } from './figures.ts';
import { bootstrap, summarize, verdict } from './statistics.ts';
import type { TaskResult } from './types.ts';

function source(result: TaskResult): Source {
  return {
    lane: (id) => {
      const found = result.lanes.find((lane) => lane.id === id);
      return found ? speeds(result, found) : [];
    },
    peak: (wanted) => result.peaks.flatMap((round) => round.filter(wanted).map(({ value }) => 1e-9 * value)),
  };
}

/** The limits that belong to the browser's tables, or those of the native ones. */
export function limitsOf({ limits }: Family, part: 'web' | 'native'): Limit[] {
  return limits.filter(({ set = kWebSet }) => (set === kWebSet) === (part === 'web'));
}

/** The value of a limit, if all that it takes was measured. */
export function limitValue({ shape, samples, value }: Limit, tasks: readonly TaskResult[]) {
  const result = tasks.find(({ task }) => task.name === shape);
  if (!result) return undefined;
  const given = samples(source(result));
  return given.some(({ length }) => length === 0) ? undefined : { ratio: bootstrap(given, value), given };
}

const kCeilingVerdicts: Readonly<Record<string, string>> = { met: 'within reach', missed: 'beyond this device' };

/** Rows of the table: shape, what, value, target, verdict. */
export function limitRows(limits: readonly Limit[], tasks: readonly TaskResult[]): string[][] {
  return limits.flatMap((limit) => {
    const { shape, what, target, kind, optional = false } = limit;
    if (!tasks.some(({ task }) => task.name === shape)) return [];
    const wanted = target === undefined ? '–' : `≥ ${target}`;
    const found = limitValue(limit, tasks);
    if (!found) return optional ? [] : [[shape, what, '–', wanted, 'no verdict (not measured)']];
    const { ratio, given } = found;
    if (target === undefined) return [[shape, what, ratioText(ratio), wanted, '–']];
    if (kind === 'ceiling')
      return [[shape, what, ratioText(ratio), wanted, kCeilingVerdicts[ratio.value >= target ? 'met' : 'missed']!]];
    return [[shape, what, ratioText(ratio), wanted, verdict(ratio, target, given.map(summarize))]];
  });
}
