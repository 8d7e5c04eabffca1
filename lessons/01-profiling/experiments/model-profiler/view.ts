import { html, nothing, svg, type TemplateResult } from 'lit';
import { cell, renderTable } from '#kit/table.ts';
import { bytesOf, flopText, intensityOf, rateOf, shapeText, type Column } from '#lab/layers.ts';
import type { ProfileReport } from '#lab/profile.ts';
import type { LayerProfile } from '#lab/types.ts';
import { byteSize, duration, thousands, threeDigits } from '#lab/text.ts';

interface ColumnText {
  key: Column;
  title: string;
  note: string;
  cell: (layer: LayerProfile) => string | TemplateResult;
}

/** The table's columns. */
export const kColumns: readonly ColumnText[] = [
  { key: 'order', title: 'Layer', note: 'in the order in which they run', cell: (layer) => layer.name },
  {
    key: 'seconds',
    title: 'Time',
    note: 'median, and the 95 % interval of the median',
    cell: ({ seconds }) =>
      seconds === null
        ? '–'
        : html`${duration(seconds.median)}
            <small class="muted">${duration(seconds.low)} … ${duration(seconds.high)}</small>`,
  },
  { key: 'share', title: 'Share', note: 'of the whole run', cell: ({ share }) => `${(100 * share).toFixed(1)} %` },
  { key: 'flops', title: 'FLOPs', note: 'counted from the shapes', cell: ({ flops }) => thousands(flops) },
  { key: 'bytes', title: 'Bytes', note: 'that must be moved at least', cell: (layer) => byteSize(bytesOf(layer)) },
  {
    key: 'rate',
    title: 'GFLOP/s',
    note: 'FLOPs by the median time',
    cell: (layer) => (rateOf(layer) === null ? '–' : threeDigits(rateOf(layer)! / 1e9)),
  },
  {
    key: 'intensity',
    title: 'FLOP/byte',
    note: 'arithmetic intensity',
    cell: (layer) => threeDigits(intensityOf(layer)),
  },
  {
    key: 'growth',
    title: 'Memory',
    note: 'how much more was allocated while it ran than before, in the first run',
    cell: ({ growth }) => (growth === 0 ? '0' : `+${byteSize(growth)}`),
  },
];

export interface FlameOptions {
  width: number;
  /** Index of the span that is looked at. */
  selected: number | null;
  select: (span: number) => void;
}

const kRow = 30;

/** The last run: time from left to right, a layer inside another below it. */
export function renderFlame(report: ProfileReport, { width, selected, select }: FlameOptions): TemplateResult {
  const { spans, layers } = report;
  const end = Math.max(...spans.map(({ begin, seconds }) => begin + seconds), 1e-9);
  const depth = Math.max(0, ...layers.map((layer) => layer.depth));
  const [w, h] = [Math.max(280, width), (depth + 1) * kRow + 24];
  const x = (seconds: number) => (w * seconds) / end;
  const chosen = selected === null ? undefined : spans[selected];
  const layer = chosen === undefined ? undefined : layers[chosen.layer];
  return html`<figure>
    <figcaption class="small">Flame chart of the last run, ${duration(end)} from left to right</figcaption>
    <svg
      class="chart"
      viewBox="0 0 ${w} ${h}"
      role="group"
      aria-label="Flame chart: when each layer ran. The table below has the same numbers."
    >
      ${spans.map((span, index) => {
        const of = layers[span.layer];
        if (of === undefined) return nothing;
        const [left, size, top] = [x(span.begin), Math.max(1, x(span.seconds)), of.depth * kRow];
        const fits = size > 8 * of.name.length;
        return svg`<g class="span ${index === selected ? 'selected' : ''}" tabindex="0" role="img"
            aria-label="${of.name}: from ${duration(span.begin)}, for ${duration(span.seconds)}"
            @focus=${() => select(index)} @mouseenter=${() => select(index)} @click=${() => select(index)}>
          <rect x=${left} y=${top} width=${size} height=${kRow - 3} rx="2" fill=${kindColor(of.kind)} />
          ${fits ? svg`<text x=${left + 6} y=${top + 18}>${of.name}</text>` : nothing}
        </g>`;
      })}
      <text class="tick" x="0" y=${h - 4}>0</text>
      <text class="tick" x=${w} y=${h - 4} text-anchor="end">${duration(end)}</text>
    </svg>
    <p class="detail small" aria-live="polite">
      ${
        chosen === undefined || layer === undefined
          ? 'Choose a bar, with pointer, finger or Tab key, for its numbers.'
          : html`<code>${layer.name}</code> (${layer.kind}, to ${shapeText(layer)}): ${duration(chosen.seconds)} in this
              run, from ${duration(chosen.begin)}; ${flopText(layer.flops)}, ${byteSize(bytesOf(layer))}.`
      }
    </p>
  </figure>`;
}

