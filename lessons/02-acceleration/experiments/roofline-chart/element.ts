import { html, nothing, svg, type TemplateResult } from 'lit';
import { computePeak, highestPeak, isaName, rungColor } from '#lab/format.ts';
import type { RaceReport } from '#lab/race.ts';
import { dotsOf, isUnsteadyProbe, type Dot, type ProbeReport } from '#lab/roofline.ts';
import type { Peak } from '#lab/types.ts';
import { byteSize, gigaflops, threeDigits } from '#lab/text.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { renderTable } from '#kit/table.ts';
import type race from '../kernel-race/task.ts';
import type probe from './task.ts';
import { engine, session } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { frameFor, kLabelGap, kNarrow, peakLabel, px, py, renderLimits, type Frame } from '#kit/roofline-plot.ts';
import { rooflineStyles } from '#kit/roofline-plot.styles.ts';
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';

const kProbeSeconds = 5;
const kUnsteadyHint =
  'These limits are unsteady: something else is using this machine, or its clock is changing. Measure again when it is quiet.';
/** Raced when no race has run on the page yet. */
const kOwnRace = { m: 512, k: 512, n: 512, secondsPerLane: 0.4 };

/** This device's roofline (Williams, Waterman, Patterson 2009), measured on the spot, with the rungs of the last race as dots. */
export class RooflineChart extends Experiment {
  #peaks: readonly Peak[] = [];
  #status = '';
  #unsteady = false;
  #selected: string | null = null;
  readonly #width = new Width(this, '.plot');

  static override styles = [labStyles, chartStyles, rooflineStyles];

