import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from 'lit';
import type { Scale } from './scale.ts';

/** The frame that charts share: size, axes, and marks on common scales. */

/** Pixels of a drawing by the values of its axes. */
export interface Place {
  x: (value: number) => number;
  y: (value: number) => number;
  xScale: Scale;
  yScale: Scale;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** What is drawn of some data: it reads its own channels and places them with the chart's scales. */
export type Mark = (place: Place) => SVGTemplateResult | readonly (SVGTemplateResult | typeof nothing)[];

export interface Axis {
  scale: Scale;
  title?: string;
  text?: (value: number) => string;
  /** Lines through the whole chart, short ones below the axis, or none. */
  grid?: 'lines' | 'short' | 'none';
  /** The first label begins at its tick and the last one ends there, instead of standing in its middle. */
  inside?: boolean;
}

export interface Plot {
  /** For who can't see it; it names the table that has the same figures. */
  label: string;
  x: Axis;
  y: Axis;
  marks: readonly Mark[];
  width: number;
  height: number;
  margin: { left: number; right: number; top: number; bottom: number };
  /** Names the drawing for styles and tests. */
  name?: string;
}

/** Narrower than this a drawing is not legible: it is scaled instead. */
export const kLeastWidth = 280;
/** How wide each of two drawings is that stand side by side where they fit. */
export const halfWidth = (available: number): number =>
  Math.max(kLeastWidth, available < 664 ? available : (available - 24) / 2);

export function placeFor({ x, y, width, height, margin }: Omit<Plot, 'marks' | 'label'>): Place {
  const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
  return {
    x: (value) => left + (right - left) * x.scale.share(value),
    y: (value) => bottom - (bottom - top) * y.scale.share(value),
    xScale: x.scale,
    yScale: y.scale,
    ...{ left, right, top, bottom },
  };
}

export function renderPlot(plot: Plot): TemplateResult {
  const place = placeFor(plot);
  return html`<svg
    class="chart ${plot.name ?? ''}"
    viewBox="0 0 ${plot.width} ${plot.height}"
    role="img"
    aria-label=${plot.label}
  >
    ${renderY(plot.y, place)} ${renderX(plot.x, place)} ${plot.marks.map((mark) => mark(place))}
  </svg>`;
}

const label = (value: number, text: Axis['text']): string => (value === 0 ? '0' : (text ?? String)(value));

function renderY({ scale, title, text, grid = 'lines' }: Axis, { y, left, right, top, bottom }: Place) {
  return svg`${scale.ticks.map(
    (
      tick,
    ) => svg`${grid === 'none' ? nothing : svg`<line class="grid" x1=${left} x2=${right} y1=${y(tick)} y2=${y(tick)} />`}
      <text class="tick" x=${left - 7} y=${y(tick) + 4} text-anchor="end">${label(tick, text)}</text>`,
  )}
    ${title === undefined ? nothing : svg`<text class="tick" transform="translate(12 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${title}</text>`}`;
}

function renderX(axis: Axis, { x, left, right, top, bottom }: Place) {
  const { scale, title, text, grid = 'lines', inside = false } = axis;
  const last = scale.ticks.length - 1;
  const anchor = (tick: number, i: number) =>
    inside && i === 0
      ? 'start'
      : (inside && i === last) || (grid === 'lines' && x(tick) > right - 20)
        ? 'end'
        : 'middle';
  const [from, to] = grid === 'lines' ? [top, bottom] : [bottom, bottom + 4];
  return svg`${scale.ticks.map(
    (
      tick,
      i,
    ) => svg`${grid === 'none' ? nothing : svg`<line class="grid" x1=${x(tick)} x2=${x(tick)} y1=${from} y2=${to} />`}
      <text class="tick" x=${x(tick)} y=${bottom + 18} text-anchor=${anchor(tick, i)}>${label(tick, text)}</text>`,
  )}
    ${title === undefined ? nothing : svg`<text class="tick" x=${(left + right) / 2} y=${bottom + 35} text-anchor="middle">${title}</text>`}`;
}
