import { html, nothing, type TemplateResult } from 'lit';
import { batchFigures, kSharedWeights } from './limits.ts';
import type { BatchReport } from './batches.task.ts';
import { renderSign, renderXyPlot } from '#kit/xy-plot.ts';
import { renderTable } from '#kit/table.ts';
import { byteSize, duration, threeDigits, times } from '#lab/text.ts';

/** Sequences that are generated together. */

export function renderBatches(report: BatchReport, width: number): TemplateResult {
  const figures = batchFigures(report);
  const { context, decoder } = report.options;
  const last = figures.at(-1);
  const shared = kSharedWeights.includes(decoder.weights);
  return html`<figure>
      <figcaption>
        <strong>Tokens a second</strong> over sequences generated together: ${renderSign(0)} all of them,
        ${renderSign(1)} each
      </figcaption>
      ${renderXyPlot({
        series: [
          { name: 'all', points: figures.map(({ batch, rate }) => ({ x: batch, y: rate })) },
          { name: 'each', points: figures.map(({ batch, each }) => ({ x: batch, y: each })) },
        ],
        xTitle: 'sequences together',
        yTitle: 'tokens a second',
        xText: (value) => `${value}`,
        yText: (value) => threeDigits(value),
        log: true,
        width,
        label: 'Tokens a second over the number of sequences, of all and of each. The table below has the figures.',
      })}
    </figure>
    ${renderTable({
      label: 'Batches',
      caption: `Steps that give each sequence a token, after ${context} tokens each, the fastest of five repetitions; bytes are what a step has to read at least once`,
      columns: ['Sequences', 'a step', 'tokens/s, all', 'each', 'gain', 'weights', 'caches'],
      rows: figures.map(({ batch, seconds, rate, each, gain, weightBytes, cacheBytes }) => [
        batch,
        duration(seconds),
        threeDigits(rate),
        threeDigits(each),
        html`<strong>${times(gain)}</strong>`,
        byteSize(weightBytes),
        byteSize(cacheBytes),
      ]),
    })}
    ${
      last === undefined || !report.done
        ? nothing
        : html`<p class="small">
            ${
              shared
                ? html`The weights are read once a step, for all sequences; each has a cache of its own.`
                : html`In ${decoder.weights} this library reads the weights for each sequence as long as there are few:
                  a batch gains little. f32 and int8-dot read them once a step.`
            }
            ${last.batch} caches take ${byteSize(last.batch * report.footprint)} in all.
            ${
              last.cacheBytes > last.weightBytes
                ? html`A step of ${last.batch} reads more of caches than of weights: more sequences would gain ever
                  less.`
                : nothing
            }
          </p>`
    }`;
}
