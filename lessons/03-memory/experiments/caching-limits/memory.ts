import { html, nothing, type TemplateResult } from 'lit';
import {
  bytesPerToken,
  fitIn,
  kMemories,
  kPublished,
  readFigures,
  type CacheStorage,
  type Fit,
  type PublishedModel,
  type WeightBits,
} from './limits.ts';
import type { ReadReport } from './reading.task.ts';
import { renderSign, renderXyPlot } from '#kit/xy-plot.ts';
import { renderTable } from '#kit/table.ts';
import { byteSize, duration, thousands, threeDigits } from '#lab/text.ts';

/** How many caches fit into a memory, and how a token slows down while one grows. */

const kStorages: readonly CacheStorage[] = ['f32', 'fp16', 'int8'];

const kMiB = 2 ** 20;
const fitText = ({ sequences }: Fit): string => (sequences < 0 ? '–' : thousands(sequences));

/** `own`: the page's model, with the length that it was trained for. */
export function renderFits(memory: string, weights: WeightBits, own: PublishedModel): TemplateResult {
  const size = kMemories.find(({ name }) => name === memory)!.bytes;
  return html`<p class="small formula">
      bytes = 2 · layers · key-value heads · head size · tokens · sequences · bytes a number
      <span class="muted">(2: keys and values; int8 has 4 bytes more for each vector, its scale)</span>
    </p>
    ${renderTable({
      label: 'Sequences that fit',
      caption: `Sequences of a model’s full length that ${byteSize(size)} hold beside its weights in ${weights}: counted, from each model’s published configuration`,
      columns: [
        'Model',
        ...kStorages.map((storage) => `fit in ${storage}`),
        ...['weights', 'tokens', 'fp16: a token', 'a sequence', 'layers', 'KV heads × size'],
      ],
      rows: [own, ...kPublished].map((model) => fitRow(model, size, weights)),
    })}
    <p class="small muted">
      –: not even the weights fit. Llama-2-7B keeps keys and values for all of its 32 heads, Llama-3-8B for 8 groups of
      them: a quarter of the bytes a token. 32-bit WebAssembly ends at 4 GiB, weights included.
    </p>`;
}

function fitRow(model: PublishedModel, memory: number, weights: WeightBits): unknown[] {
  const { layers, kvHeads, heads, dim, positions } = model.config;
  const half = fitIn(memory, model, 'fp16', weights);
  return [
    model.name,
    ...kStorages.map((storage) => fitText(fitIn(memory, model, storage, weights))),
    byteSize(half.weightBytes),
    thousands(positions),
    byteSize(bytesPerToken(model.config, 'fp16')),
    byteSize(half.perSequence),
    layers,
    `${kvHeads} × ${dim / heads}`,
  ];
}

export function renderReading(report: ReadReport, width: number): TemplateResult {
  const figures = readFigures(report.points);
  const rates = figures.filter(({ rate }) => rate !== null);
  return html`<figure>
      <figcaption>
        <strong>Time of a token</strong> over the bytes of cache that it reads: ${renderSign(0)} the fastest of ten
        measurements on this device
      </figcaption>
      ${renderXyPlot({
        series: [{ name: 'token', points: figures.map(({ bytes, seconds }) => ({ x: bytes / kMiB, y: seconds })) }],
        xTitle: 'keys and values read',
        yTitle: 'time of the token',
        xText: (mib) => `${mib} MiB`,
        yText: duration,
        log: false,
        width,
        label: 'Time of a token over the bytes of cache that it reads. The table below has the figures.',
      })}
    </figure>
    ${report.done && rates.length > 1 ? renderRates(rates, report) : nothing}
    ${
      report.done
        ? html`<details>
            <summary>The growing cache as a table</summary>
            ${renderTable({
              label: 'The growing cache',
              caption:
                'A token’s time while the cache grows; read: bytes a second of the cache, by the time that the token takes more than with an empty one',
              columns: ['Position', 'cache read', 'token', 'read'],
              rows: figures.map(({ position, bytes, seconds, rate }) => [
                thousands(position),
                byteSize(bytes),
                duration(seconds),
                rate === null ? '–' : `${threeDigits(rate / 1e9)} GB/s`,
              ]),
            })}
          </details>`
        : nothing
    }`;
}

const kFalls = 0.8;

function renderRates(rates: ReturnType<typeof readFigures>, { weightBytes }: ReadReport): TemplateResult {
  const best = rates.reduce((most, each) => (each.rate! > most.rate! ? each : most));
  const last = rates.at(-1)!;
  const falls = last.rate! < kFalls * best.rate!;
  return html`<p class="small">
    At position ${thousands(last.position)} a token reads ${byteSize(last.bytes)} of keys and values beside
    ${byteSize(weightBytes)} of weights, the cache at ${threeDigits(last.rate! / 1e9)} GB/s.
    ${
      falls
        ? html`With ${byteSize(best.bytes)} it was ${threeDigits(best.rate! / 1e9)} GB/s: the larger cache no longer
          stays in the processor’s near caches.`
        : html`That is no less than ${Math.round(100 * kFalls)} % of the best rate here
          (${threeDigits(best.rate! / 1e9)} GB/s at ${byteSize(best.bytes)}): up to this size either the processor’s
          caches still hold it, or attention’s arithmetic takes longer than its reads.`
    }
  </p>`;
}
