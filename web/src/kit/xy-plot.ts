import { css, html, type TemplateResult } from 'lit';
import { dots, kShapes, line, sign, strokes, type Point } from './plot/marks.ts';
import { kLeastWidth, renderPlot, type Mark } from './plot/plot.ts';
import { betweenTicks, fromZero, powers } from './plot/scale.ts';

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
const kMargin = { left: 68, right: 14, top: 14, bottom: 42 };
const kCurveSteps = 80;
/** How far a stroke may stretch a linear chart beyond its highest point. */
const kMostStroke = 1.5;

const lookOf = (series: number) => ({
  color: kColors[series % kColors.length]!,
  dash: kDashes[series % kDashes.length]!,
  shape: kShapes[series % kShapes.length]!,
});

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
    ${sign(lookOf(series).shape, 13, 6, lookOf(series))}
  </svg>`;

export function renderXyPlot(plot: XyPlot): TemplateResult {
  const { series, log, label, xTitle, yTitle, xText, yText } = plot;
  const width = Math.max(kLeastWidth, plot.width);
  const height = plot.height ?? Math.round(Math.min(360, Math.max(240, width * 0.5)));
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) return html``;
  // One slow repetition must not press all points to the foot: a stroke may end at the chart's edge.
  const edge = log ? Infinity : kMostStroke * Math.max(...all.map((point) => point.y));
  const xs = all.map((point) => point.x);
  const ys = all.flatMap(({ y, low, high }) => [y, low ?? y, Math.min(high ?? y, edge)]);
  const columns = Math.max(3, Math.floor(width / 90));
  const scale = log ? ' (logarithmic)' : '';
  return renderPlot({
    name: 'xy',
    ...{ label, width, height, margin: kMargin },
    x: { scale: log ? powers(xs, columns, 2) : fromZero(xs, columns), title: xTitle + scale, text: xText },
    y: { scale: log ? powers(ys, 6, 10) : betweenTicks(ys, 6), title: yTitle, text: yText },
    marks: series.flatMap((each, i) => marksOf(each, i, log)),
  });
}

function marksOf({ points, curve }: XySeries, index: number, log: boolean): Mark[] {
  const look = lookOf(index);
  const ranges = points.flatMap(({ x, y, low = y, high }) => (high === undefined ? [] : [{ x, low, high }]));
  return [
    line(curve === undefined ? points : curveOf(curve, points, log), look),
    strokes(ranges, look),
    dots(points, look),
  ];
}

function curveOf(curve: (x: number) => number, points: readonly XyPoint[], log: boolean): Point[] {
  const xs = points.map((point) => point.x);
  const [from, to] = [Math.min(...xs), Math.max(...xs)];
  const positive = Math.min(...points.map((point) => point.y)) / 2;
  return Array.from({ length: kCurveSteps + 1 }, (_, i) =>
    log ? from * (to / from) ** (i / kCurveSteps) : from + ((to - from) * i) / kCurveSteps,
  )
    .map((x) => ({ x, y: curve(x) }))
    .filter(({ y }) => y > (log ? positive : 0));
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
`;
