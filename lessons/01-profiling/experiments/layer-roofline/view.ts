import { html, type TemplateResult } from 'lit';
import { boundText, type Bound, type LayerDot } from '#lab/layers.ts';
import type { ProfileReport } from '#lab/profile.ts';
import { byteSize, duration, thousands, threeDigits } from '#lab/text.ts';
import { kLabelGap, px, py, type Frame } from '#kit/roofline-plot.ts';
import { cell, renderTable } from '#kit/table.ts';

/** Of a label's letters, and how far from its dot it begins. */
const kLetter = 7;
export const kAside = 11;
const kDot = 6.5;

export interface DotTableOptions {
  open: boolean;
  colorOf: (layer: string) => string;
  boundOf: (dot: LayerDot) => Bound | null;
}

export function renderDotTable(dots: readonly LayerDot[], { open, colorOf, boundOf }: DotTableOptions): TemplateResult {
  return html`<details ?open=${open}>
    <summary>As a table</summary>
    ${renderTable({
      label: 'The layers as a table',
      caption: 'Layers under the roofline',
      columns: ['Layer', 'Batch', 'FLOP/byte', 'GFLOP/s', 'Roof', 'Limited by', 'Bytes', 'Time'],
      rows: dots.map((dot) => {
        const bound = boundOf(dot);
        return [
          html`<span class="dot-mark" style="background:${colorOf(dot.name)}" aria-hidden="true"></span>${dot.name}`,
          dot.batch,
          threeDigits(dot.intensity),
          threeDigits(dot.rate / 1e9),
          bound === null ? '–' : threeDigits(bound.roof / 1e9),
          cell(boundText(bound), { name: 'bound' }),
          byteSize(dot.bytes),
          duration(dot.seconds),
        ];
      }),
    })}
  </details>`;
}

export function renderBatchTable(reports: readonly ProfileReport[]): TemplateResult {
  const unit = reports[0]?.unit ?? 'image';
  return renderTable({
    label: 'Batches as a table',
    caption: 'The whole model, by batch',
    columns: ['Batch', 'Time', '95 % interval', `Per ${unit}`, `${unit === 'image' ? 'Images' : 'Tokens'} a second`],
    rows: reports.flatMap(({ batch, run }) =>
      run === null
        ? []
        : [
            [
              batch,
              duration(run.median),
              `${duration(run.low)} … ${duration(run.high)}`,
              duration(run.median / batch),
              thousands(batch / run.median),
            ],
          ],
    ),
  });
}

/** Each layer's dot of the largest batch. */
export function lastOfEach(dots: readonly LayerDot[]): LayerDot[] {
  return dots.filter((dot) => !dots.some((other) => other.name === dot.name && other.batch > dot.batch));
}

/** Labels beside their dots, moved down where two would overlap or one would cover another dot. */
export function placeLabels(dots: readonly LayerDot[], frame: Frame) {
  const placed: { dot: LayerDot; x: number; y: number; before: boolean; left: number; right: number }[] = [];
  for (const dot of [...dots].sort((a, b) => b.rate - a.rate)) {
    const x = px(frame, dot.intensity);
    const before = x > (frame.left + frame.right) / 2;
    const width = kLetter * dot.name.length;
    const [left, right] = before ? [x - kAside - width, x - kAside] : [x + kAside, x + kAside + width];
    let y = py(frame, dot.rate);
    const collides = () =>
      placed.some((other) => other.left < right && left < other.right && Math.abs(other.y - y) < kLabelGap) ||
      dots.some((other) => {
        const at = px(frame, other.intensity);
        const covered = other !== dot && at > left - kDot && at < right + kDot;
        return covered && Math.abs(py(frame, other.rate) - y) < kDot + kLabelGap / 3;
      });
    while (collides()) y += 2;
    placed.push({ dot, x, y, before, left, right });
  }
  return placed;
}
