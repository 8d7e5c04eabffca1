// What the report says of the family `caching` beside its tables.
import { exponentAt, fitGrowth, type GrowthFit, predicted } from '#lab/growth.ts';
import { median } from '#lab/statistics.ts';
import { speeds } from './figures.ts';
import type { Section } from './types.ts';

/** Seconds of a token at each position, medians. */
function costs({ tasks }: Section, threads: number, row: string) {
  return tasks.flatMap((result) => {
    const { task } = result;
    const lane = result.lanes.find((each) => each.threads === threads && each.row === row);
    if (task.family !== 'caching' || task.kind !== 'token' || !lane || lane.problem !== null) return [];
    const values = speeds(result, lane);
    return values.length === 0 ? [] : [{ position: task.prompt, seconds: 1 / median(values) }];
  });
}

/** Never 2e+1. */
const digits = (value: number, count: number) => Number(value.toPrecision(count)).toLocaleString('en');

function fitText({ a, b, c, residual }: GrowthFit, longest: number): string {
  const in_ = (unit: number, { value, error }: GrowthFit['a']) =>
    `${digits(value / unit, 3)} ± ${digits(error / unit, 1)}`;
  return [
    `a = ${in_(1e-6, a)} µs`,
    `b = ${in_(1e-9, b)} ns`,
    `c = ${in_(1e-12, c)} ps`,
    `residual ${digits(residual / 1e-6, 2)} µs`,
    `at ${longest} the curve's own exponent is ${exponentAt((t) => predicted({ a, b, c, points: 0, residual }, t), longest / 2).toFixed(2)}`,
  ].join(', ');
}

/** Curves through the measured times, beside what the operation counts say. */
export function growthSummary(section: Section): string {
  const lines = [1, 2].flatMap((threads) =>
    (['cached', 'uncached'] as const).flatMap((row) => {
      const points = costs(section, threads, row);
      const fit = fitGrowth(points, 4096);
      const who = `${row === 'cached' ? 'with the cache' : 'without'}, ${threads} thread${threads > 1 ? 's' : ''}`;
      return fit === null ? [] : [`- ${who}: ${fitText(fit, points.at(-1)!.position)}.`];
    }),
  );
  if (lines.length === 0) return '';
  return `
Least squares, seconds of a token = a + b·t + c·t² through the medians (± standard error):

${lines.join('\n')}

Attention's operations grow with t with the cache and with t² without; those of a whole text with t² and t³. The matrices' grow with neither, and with t. So the exponent
of the whole comes from how far each part has come at these positions.
`;
}
