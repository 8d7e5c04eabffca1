import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from 'lit';
import { kLeastWidth, renderPlot, type Mark } from '#kit/plot/plot.ts';
import { around } from '#kit/plot/scale.ts';
import {
  costOf,
  figuresOf,
  paretoFront,
  policyName,
  rateText,
  type PointFigures,
  type PolicyPoint,
} from './policies.ts';
import type { Difference } from './perplexity.ts';
import { byteSize, duration, threeDigits } from '#lab/text.ts';

export type Across = 'memory' | 'time';

/** "+0.0123 ± 0.0004" */
export const differenceText = ({ bitsPerByte, error }: Difference): string =>
  `${bitsPerByte < 0 ? '−' : '+'}${Math.abs(bitsPerByte).toFixed(4)} ± ${error.toFixed(4)}`;

const kHeight = 300;
const kMargin = { left: 64, right: 16, top: 12, bottom: 44 };
const kTicks = 5;

/** How much farther up than all others a point may lie before it is drawn at the edge: else the others would be one line. */
const kFar = 4;

/** The values without the largest ones that lie too far from the rest. */
export function withoutFar(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  while (sorted.length > 2) {
    const [low, next, last] = [sorted[0]!, sorted.at(-2)!, sorted.at(-1)!];
    if (last - low <= kFar * (next - low)) break;
    sorted.pop();
  }
  return sorted;
}

interface Placed {
  point: PolicyPoint;
  number: number;
  figures: PointFigures;
}

/** The finished points of one model and text, by their number in the table. */
export function placedPoints(points: readonly PolicyPoint[], like: PolicyPoint | undefined): Placed[] {
  return points.flatMap((point, i) => {
    const figures = figuresOf(point);
    const { model, tokens } = point.settings;
    const comparable = like === undefined || (model === like.settings.model && tokens === like.settings.tokens);
    return figures === null || point.report.stopped || !comparable ? [] : [{ point, number: i + 1, figures }];
  });
}

export function renderScatter(
  points: readonly PolicyPoint[],
  across: Across,
  available: number,
): TemplateResult | typeof nothing {
  const placed = placedPoints(points, points.at(-1));
  if (placed.length === 0) return nothing;
  const xOf = ({ figures }: Placed) =>
    across === 'memory' ? (figures.cacheBytes + figures.weightBytes) / 2 ** 20 : figures.seconds * 1e3;
  const yOf = ({ figures }: Placed) => figures.score.bitsPerByte;
  const front = new Set(paretoFront(points));
  const title = across === 'memory' ? 'memory: cache and weights, MiB' : 'time of a token, ms';
  const policies: Mark = ({ x, y, yScale, top }) => {
    const dots = placed.map((each): Dot => {
      const far = yOf(each) > yScale.high;
      const place = { x: x(xOf(each)), y: far ? top + 8 : y(yOf(each)) };
      return { ...each, ...place, far, isFront: front.has(each.point), below: false };
    });
    placeLabels(dots);
    return dots.map(renderDot);
  };
  return renderPlot({
    label: `Bits per byte against ${title}, one dot a policy; the table has all figures`,
    ...{ width: Math.max(kLeastWidth, available), height: kHeight, margin: kMargin },
    x: { scale: around(placed.map(xOf), kTicks), title, text: label },
    y: { scale: around(withoutFar(placed.map(yOf)), kTicks), title: 'bits per byte', text: label },
    marks: [policies],
  });
}

const label = (value: number): string => String(Number(value.toPrecision(4)));

interface Dot extends Placed {
  x: number;
  y: number;
  /** Its place is above the drawing. */
  far: boolean;
  isFront: boolean;
  /** Its label is below, since the upper right is taken. */
  below: boolean;
}

function placeLabels(marks: readonly Dot[]): void {
  const sorted = marks.toSorted((a, b) => a.x - b.x);
  for (const [i, mark] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before === undefined) continue;
    if (mark.x - before.x < 30 && Math.abs(mark.y - before.y) < 22) mark.below = !before.below;
  }
}

function renderDot({ point, number, figures, x, y, far, isFront, below }: Dot): SVGTemplateResult {
  const bits = figures.score.bitsPerByte.toFixed(4);
  return svg`<g>
    <title>${number}: ${policyName(point.settings)}, ${bits} bits per byte</title>
    ${isFront ? svg`<circle class="ring" cx=${x} cy=${y} r="9.5" />` : nothing}
    <circle class="point ${isFront ? 'front' : ''}" cx=${x} cy=${y} r="6" />
    <text class="label" x=${x + (below ? 4 : 10)} y=${below ? y + 21 : y - 7}>${number}${far ? ` ↑ ${bits}` : ''}</text>
  </g>`;
}

export function renderPoints(
  points: readonly PolicyPoint[],
  choose: (point: PolicyPoint) => void,
  disabled: boolean,
): TemplateResult {
  const front = new Set(paretoFront(points));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The policies that were tried">
    <table>
      <caption>
        <span
          >Policies that were tried. “front”: of the same model and text, none is as good in memory, time and prediction
          together and better in one (times within 5 % count as equal). “More bits per byte”: than keeping
          everything.</span
        >
      </caption>
      <thead>
        <tr>
          <th scope="col">No.</th>
          <th scope="col" class="name">Policy</th>
          ${['Cache', 'Weights', 'Tokens/s', 'Perplexity', 'More bits per byte', 'Bits per byte', 'Text', ''].map(
            (title) => html`<th scope="col">${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${points.map((point, i) => renderRow(point, i + 1, points, front.has(point), choose, disabled))}
      </tbody>
    </table>
  </div>`;
}

function renderRow(
  point: PolicyPoint,
  number: number,
  points: readonly PolicyPoint[],
  isFront: boolean,
  choose: (point: PolicyPoint) => void,
  disabled: boolean,
): TemplateResult {
  const { settings, report } = point;
  const figures = figuresOf(point);
  const cost = report.stopped ? null : costOf(point, points);
  const score = figures?.score;
  return html`<tr>
    <th scope="row">${number}</th>
    <td class="name">
      <button class="link" ?disabled=${disabled} title="Takes these settings" @click=${() => choose(point)}>
        ${policyName(settings)}
      </button>
    </td>
    <td>${byteSize(report.footprint.total)}</td>
    <td>${byteSize(report.weightBytes)}</td>
    <td
      title=${figures === null ? '' : `${duration(figures.seconds)} a token in the fastest of ${report.rounds.length} rounds, ${duration(figures.medianSeconds)} in the median`}
    >
      ${figures === null ? '–' : rateText(figures.seconds)}
    </td>
    <td>${score === undefined ? '–' : `${threeDigits(score.perplexity)} ± ${threeDigits(score.perplexityError)}`}</td>
    <td>${cost === null ? '–' : differenceText(cost)}</td>
    <td>${score === undefined ? '–' : `${score.bitsPerByte.toFixed(4)} ± ${score.bitsPerByteError.toFixed(4)}`}</td>
    <td>${settings.model === 'lm' ? 'moby-lm' : 'tiny'}, ${settings.tokens}</td>
    <td>${report.stopped ? 'stopped' : isFront ? 'front' : ''}</td>
  </tr>`;
}
