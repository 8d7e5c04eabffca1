import { css, html, nothing, svg, type TemplateResult } from 'lit';
import { niceTicks } from '#lab/ticks.ts';

/** Measured points over a number, with lines or a curve through them, on linear or logarithmic axes. */

export interface XyPoint {
  x: number;
  y: number;
  /** The ends of a stroke through the point, where there is a range to draw. */
  low?: number;
  high?: number;
}

export interface XySeries {
  name: string;
  points: readonly XyPoint[];
  /** Drawn instead of lines from point to point. */
  curve?: (x: number) => number;
}

export interface XyPlot {
  series: readonly XySeries[];
  xTitle: string;
  yTitle: string;
  xText: (value: number) => string;
  yText: (value: number) => string;
  /** Logarithmic in both directions. */
  log: boolean;
  width: number;
  /** For who can't see it. */
  label: string;
  height?: number;
}

const kColors = ['var(--lab-3)', 'var(--lab-7)', 'var(--lab-5)', 'var(--lab-2)'];
const kDashes = ['', '7 4', '2 3', '9 3 2 3'];
const kLeft = 68;
const kRight = 14;
const kTop = 14;
const kFoot = 42;
const kCurveSteps = 80;
/** How far a stroke may stretch a linear chart beyond its highest point. */
const kMostStroke = 1.5;

interface Scale {
  ticks: number[];
  at: (value: number) => number;
  low: number;
  high: number;
}

/** Shapes, so that colours needn't be told apart. */
function mark(series: number, x: number, y: number) {
  const color = kColors[series % kColors.length]!;
  const r = 4;
  switch (series % 4) {
    case 0:
      return svg`<circle cx=${x} cy=${y} r=${r} fill=${color} />`;
    case 1:
      return svg`<rect x=${x - r} y=${y - r} width=${2 * r} height=${2 * r} fill=${color} />`;
    case 2:
      return svg`<path d="M${x} ${y - r - 1}L${x + r + 1} ${y + r}L${x - r - 1} ${y + r}Z" fill=${color} />`;
    default:
      return svg`<path d="M${x} ${y - r - 1}L${x + r + 1} ${y}L${x} ${y + r + 1}L${x - r - 1} ${y}Z" fill=${color} />`;
  }
}

/** The sign of a series, for a legend or a table. */
export const renderSign = (series: number): TemplateResult =>
  html`<svg class="sign" viewBox="0 0 26 12" aria-hidden="true">
    <line
      x1="0"
      x2="26"
      y1="6"
      y2="6"
      stroke=${kColors[series % kColors.length]!}
      stroke-width="2"
      stroke-dasharray=${kDashes[series % kDashes.length]!}
    />
    ${mark(series, 13, 6)}
  </svg>`;

function scaleOf(values: readonly number[], log: boolean, from: number, to: number, most: number, base: number): Scale {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  if (!log) {
    const ticks = niceTicks(0, largest, most);
    // The decimal axis is upright and ends with a tick; the binary one, of positions and counts, with the data.
    if (base === 2) {
      const at = (value: number) => from + ((to - from) * value) / largest;
      return { ticks: ticks.filter((tick) => tick <= largest), low: 0, high: largest, at };
    }
    const high = ticks.at(-1)!;
    return { ticks, low: 0, high, at: (value) => from + ((to - from) * value) / high };
  }
  const power = (value: number) => Math.log(value) / Math.log(base);
  const low = Math.floor(power(least) + 1e-9);
  const top = Math.max(low + 1, Math.ceil(power(largest) - 1e-9));
  const stride = Math.max(1, Math.ceil((top - low) / most));
  const ticks = Array.from({ length: Math.floor((top - low) / stride) + 1 }, (_, i) => base ** (low + i * stride));
  const span = Math.log(base ** (top - low));
  return {
    ticks,
    low: base ** low,
    high: base ** top,
    at: (value) => from + ((to - from) * Math.log(value / base ** low)) / span,
  };
}

