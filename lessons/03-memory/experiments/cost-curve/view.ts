import { html, nothing, type TemplateResult } from 'lit';
import {
  costPoints,
  exponentRows,
  fitOf,
  kWays,
  measuredCrossing,
  overtakes,
  tokenFlops,
  wholeGenerations,
  type Way,
} from './costs.ts';
import { predicted, type Estimate, type GrowthFit } from '#lab/growth.ts';
import { duration, thousands, threeDigits, times } from '#lab/text.ts';
import type { GrowthReport } from './task.ts';
import { renderSign, renderXyPlot } from '#kit/xy-plot.ts';
import { cell, renderTable } from '#kit/table.ts';

export const kWayNames: Record<Way, string> = { cached: 'with the cache', uncached: 'without' };

export function renderCurves(report: GrowthReport, log: boolean, width: number): TemplateResult {
  const series = kWays.map((way) => {
    const points = costPoints(report.points, way);
    const fit = fitOf(points);
    return {
      name: kWayNames[way],
      points: points.map(({ position, seconds, high }) => ({ x: position, y: seconds, high })),
      ...(fit === null ? {} : { curve: (at: number) => predicted(fit, at) }),
    };
  });
  return html`<figure>
    <figcaption>
      <strong>Time of one token</strong> by the number of tokens before it: ${renderSign(0)} ${kWayNames.cached},
      ${renderSign(1)} ${kWayNames.uncached}. Points are the fastest of three repetitions, with a stroke up to the
      slowest; lines are the fitted curves.
    </figcaption>
    ${renderXyPlot({
      series,
      xTitle: 'position (tokens before)',
      yTitle: 'time of the token',
      xText: thousands,
      yText: duration,
      log,
      width,
      label:
        'Time of one token by position, with the cache and without, measured points and fitted curves. The tables below have the figures.',
    })}
  </figure>`;
}

/** "312 ± 4 µs": in the unit that the value reads best in. */
function estimateText({ value, error }: Estimate, per: string): string {
  const size = Math.max(Math.abs(value), error);
  const [unit, scale] =
    size >= 1e-3 ? ['ms', 1e3] : size >= 1e-6 ? ['µs', 1e6] : size >= 1e-9 ? ['ns', 1e9] : ['ps', 1e12];
  const digits = (number: number) => (Math.abs(number) < 0.005 ? '0' : threeDigits(number));
  return `${digits(value * Number(scale))} ± ${digits(error * Number(scale))} ${unit}${per}`;
}

const isCertain = ({ value, error }: Estimate): boolean => Math.abs(value) > 2 * error;

export function renderFits(report: GrowthReport): TemplateResult {
  const fits = kWays.map((way) => ({ way, fit: fitOf(costPoints(report.points, way)) }));
  const rows = fits.filter((row): row is { way: Way; fit: GrowthFit } => row.fit !== null);
  if (rows.length === 0) return html``;
  return html`${renderTable({
      label: 'Fitted curves',
      caption:
        'The curves: a + b·t + c·t² for the token after t others, least squares of the relative deviations, with standard errors',
      columns: ['Token', 'a', 'b, each position', 'c, each squared', 'deviation'],
      rows: rows.map(({ way, fit }) => [
        kWayNames[way],
        ...[fit.a, fit.b, fit.c].map((each, i) =>
          cell(estimateText(each, ['', '/t', '/t²'][i]!), isCertain(each) ? {} : { name: 'muted' }),
        ),
        `${threeDigits(100 * fit.residual)} %`,
      ]),
    })}
    <p class="small muted">
      A coefficient in grey is not told apart from 0 by these points (within two standard errors).
    </p>
    ${rows.map(({ way, fit }) => renderCrossing(report, way, fit))}`;
}

