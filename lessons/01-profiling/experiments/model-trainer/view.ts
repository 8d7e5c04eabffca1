import { html, type TemplateResult } from 'lit';
import { dots, line } from '#kit/plot/marks.ts';
import { cell, renderTable } from '#kit/table.ts';
import { halfWidth, renderPlot } from '#kit/plot/plot.ts';
import { betweenTicks, linear } from '#kit/plot/scale.ts';
import { type CurvePoint, type EpochEnd } from '#lab/training.ts';
import { countOf, percent, threeDigits } from '#lab/text.ts';
import { epochTicks } from '#lab/ticks.ts';

const kHeight = 190;
const kMargin = { left: 44, right: 14, top: 10, bottom: 40 };
const kMostEpochLabels = 8;
const kMostTicks = 5;

/** What one drawing shows: the training's curve, and dots where an epoch was tested. */
interface Panel {
  title: string;
  values: { at: number; value: number }[];
  tests: { at: number; value: number }[];
  low: number;
  high: number;
  text: (value: number) => string;
}

/** Loss and accuracy over the epochs; `width` is that of the whole place, in which two drawings stand side by side if they fit. */
export function renderCurves(
  points: readonly CurvePoint[],
  ends: readonly EpochEnd[],
  epochs: number,
  width: number,
): TemplateResult {
  const single = halfWidth(width);
  const tests = ends.map(({ epoch, testRight, testCount }) => ({ at: epoch, value: testRight / testCount }));
  const rights = points.map(({ at, accuracy }) => ({ at, value: accuracy }));
  const losses = points.map(({ at, loss }) => ({ at, value: loss }));
  const lowest = Math.min(1, ...[...rights, ...tests].map(({ value }) => value));
  const panels: Panel[] = [
    { title: 'Loss', values: losses, tests: [], low: 0, high: largest(losses), text: String },
    { title: 'Accuracy', values: rights, tests, low: lowest, high: 1, text: (value) => `${Math.round(100 * value)} %` },
  ];
  return html`<div class="curves">${panels.map((panel) => renderPanel(panel, epochs, single))}</div>`;
}

const largest = (values: readonly { value: number }[]): number =>
  values.reduce((most, { value }) => Math.max(most, value), 0.1);

const pointsOf = (values: readonly { at: number; value: number }[]) =>
  values.map(({ at, value }) => ({ x: at, y: value }));

function renderPanel({ title, values, tests, low, high, text }: Panel, epochs: number, width: number): TemplateResult {
  return html`<figure>
    <figcaption class="small">
      <strong>${title}</strong>
      <span class="key"
        ><svg viewBox="0 0 22 11" aria-hidden="true"><line class="training" x1="0" x2="22" y1="5.5" y2="5.5" /></svg
        >while training</span
      >
      ${
        tests.length === 0
          ? ''
          : html`<span class="key"
              ><svg viewBox="0 0 22 11" aria-hidden="true"><circle class="tested" cx="11" cy="5.5" r="5" /></svg>in the
              test</span
            >`
      }
    </figcaption>
    ${renderPlot({
      label: `${title} over ${epochs} epochs. The table below has the figures of each epoch.`,
      ...{ width, height: kHeight, margin: kMargin },
      x: { scale: linear(0, epochs, epochTicks(epochs, kMostEpochLabels)), title: 'epochs', grid: 'short' },
      y: { scale: betweenTicks([high], kMostTicks, low), text },
      marks: [line(pointsOf(values), { name: 'training' }), dots(pointsOf(tests), { name: 'tested', r: 4.5 })],
    })}
  </figure>`;
}

/** The curves in figures, an epoch a row. */
export function renderEpochs(ends: readonly EpochEnd[], caption: string): TemplateResult {
  return html`<details>
    <summary>As a table</summary>
    ${renderTable({
      label: 'The epochs as a table',
      caption,
      columns: ['Epoch', 'Loss', 'Right while training', 'Right in the test', 'Images/s', 'Digest of the weights'],
      rows: ends.map(({ epoch, loss, accuracy, testRight, testCount, imagesPerSecond, digest }) => [
        epoch,
        threeDigits(loss),
        percent(accuracy),
        cell(percent(testRight / testCount), { title: countOf(testRight, testCount) }),
        rateText(imagesPerSecond),
        cell(digest, { name: 'mono' }),
      ]),
    })}
    <p class="small muted">
      Images/s is of training alone. <em>While training</em> is a mean over the epoch, in which the weights were still
      getting better (and dropout was at work): so the test may come out above it.
    </p>
  </details>`;
}

/** Rounded to three digits: 8,430 */
export function rateText(imagesPerSecond: number): string {
  return Number(imagesPerSecond.toPrecision(3)).toLocaleString('en');
}