  async #run(): Promise<void> {
    await this.work(async () => {
      const raceNeeded = session.race === null;
      this.#status = 'probing the limits of compute and memory…';
      this.#unsteady = false;
      const show = (partial: ProbeReport) => this.#showProbe(partial, raceNeeded ? 0.6 : 1);
      const report = await engine.run<typeof probe>('02-acceleration/roofline-chart', { seconds: kProbeSeconds }, show);
      show(report);
      if (report.stopped) {
        this.announcement = 'Stopped.';
        return;
      }
      this.#unsteady = isUnsteadyProbe(report);
      session.peaks = report.peaks;
      if (raceNeeded) await this.#race();
      this.announcement = `Finished. ${this.#summary(dotsOf(session.race?.lanes ?? []))}`;
    });
  }

  async #race(): Promise<void> {
    this.#status = 'racing the rungs at 512³…';
    const { secondsPerLane, ...size } = kOwnRace;
    const variants = this.variants
      .filter((variant) => variant.mode !== 'int8' && (!variant.threaded || this.maxThreads > 1))
      .map((variant) => variant.name);
    const options = { ...size, variants, threads: this.maxThreads, seconds: secondsPerLane * variants.length };
    const show = (partial: RaceReport) => {
      this.progress = 0.6 + 0.4 * partial.progress;
      this.requestUpdate();
    };
    session.race = await engine.run<typeof race>('02-acceleration/kernel-race', options, show);
  }

  #showProbe(report: ProbeReport, share: number): void {
    this.#peaks = report.peaks;
    this.progress = report.progress * share;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    const dots = dotsOf(session.race?.lanes ?? []);
    return html`<div class="card">
      ${this.renderHead('Roofline of this device')}
      ${this.renderRun({
        verb: this.#peaks.length > 0 ? 'Measure again' : 'Measure this device',
        busy: this.#status,
        run: () => this.#run(),
        note: this.#sourceNote(),
      })}
      ${this.renderProgress('Progress of the probe')}
      <div class="section plot-section" ?hidden=${this.#peaks.length === 0}>
        <div class="plot">${this.#peaks.length === 0 ? nothing : this.#renderChart(dots)}</div>
        ${this.#peaks.length === 0 ? nothing : html`<p class="detail small" aria-live="polite">${this.#detail(dots)}</p>`}
        ${
          this.#peaks.length === 0 || this.maxThreads === 1
            ? nothing
            : html`<p class="muted small">
                Solid lines: ${this.maxThreads} threads; dashed lines: one. Slopes: reading
                ${this.#width.value < kNarrow ? 'a small (upper) and a large piece of memory; the table has all' : 'memory of that size'}.
              </p>`
        }
        ${this.#unsteady && !this.working ? html`<p class="small bad unsteady">${kUnsteadyHint}</p>` : nothing}
      </div>
      ${this.#peaks.length > 0 && !this.working ? this.#renderTable(dots) : nothing} ${this.renderError()}
    </div>`;
  }

  #sourceNote(): string {
    if (session.race === null) return 'about 9 seconds; also races the rungs at 512³ for the dots';
    const { m, k, n } = session.race.options;
    return `about 5 seconds; the dots are your last race, ${m}×${k}×${n}`;
  }

  #renderChart(dots: readonly Dot[]): TemplateResult {
    const frame = frameFor(this.#width.value, this.#peaks, dots);
    return html`<svg
      class="chart"
      viewBox="0 0 ${frame.width} ${frame.height}"
      role="group"
      aria-label="Roofline: speed against arithmetic intensity, both logarithmic. ${this.#summary(dots)} The table below has the same numbers."
    >
      ${renderLimits(this.#peaks, frame, this.maxThreads)}
      ${placeLabels(dots, frame).map((place) => this.#renderDot(place, frame))}
    </svg>`;
  }

  #renderDot({ dot, x, y, labelY, before }: Placed, frame: Frame) {
    const color = rungColor(this.variants, dot.name);
    const select = () => {
      this.#selected = dot.name;
      this.requestUpdate();
    };
    return svg`<g class="dot ${this.#selected === dot.name ? 'selected' : ''}" tabindex="0" role="img"
        aria-label="${dot.name}: ${gigaflops(dot.rate)} at ${threeDigits(dot.intensity)} FLOP per byte"
        @focus=${select} @mouseenter=${select} @click=${select}>
      <line stroke=${color} x1=${x} x2=${x} y1=${py(frame, dot.low)} y2=${py(frame, dot.high)} />
      <circle cx=${x} cy=${y} r="6.5" fill=${color} />
      <text class="label" x=${before ? x - 12 : x + 12} y=${labelY + 4} text-anchor=${before ? 'end' : 'start'}>${dot.name}</text>
    </g>`;
  }

  #detail(dots: readonly Dot[]): TemplateResult | string {
    const dot = dots.find((candidate) => candidate.name === this.#selected);
    if (dot === undefined) {
      if (dots.length === 0) return 'Run the kernel race above and its rungs appear here as dots.';
      return 'Choose a dot, with pointer, finger or Tab key, for its numbers.';
    }
    const variant = this.variants.find((candidate) => candidate.name === dot.name);
    const threads = variant?.threaded ? (session.race?.options.threads ?? 1) : 1;
    const peak = computePeak(this.#peaks, variant?.isa ?? '', threads);
    const share =
      peak === null ? '' : `, ${Math.round((100 * dot.rate) / peak.value)} % of the ${peakLabel(peak)} limit`;
    return html`<code>${dot.name}</code>: ${gigaflops(dot.rate)}${share}, at ${threeDigits(dot.intensity)} FLOP per byte
      of least traffic (A and B read once, C written once).`;
  }

  #summary(dots: readonly Dot[]): string {
    const peak = highestPeak(this.#peaks);
    const best = dots.reduce<Dot | null>((most, dot) => (most === null || dot.rate > most.rate ? dot : most), null);
    const limit = peak === null ? '' : `Highest compute limit ${gigaflops(peak.value)}.`;
    return best === null ? limit : `${limit} Fastest rung ${best.name} with ${gigaflops(best.rate)}.`;
  }

  #renderTable(dots: readonly Dot[]): TemplateResult {
    return html`<div class="section">
      <details>
        <summary>As a table</summary>
        ${renderTable({
          label: 'Limits as a table',
          caption: 'Measured limits of this device',
          columns: ['Limit', 'Threads', 'Value'],
          rows: this.#peaks.map(({ kind, bytes, name, threads, value }) => [
            kind === 'memory' ? `read ${byteSize(bytes)}` : isaName(name),
            threads,
            kind === 'memory' ? `${threeDigits(value / 1e9)} GB/s` : gigaflops(value, kind === 'integer' ? 'int8' : ''),
          ]),
        })}
        ${dots.length === 0 ? nothing : renderDotTable(dots)}
      </details>
    </div>`;
  }
}

const renderDotTable = (dots: readonly Dot[]): TemplateResult =>
  renderTable({
    label: 'Rungs as a table',
    caption: 'Rungs',
    columns: ['Rung', 'FLOP/byte', 'GFLOP/s', '95 % interval'],
    rows: dots.map(({ name, intensity, rate, low, high }) => [
      name,
      threeDigits(intensity),
      threeDigits(rate / 1e9),
      `${threeDigits(low / 1e9)} … ${threeDigits(high / 1e9)}`,
    ]),
  });

interface Placed {
  dot: Dot;
  x: number;
  y: number;
  labelY: number;
  /** The label stands left of the dot. */
  before: boolean;
}

/** Dots of one race share their intensity and lie above each other: their labels are moved apart. */
function placeLabels(dots: readonly Dot[], frame: Frame): Placed[] {
  let last = -Infinity;
  return [...dots]
    .sort((a, b) => b.rate - a.rate)
    .map((dot) => {
      const x = px(frame, dot.intensity);
      const y = py(frame, dot.rate);
      last = Math.max(y, last + kLabelGap);
      return { dot, x, y, labelY: last, before: x > (frame.left + frame.right) / 2 };
    });
}

customElements.define('roofline-chart', RooflineChart);