/** Kinds of layers, as registered colours: those that multiply stand out. */
function kindColor(kind: string): string {
  const colors: Record<string, string> = {
    Linear: 'var(--lab-5)',
    Conv2d: 'var(--lab-3)',
    BatchNorm: 'var(--lab-2)',
    SelfAttention: 'var(--lab-3)',
    SwiGlu: 'var(--lab-7)',
    RmsNorm: 'var(--lab-2)',
  };
  return colors[kind] ?? 'var(--lab-6)';
}

export function renderSpanTable(report: ProfileReport): TemplateResult {
  return html`<details>
    <summary>The flame chart as a table</summary>
    ${renderTable({
      label: 'The last run as a table',
      caption: 'The last run',
      columns: ['Layer', 'Began at', 'Took', 'Output'],
      rows: report.spans.flatMap(({ layer: index, begin, seconds }) => {
        const layer = report.layers[index];
        if (layer === undefined) return [];
        const name = cell(layer.name, { style: `padding-inline-start:${layer.depth}rem` });
        return [[name, begin === 0 ? '0' : duration(begin), seconds === 0 ? '0' : duration(seconds), shapeText(layer)]];
      }),
    })}
  </details>`;
}

/** What the first run allocated: a staircase, and its highest step. */
export function renderMemory({ memory, layers }: ProfileReport, width: number): TemplateResult {
  if (memory.length === 0) {
    return html`<p class="small muted note">The first run allocated nothing: no memory to draw.</p>`;
  }
  const before = memory[0]!.current - memory[0]!.bytes;
  const high = Math.max(...memory.map(({ current }) => current));
  const sum = memory.reduce((total, { bytes }) => total + Math.max(0, bytes), 0);
  const [w, h, top] = [Math.max(280, width), 120, 16];
  // By events, not by time: most happen at nearly the same moment.
  const x = (index: number) => ((w - 2) * index) / memory.length;
  const y = (bytes: number) => h - 2 - ((h - 2 - top) * (bytes - before)) / Math.max(1, high - before);
  const steps = memory.map(({ current }, index) => `H ${x(index)} V ${y(current)}`).join(' ');
  return html`<figure>
      <figcaption class="small">
        Memory in the first run, allocation by allocation: from ${byteSize(before)} to a high-water mark of
        <strong>${byteSize(high)}</strong>
      </figcaption>
      <svg
        class="chart"
        viewBox="0 0 ${w} ${h}"
        role="img"
        aria-label="Allocated memory in the first run. The table below has the same numbers."
      >
        <path class="memory-area" d="M 0 ${y(before)} ${steps} H ${w - 2} V ${h - 2} H 0 Z" />
        <line class="mark" x1="0" x2=${w} y1=${y(high)} y2=${y(high)} />
      </svg>
    </figure>
    <details>
      <summary>Memory as a table</summary>
      ${renderTable({
        label: 'Memory as a table',
        caption: `${memory.filter(({ bytes }) => bytes > 0).length} allocations, ${byteSize(sum)} together; at most ${byteSize(high - before)} of it at a time`,
        columns: ['Event', 'Bytes', 'Allocated then'],
        rows: memory
          .slice(0, 60)
          .map(({ bytes, current }, index) => [
            index + 1,
            bytes > 0 ? `+${thousands(bytes)}` : `−${thousands(-bytes)}`,
            thousands(current),
          ]),
      })}
      ${memory.length > 60 ? html`<p class="small muted">The first 60 of ${memory.length}.</p>` : nothing}
      <p class="small muted">
        Highest while a layer ran: ${byteSize(Math.max(...layers.map(({ highWater }) => highWater)))}.
      </p>
    </details>`;
}
