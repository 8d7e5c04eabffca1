import { html, nothing, type TemplateResult } from 'lit';
import { line } from '#kit/plot/marks.ts';
import { renderTable } from '#kit/table.ts';
import { halfWidth, renderPlot } from '#kit/plot/plot.ts';
import { betweenTicks, linear } from '#kit/plot/scale.ts';
import { decodeRate, smoothed, totalSeconds } from '#lab/generation.ts';
import type { GenerationLane } from './task.ts';
import type { OwnFile } from '#lab/assets.ts';
import { byteSize, duration, threeDigits } from '#lab/text.ts';

const kColors = ['var(--lab-3)', 'var(--lab-7)', 'var(--lab-5)'];
/** Beside the colour, for whoever can't tell colours apart. */
const kDashes = ['', 'dashed', 'dotted'];

export const laneColor = (index: number): string => kColors[index % kColors.length]!;

/** Text and figures of one decoder. */
export function renderLane(lane: GenerationLane, index: number, prompt: string): TemplateResult {
  const rate = decodeRate(lane);
  const first = lane.seconds[0];
  return html`<div class="lane" style="--lane:${laneColor(index)}">
    <h4>${lane.name}</h4>
    <dl>
      <dt>tokens</dt>
      <dd>${(lane.dropped + lane.ids.length).toLocaleString('en')}</dd>
      ${
        lane.dropped > 0
          ? nothing
          : html`<dt>first token</dt>
              <dd>${first === undefined ? '–' : duration(first)}</dd>`
      }
      <dt>${lane.dropped > 0 ? 'now' : 'then'}</dt>
      <dd>${rate === null ? '–' : `${threeDigits(rate)} tokens/s`}</dd>
      ${
        lane.dropped > 0
          ? nothing
          : html`<dt>in all</dt>
              <dd>${lane.seconds.length === 0 ? '–' : duration(totalSeconds(lane))}</dd>`
      }
      <dt>kept for the next</dt>
      <dd>${lane.bytes.at(-1) === 0 ? 'nothing' : byteSize(lane.bytes.at(-1) ?? 0)}</dd>
      <dt>weights read</dt>
      <dd>${byteSize(lane.weightBytes)}</dd>
    </dl>
    <div class="text" tabindex="0" role="region" aria-label="Text written ${lane.name}">
      <p><b>${prompt}</b>${lane.text === '' && lane.ids.length > 0 ? ` ${lane.ids.join(' ')}` : lane.text}</p>
    </div>
    ${lane.stop === 'context' ? html`<p class="small muted">The model’s positions are full.</p>` : nothing}
  </div>`;
}

interface Chart {
  title: string;
  lines: readonly (readonly number[])[];
  names: readonly string[];
  /** Position of the first value. */
  first: number;
  width: number;
  text: (value: number) => string;
}

const kHeight = 200;
const kMargin = { left: 58, right: 12, top: 12, bottom: 40 };

/** Seconds of each token, and bytes after it, over positions. */
export function renderCharts(lanes: readonly GenerationLane[], prompt: number, width: number): TemplateResult {
  const single = halfWidth(width);
  const names = lanes.map(({ name }) => name);
  const costs = lanes.map(({ seconds }) => smoothed(seconds).slice(1));
  const bytes = lanes.map((lane) => lane.bytes.slice(1).map((value) => value / 1024));
  if (costs.every((line) => line.length < 2)) return html``;
  const shared = { names, first: prompt + 1, width: single };
  return html`<div class="charts">
    ${renderChart({ ...shared, title: 'Time of a token', lines: costs, text: duration })}
    ${renderChart({ ...shared, title: 'Keys and values kept', lines: bytes, text: (kib) => byteSize(1024 * kib) })}
  </div>`;
}

function renderChart({ title, lines, names, first, width, text }: Chart): TemplateResult {
  const longest = Math.max(...lines.map((line) => line.length), 2);
  const most = Math.max(...lines.flat(), 1e-9);
  const last = first + longest - 1;
  return html`<figure>
    <figcaption class="small">
      <strong>${title}</strong> at its position;
      ${names.map((name, i) => html`${i > 0 ? ', ' : ''}<span class="sample ${kDashes[i % 3]!}" style="--lane:${laneColor(i)}"></span> ${name}`)}
    </figcaption>
    ${renderPlot({
      label: `${title} by position. The table below has the figures.`,
      ...{ width, height: kHeight, margin: kMargin },
      x: { scale: linear(first, last, [first, last]), title: 'position', grid: 'none', inside: true },
      y: { scale: betweenTicks([most], 4), text },
      marks: lines.map((values, i) =>
        line(
          values.map((y, at) => ({ x: first + at, y })),
          { color: laneColor(i), dash: ['', '6 4', '2 3'][i % 3]! },
        ),
      ),
    })}
  </figure>`;
}

export interface DropOptions {
  /** A file hovers above. */
  over: boolean;
  busy: boolean;
  checkpoint: OwnFile | null;
  tokenizer: OwnFile | null;
  hover: (over: boolean) => void;
  take: (files: FileList | null | undefined) => void;
}

/** Where the reader's own checkpoint goes. */
export function renderDrop({ over, busy, checkpoint, tokenizer, hover, take }: DropOptions): TemplateResult {
  const hovers = (is: boolean) => (event: DragEvent) => {
    event.preventDefault();
    hover(is);
  };
  return html`<div
    class="drop ${over ? 'over' : ''}"
    @dragover=${hovers(true)}
    @dragleave=${hovers(false)}
    @drop=${(event: DragEvent) => {
      event.preventDefault();
      take(event.dataTransfer?.files);
    }}
  >
    <p class="small">
      Drop a checkpoint here: one of <em>llama2.c</em> (<code>stories15M.bin</code>, with its
      <code>tokenizer.bin</code> for text instead of numbers), or safetensors of <code>optlab train lm</code> with its
      tokenizer (<code>.bpe</code>). It stays on your device.
    </p>
    <label class="row small"
      >or choose files
      <input
        type="file"
        multiple
        accept=".bin,.safetensors,.bpe"
        ?disabled=${busy}
        @change=${(event: Event) => take((event.target as HTMLInputElement).files)}
    /></label>
    ${
      checkpoint === null && tokenizer === null
        ? nothing
        : html`<p class="small muted">
            ${checkpoint === null ? 'No checkpoint yet' : `${checkpoint.name}, ${byteSize(checkpoint.blob.size)}`};
            ${tokenizer === null ? 'no tokenizer: it writes token numbers' : tokenizer.name}.
          </p>`
    }
  </div>`;
}

const kRows = 12;

/** Some of the positions in figures. */
export function renderChartTable(lanes: readonly GenerationLane[], prompt: number): TemplateResult {
  const longest = Math.max(...lanes.map(({ ids }) => ids.length));
  const stride = Math.max(1, Math.ceil(longest / kRows));
  const rows = Array.from({ length: longest }, (_, i) => i).filter((i) => i % stride === 0 || i === longest - 1);
  return html`<details>
    <summary>The charts as a table</summary>
    ${renderTable({
      label: 'Time and memory by position',
      caption: 'Time of a token and bytes of keys and values after it; the first token’s time includes the prompt’s',
      columns: ['Position', ...lanes.flatMap(({ name }) => [name, 'kept'])],
      rows: rows.map((row) => [
        prompt + row,
        ...lanes.flatMap(({ seconds, bytes }) =>
          seconds[row] === undefined ? ['–', '–'] : [duration(seconds[row]), byteSize(bytes[row]!)],
        ),
      ]),
    })}
  </details>`;
}
