import { html, nothing, svg, type TemplateResult } from 'lit';
import { cell, renderTable } from '#kit/table.ts';
import { blockingLabel } from '#lab/blocking.ts';
import { flopsPerSecond } from '#lab/format.ts';
import type { RaceReport } from '#lab/race.ts';
import type { Lane, Peak, VariantInfo } from '#lab/types.ts';
import { byteSize, duration, gigaflops, threeDigits } from '#lab/text.ts';

/** How a rung's bar is drawn. `empty` stands where there is no figure yet. */
export interface LaneStyle {
  color: string;
  /** FLOP/s of the whole width. */
  scale: number;
  peak: number | null;
  empty: string;
}

export function renderLane(lane: Lane, { color, scale, peak, empty }: LaneStyle): TemplateResult {
  const rate = flopsPerSecond(lane);
  const { statistics } = lane;
  const x = (value: number) => (100 * value) / scale;
  return html`<li>
    <span class="name">${lane.name}</span>
    <svg class="bar" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="24" rx="0.6" />
      ${rate === null ? nothing : svg`<rect y="3" height="18" width=${x(rate)} fill=${color} />`}
      ${statistics === null || rate === null ? nothing : renderWhisker(x(lane.flops / statistics.high), x(lane.flops / statistics.low))}
      ${peak === null ? nothing : svg`<line class="peak" x1=${x(peak)} x2=${x(peak)} y1="0" y2="24" />`}
    </svg>
    <span class="value">
      ${rate === null ? html`<small>${empty}</small>` : threeDigits(rate / 1e9)}
      <span class="mark" title=${lane.settled ? 'settled' : ''}>${lane.settled ? '✓' : ''}</span>
    </span>
  </li>`;
}

function renderWhisker(from: number, to: number) {
  return svg`<line class="whisker" x1=${from} x2=${to} y1="12" y2="12" />
    <line class="whisker" x1=${from} x2=${from} y1="8" y2="16" /><line class="whisker" x1=${to} x2=${to} y1="8" y2="16" />`;
}

/** All figures of a race; `peakOf` is the limit of a rung on this device, if it has been measured. */
export function renderFigures(
  report: RaceReport,
  modeOf: (name: string) => string,
  peakOf: (lane: Lane) => Peak | null,
): TemplateResult {
  const { m, k, n } = report.options;
  return html`<details>
    <summary>As a table</summary>
    ${renderTable({
      label: 'Results as a table',
      caption: `${m}×${k}×${n}, ${report.options.threads === 1 ? 'one thread' : `${report.options.threads} threads for the threaded rungs`}`,
      columns: ['Rung', 'GFLOP/s', 'Of peak', 'Median', '95 % interval', 'Samples', 'Discarded', 'Mode', 'Digest'],
      rows: report.lanes.map((lane, index) =>
        rowOf(lane, report.digests[index] ?? null, modeOf(lane.name), peakOf(lane)),
      ),
    })}
    <p class="small muted memory">${memoryText(report)}</p>
  </details>`;
}

/** What the products were cut into, and what they needed beside their operands. */
function memoryText({ blocking, memory }: RaceReport): string {
  const scratch = memory.scratch === 0 ? 'none' : `${byteSize(memory.scratch)} at most`;
  const packed = memory.packed === 0 ? '' : ` B packed beforehand: ${byteSize(memory.packed)} at most.`;
  return `Blocks: ${blockingLabel(blocking)}. Scratch memory: ${scratch}.${packed}`;
}

function rowOf(lane: Lane, digest: string | null, mode: string, peak: Peak | null): unknown[] {
  const { statistics } = lane;
  const rate = flopsPerSecond(lane);
  const share = rate === null || peak === null ? '–' : `${Math.round((100 * rate) / peak.value)} %`;
  return [
    lane.name,
    rate === null ? '–' : threeDigits(rate / 1e9),
    cell(share, { title: peak === null ? 'Run the roofline experiment to measure the peak' : gigaflops(peak.value) }),
    statistics === null ? '–' : duration(statistics.median),
    statistics === null
      ? '–'
      : `${duration(statistics.low)} … ${duration(statistics.high)}${statistics.intervalIsRange ? ' (range)' : ''}`,
    statistics?.count ?? 0,
    lane.discarded,
    mode,
    cell(digest ?? '–', { name: 'mono' }),
  ];
}

/** Before the first run: which rungs will race, and nothing measured yet. */
export function renderPreview(rungs: readonly VariantInfo[]): TemplateResult {
  return html`<div class="section preview">
    <ol class="lanes">
      ${rungs.map(
        ({ name, idea }) =>
          html`<li>
            <span class="name">${name}</span>
            <span class="idea muted small">${idea}</span>
          </li>`,
      )}
    </ol>
  </div>`;
}

/** Whether the exact rungs computed the same bits, and the integer rungs the same sums. */
export function renderDigests(report: RaceReport, modeOf: (name: string) => string): TemplateResult | typeof nothing {
  const digests = (mode: string) =>
    report.lanes.flatMap((lane, index) => {
      const digest = report.digests[index];
      return digest && modeOf(lane.name) === mode ? [digest] : [];
    });
  return html`${renderAgreement(digests('exact'), 'exact', 'bits')}
  ${renderAgreement(digests('int8'), 'integer', 'sums')}`;
}

function renderAgreement(digests: readonly string[], kind: string, what: string): TemplateResult | typeof nothing {
  if (digests.length < 2) return nothing;
  const agree = digests.every((digest) => digest === digests[0]);
  return agree
    ? html`<span class="good"
          >${digests.length === 2 ? 'Both' : `All ${digests.length}`} ${kind} rungs computed the same ${what}</span
        >
        <span class="muted">(digest <code>${digests[0]}</code>).</span>`
    : html`<strong class="bad">The ${kind} rungs disagree: this is a bug in the library.</strong>`;
}
