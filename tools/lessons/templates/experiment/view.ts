import { html, type TemplateResult } from 'lit';
import { renderXyPlot } from '#kit/xy-plot.ts';
import { renderTable } from '#kit/table.ts';
import { duration, thousands } from '#lab/text.ts';
import { mediansOf } from './growth.ts';
import type { SizePoint } from './task.ts';

export function renderCurve(points: readonly SizePoint[], width: number): TemplateResult {
  return html`<figure>
    <figcaption><strong>Time of one product</strong> by its size</figcaption>
    ${renderXyPlot({
      series: [{ name: 'time', points: mediansOf(points).map(({ size, seconds }) => ({ x: size, y: seconds })) }],
      xTitle: 'rows and columns',
      yTitle: 'time of a product',
      xText: thousands,
      yText: duration,
      log: true,
      width,
      label: 'Time of one product by its size. The table below has the figures.',
    })}
  </figure>`;
}

export const renderTimes = (points: readonly SizePoint[]): TemplateResult =>
  renderTable({
    label: 'Times',
    caption: 'Time of one product: the median of its batches',
    columns: ['Size', 'Time'],
    rows: mediansOf(points).map(({ size, seconds }) => [thousands(size), duration(seconds)]),
  });
