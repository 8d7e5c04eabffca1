import { html, type TemplateResult } from 'lit';
import { renderXyPlot } from '#kit/xy-plot.ts';
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

export function renderTimes(points: readonly SizePoint[]): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Times">
    <table>
      <caption>
        <span>Time of one product: the median of its batches</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Size</th>
          <th scope="col">Time</th>
        </tr>
      </thead>
      <tbody>
        ${mediansOf(points).map(
          ({ size, seconds }) =>
            html`<tr>
              <th scope="row">${thousands(size)}</th>
              <td>${duration(seconds)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