/** Where attention overtakes the matrices: by operations, and by the times. */
function renderCrossing({ config, points }: GrowthReport, way: Way, fit: GrowthFit): TemplateResult {
  const counted = overtakes(config, way);
  const measured = measuredCrossing(fit, way);
  const longest = points.at(-1)?.position ?? 0;
  const last = tokenFlops(config, way, longest);
  const share = (100 * last.attention) / (last.attention + last.matrices);
  const parts = way === 'cached' ? 'a/b' : 'b/c';
  return html`<p class="small">
    <strong>${way === 'cached' ? 'With the cache' : 'Without'}</strong>, attention has more operations than the matrices
    from position <strong>${thousands(counted)}</strong> on (at ${thousands(longest)} it has ${threeDigits(share)} % of
    them).
    ${
      measured === null
        ? html`From these times no such position can be told: ${parts} is too uncertain.`
        : html`By these times (${parts}) the growing part has caught up at
            <strong>${thousands(measured.value)} ± ${thousands(measured.error)}</strong>${
              Math.abs(measured.value - counted) <= 2 * measured.error
                ? ', which agrees with the count'
                : measured.value > counted
                  ? ': an operation of attention takes less time here than one of the matrices'
                  : ': an operation of attention takes more time here than one of the matrices'
            }.`
    }
  </p>`;
}

/** Exponents, with what the operations say beside them. */
export function renderExponents(report: GrowthReport): TemplateResult | typeof nothing {
  const rows = exponentRows(report);
  const longest = report.points.at(-1)?.position ?? 0;
  if (rows.length === 0) return nothing;
  const token = rows.filter(({ whole }) => !whole);
  const below = token.filter(({ measured, limit }) => measured < limit - 0.1);
  return html`${renderTable({
    label: 'Exponents of growth',
    caption: html`Exponents from ${thousands(longest / 2)} to ${thousands(longest)} tokens: e where twice the tokens
      take 2<sup>e</sup> times as much`,
    columns: ['Cost', 'measured time', 'all operations', 'attention’s alone', 'its limit'],
    rows: rows.map(({ way, whole, measured, operations, attention, limit }) => [
      `${whole ? 'all tokens' : 'one token'}, ${kWayNames[way]}`,
      html`<strong>${measured.toFixed(2)}</strong>`,
      operations.toFixed(2),
      attention.toFixed(2),
      limit,
    ]),
  })}
  ${
    below.length === 0
      ? nothing
      : html`<p class="small muted">
          Measured exponents below attention’s are no error: each token also goes through all matrices, which costs the
          same at every
          position${below.some(({ way }) => way === 'uncached') ? ' (without the cache: the same for each token that is computed again)' : ''}.
          As long as that is most of the work, the time grows more slowly than attention does.
        </p>`
  }`;
}

export function renderGenerations(report: GrowthReport): TemplateResult | typeof nothing {
  const rows = wholeGenerations(report.points);
  if (rows.length === 0) return nothing;
  return renderTable({
    label: 'Whole generations',
    caption: 'Whole generations, added up from the points above; not measured as a whole',
    columns: ['Tokens', 'with the cache', 'without', 'speed-up'],
    rows: rows.map(({ tokens, cached, uncached }) => [
      thousands(tokens),
      duration(cached),
      duration(uncached),
      html`<strong>${times(uncached / cached)}</strong>`,
    ]),
  });
}

export function renderPoints(report: GrowthReport): TemplateResult {
  const cellsOf = (way: Way, index: number) => {
    const [point] = costPoints([report.points[index]!], way);
    return point === undefined ? ['–', '–'] : [duration(point.seconds), duration(point.high)];
  };
  return html`<details>
    <summary>All points as a table</summary>
    ${renderTable({
      label: 'All points',
      caption: 'Time of one token by position: the fastest and the slowest repetition',
      columns: ['Position', ...kWays.flatMap((way) => [kWayNames[way], 'slowest'])],
      rows: report.points.map(({ position }, i) => [thousands(position), ...kWays.flatMap((way) => cellsOf(way, i))]),
    })}
  </details>`;
}