export function renderXyPlot(plot: XyPlot): TemplateResult {
  const { series, log, label } = plot;
  const width = Math.max(280, plot.width);
  const height = plot.height ?? Math.round(Math.min(360, Math.max(240, width * 0.5)));
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) return html``;
  const x = scaleOf(
    all.map((point) => point.x),
    log,
    kLeft,
    width - kRight,
    Math.max(3, Math.floor(width / 90)),
    2,
  );
  // One slow repetition must not press all points to the foot: a stroke may end at the chart's edge.
  const edge = log ? Infinity : kMostStroke * Math.max(...all.map((point) => point.y));
  const ys = all.flatMap(({ y, low, high }) => [y, low ?? y, Math.min(high ?? y, edge)]);
  const y = scaleOf(ys, log, height - kFoot, kTop, 6, 10);
  return html`<svg class="chart xy" viewBox="0 0 ${width} ${height}" role="img" aria-label=${label}>
    ${renderAxes(plot, x, y, width, height)} ${series.map((each, i) => renderSeries(each, i, x, y, log))}
  </svg>`;
}

function renderAxes({ xTitle, yTitle, xText, yText, log }: XyPlot, x: Scale, y: Scale, width: number, height: number) {
  const bottom = height - kFoot;
  return svg`${y.ticks.map(
    (tick) =>
      svg`<line class="grid" x1=${kLeft} x2=${width - kRight} y1=${y.at(tick)} y2=${y.at(tick)} />
        <text class="tick" x=${kLeft - 7} y=${y.at(tick) + 4} text-anchor="end">${tick === 0 ? '0' : yText(tick)}</text>`,
  )}
    ${x.ticks.map(
      (tick) =>
        svg`<line class="grid" x1=${x.at(tick)} x2=${x.at(tick)} y1=${kTop} y2=${bottom} />
          <text class="tick" x=${x.at(tick)} y=${bottom + 17} text-anchor=${x.at(tick) > width - kRight - 20 ? 'end' : 'middle'}>${tick === 0 ? '0' : xText(tick)}</text>`,
    )}
    <text class="tick" x=${(kLeft + width - kRight) / 2} y=${height - 6} text-anchor="middle">${xTitle}${log ? ' (logarithmic)' : ''}</text>
    <text class="tick" transform="translate(12 ${(kTop + bottom) / 2}) rotate(-90)" text-anchor="middle">${yTitle}</text>`;
}

function renderSeries({ points, curve }: XySeries, index: number, x: Scale, y: Scale, log: boolean) {
  const color = kColors[index % kColors.length]!;
  const place = (at: number, value: number) => `${x.at(at).toFixed(1)},${y.at(value).toFixed(1)}`;
  const line =
    curve === undefined ? points.map((point) => place(point.x, point.y)) : curveOf(curve, points, log, place);
  return svg`<polyline points=${line.join(' ')} stroke=${color} stroke-dasharray=${kDashes[index % kDashes.length]!} />
    ${points.map((point) =>
      point.high === undefined
        ? nothing
        : svg`<line x1=${x.at(point.x)} x2=${x.at(point.x)} y1=${y.at(point.low ?? point.y)} y2=${y.at(Math.min(point.high, y.high))} stroke=${color} stroke-width="1.5" />`,
    )}
    ${points.map((point) => mark(index, x.at(point.x), y.at(point.y)))}`;
}

function curveOf(
  curve: (x: number) => number,
  points: readonly XyPoint[],
  log: boolean,
  place: (x: number, y: number) => string,
): string[] {
  const xs = points.map((point) => point.x);
  const [from, to] = [Math.min(...xs), Math.max(...xs)];
  const positive = Math.min(...points.map((point) => point.y)) / 2;
  return Array.from({ length: kCurveSteps + 1 }, (_, i) =>
    log ? from * (to / from) ** (i / kCurveSteps) : from + ((to - from) * i) / kCurveSteps,
  )
    .map((at) => [at, curve(at)] as const)
    .filter(([, value]) => value > (log ? positive : 0))
    .map(([at, value]) => place(at, value));
}

/** Beside chartStyles. */
export const xyStyles = css`
  figcaption {
    font-size: 0.8125rem;
  }
  svg.sign {
    width: 26px;
    height: 12px;
    vertical-align: -1px;
    margin-inline: 0.15rem;
  }
  polyline {
    fill: none;
    stroke-width: 2;
    stroke-linejoin: round;
  }
`;
