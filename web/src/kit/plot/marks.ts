import { nothing, svg } from 'lit';
import type { Mark } from './plot.ts';

/** What charts are made of. A mark takes its data and how it looks; scales and axes are the chart's. */

export interface Point {
  x: number;
  y: number;
}

export interface Look {
  color?: string;
  dash?: string;
  /** A class, for an element's own styles and for tests. */
  name?: string;
}

/** From point to point. */
export const line =
  (points: readonly Point[], { color, dash, name = '' }: Look = {}): Mark =>
  ({ x, y }) =>
    svg`<polyline class=${name} points=${points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ')}
      stroke=${color ?? nothing} stroke-dasharray=${dash ?? nothing} fill="none" stroke-width="2" stroke-linejoin="round" />`;

/** Strokes through points, cut where the chart ends. */
export const strokes =
  (ranges: readonly { x: number; low: number; high: number }[], { color }: Look = {}): Mark =>
  ({ x, y, yScale }) =>
    ranges.map(
      (range) =>
        svg`<line x1=${x(range.x)} x2=${x(range.x)} y1=${y(range.low)} y2=${y(Math.min(range.high, yScale.high))} stroke=${color ?? nothing} stroke-width="1.5" />`,
    );

export const kShapes = ['circle', 'square', 'triangle', 'diamond'] as const;
export type Shape = (typeof kShapes)[number];

/** A sign in pixels; shapes, so that colours needn't be told apart. */
export function sign(shape: Shape, x: number, y: number, { color, name = '' }: Look = {}, r = 4) {
  const fill = color ?? nothing;
  switch (shape) {
    case 'circle':
      return svg`<circle class=${name} cx=${x} cy=${y} r=${r} fill=${fill} />`;
    case 'square':
      return svg`<rect class=${name} x=${x - r} y=${y - r} width=${2 * r} height=${2 * r} fill=${fill} />`;
    case 'triangle':
      return svg`<path class=${name} d="M${x} ${y - r - 1}L${x + r + 1} ${y + r}L${x - r - 1} ${y + r}Z" fill=${fill} />`;
    case 'diamond':
      return svg`<path class=${name} d="M${x} ${y - r - 1}L${x + r + 1} ${y}L${x} ${y + r + 1}L${x - r - 1} ${y}Z" fill=${fill} />`;
  }
}

export const dots =
  (points: readonly Point[], look: Look & { shape?: Shape; r?: number } = {}): Mark =>
  ({ x, y }) =>
    points.map((point) => sign(look.shape ?? 'circle', x(point.x), y(point.y), look, look.r));

/** Bars of equal width side by side from the axis up: a histogram's counts, from the value `from` on. */
export const bars =
  (
    { from, width, counts }: { from: number; width: number; counts: readonly number[] },
    { color, name = '' }: Look = {},
  ): Mark =>
  ({ x, y, bottom }) =>
    counts.map((count, i) => {
      const left = x(from + i * width);
      const size = x(from + (i + 1) * width) - left;
      return svg`<rect class=${name} x=${left + 0.5} width=${Math.max(1, size - 1)} y=${y(count)} height=${bottom - y(count)} fill=${color ?? nothing} />`;
    });

/** An upright line through the whole chart with its name beside its upper end; none outside of the axis. */
export const marker =
  (value: number, text: string, { name = '', before = false }: Look & { before?: boolean } = {}): Mark =>
  ({ x, xScale, top, bottom }) =>
    value < xScale.low || value > xScale.high
      ? []
      : svg`<line class=${name} x1=${x(value)} x2=${x(value)} y1=${top} y2=${bottom} />
        <text class="tick" x=${before ? x(value) - 4 : x(value) + 4} y=${top + 8} text-anchor=${before ? 'end' : 'start'}>${text}</text>`;

/** A level line through the whole chart, as the grid's. */
export const rule =
  (value: number): Mark =>
  ({ y, left, right }) =>
    svg`<line class="grid" x1=${left} x2=${right} y1=${y(value)} y2=${y(value)} />`;
