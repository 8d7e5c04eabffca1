import { html, nothing, svg, type TemplateResult } from 'lit';
import { byteSize, computePeak, gigaflops, highestPeak, isaName, rungColor, threeDigits } from '../lab/format.ts';
import type { ProbeReport, RaceReport } from '../lab/protocol.ts';
import {
  axesFor,
  binaryTicks,
  decadeTicks,
  dotsOf,
  drawnPeaks,
  isUnsteadyProbe,
  logPosition,
  type Axis,
  type Dot,
} from '../lab/roofline.ts';
import type { Peak } from '../lab/types.ts';
import { engine, session } from './context.ts';
import { LabElement } from './lab-element.ts';
import { rooflineStyles } from './roofline-chart.styles.ts';
import { labStyles } from './styles.ts';

const kProbeSeconds = 5;
const kUnsteadyHint =
  'These limits are unsteady: something else is using this machine, or its clock is changing. Measure again when it is quiet.';
/** Raced when no race has run on the page yet. */
const kOwnRace = { m: 512, k: 512, n: 512, secondsPerLane: 0.4 };

/** Below this width labels are short and the lines of memory have none: the table has them. */
const kNarrow = 560;
const kLabelGap = 14;

interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: Axis;
  y: Axis;
}

/** This device's roofline (Williams, Waterman, Patterson 2009), measured on the spot, with the rungs of the last race as dots. */
export class RooflineChart extends LabElement {
  #peaks: readonly Peak[] = [];
  #status = '';
  #unsteady = false;
  #selected: string | null = null;
  #width = 640;
  #observer: ResizeObserver | null = null;

  static override styles = [labStyles, rooflineStyles];

  override firstUpdated(): void {
    this.#observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== this.#width) {
        this.#width = width;
        this.requestUpdate();
      }
    });
    const area = this.renderRoot.querySelector('.plot');
    if (area !== null) this.#observer.observe(area);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  async #run(): Promise<void> {
    await this.work(async () => {
      const raceNeeded = session.race === null;
      this.#status = 'probing the limits of compute and memory…';
      this.#unsteady = false;
      const report = await engine.probe(kProbeSeconds, (partial) => this.#showProbe(partial, raceNeeded ? 0.6 : 1));
      this.#showProbe(report, raceNeeded ? 0.6 : 1);
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
    session.race = await engine.race(options, show);
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
      <div class="section row">
        ${
          this.working
            ? html`${this.renderStop()}<span class="muted small">${this.#status}</span>`
            : html`<button
                  class="primary"
                  ?disabled=${engine.running === null || this.blocked}
                  @click=${() => this.#run()}
                >
                  ${this.#peaks.length > 0 ? 'Measure again' : 'Measure this device'}
                </button>
                <span class="muted small">${this.#sourceNote()}</span>${this.renderBlocked()}`
        }
      </div>
      ${this.renderProgress('Progress of the probe')}
      <div class="section plot-section" ?hidden=${this.#peaks.length === 0}>
        <div class="plot">${this.#peaks.length === 0 ? nothing : this.#renderChart(dots)}</div>
        ${this.#peaks.length === 0 ? nothing : html`<p class="detail small" aria-live="polite">${this.#detail(dots)}</p>`}
        ${
          this.#peaks.length === 0 || this.maxThreads === 1
            ? nothing
            : html`<p class="muted small">
                Solid lines: ${this.maxThreads} threads; dashed lines: one. Slopes: reading
                ${this.#width < kNarrow ? 'a small (upper) and a large piece of memory; the table has all' : 'memory of that size'}.
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

  #frame(dots: readonly Dot[]): Frame {
    const width = Math.max(280, this.#width);
    const height = Math.round(Math.min(440, Math.max(300, width * 0.6)));
    const margin = width < kNarrow ? 66 : 190;
    return {
      width,
      height,
      left: 44,
      right: width - margin,
      top: 12,
      bottom: height - 40,
      ...axesFor(this.#peaks, dots),
    };
  }

  #renderChart(dots: readonly Dot[]): TemplateResult {
    const frame = this.#frame(dots);
    const labelled = placeLabels(dots, frame);
    const limits = placeLimits(this.#peaks, frame);
    return html`<svg
      class="chart"
      viewBox="0 0 ${frame.width} ${frame.height}"
      role="group"
      aria-label="Roofline: speed against arithmetic intensity, both logarithmic. ${this.#summary(dots)} The table below has the same numbers."
    >
      ${renderGrid(frame)} ${drawnPeaks(this.#peaks).map((peak) => this.#renderRoof(peak, frame))}
      ${limits.map(
        ({ peak, y }) =>
          svg`<text class="label" x=${frame.right + 6} y=${y + 4}>${limitLabel(peak, frame.width < kNarrow)}</text>`,
      )}
      ${labelled.map((place) => this.#renderDot(place, frame))}
    </svg>`;
  }

  #renderRoof(peak: Peak, frame: Frame) {
    const style = peak.threads === 1 && this.maxThreads > 1 ? 'roof one' : 'roof all';
    const same = this.#peaks.filter((other) => other.threads === peak.threads);
    const bandwidth = Math.max(...same.filter((other) => other.kind === 'memory').map((other) => other.value));
    const compute = Math.max(...same.filter((other) => other.kind === 'compute').map((other) => other.value));
    if (peak.kind === 'compute') {
      const ridge = Number.isFinite(bandwidth) ? Math.max(frame.x.min, peak.value / bandwidth) : frame.x.min;
      const y = py(frame, peak.value);
      return svg`<line class=${style} x1=${px(frame, ridge)} x2=${frame.right} y1=${y} y2=${y} />`;
    }
    const from = Math.max(frame.x.min, frame.y.min / peak.value);
    const to = Math.min(frame.x.max, (Number.isFinite(compute) ? compute : frame.y.max) / peak.value);
    if (to <= from) return nothing;
    const [x1, y1, x2, y2] = [px(frame, from), py(frame, from * peak.value), px(frame, to), py(frame, to * peak.value)];
    const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
    const line = svg`<line class=${style} x1=${x1} y1=${y1} x2=${x2} y2=${y2} />`;
    if (frame.width < kNarrow) return line;
    const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
    // Two lines of one size lie close together: their labels go to the outer sides.
    const isLower =
      same.length < this.#peaks.length &&
      this.#peaks.some((other) => other.bytes === peak.bytes && isAbove(other, peak));
    const offset = isLower ? 15 : -6;
    return svg`${line}
      <text class="label" text-anchor="middle" transform="translate(${cx} ${cy}) rotate(${angle}) translate(0 ${offset})">${byteSize(peak.bytes)}: ${threeDigits(peak.value / 1e9)} GB/s</text>`;
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
        <div class="scroll" tabindex="0" role="region" aria-label="Limits as a table">
          <table>
            <caption>
              Measured limits of this device
            </caption>
            <thead>
              <tr>
                <th scope="col">Limit</th>
                <th scope="col">Threads</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              ${this.#peaks.map(
                (peak) =>
                  html`<tr>
                    <th scope="row">${peak.kind === 'memory' ? `read ${byteSize(peak.bytes)}` : isaName(peak.name)}</th>
                    <td>${peak.threads}</td>
                    <td>
                      ${peak.kind === 'memory' ? `${threeDigits(peak.value / 1e9)} GB/s` : gigaflops(peak.value, peak.kind === 'integer' ? 'int8' : '')}
                    </td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
        ${dots.length === 0 ? nothing : this.#renderDotTable(dots)}
      </details>
    </div>`;
  }

  #renderDotTable(dots: readonly Dot[]): TemplateResult {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Rungs as a table">
      <table>
        <caption>
          Rungs
        </caption>
        <thead>
          <tr>
            <th scope="col">Rung</th>
            <th scope="col">FLOP/byte</th>
            <th scope="col">GFLOP/s</th>
            <th scope="col">95 % interval</th>
          </tr>
        </thead>
        <tbody>
          ${dots.map(
            (dot) =>
              html`<tr>
                <th scope="row">${dot.name}</th>
                <td>${threeDigits(dot.intensity)}</td>
                <td>${threeDigits(dot.rate / 1e9)}</td>
                <td>${threeDigits(dot.low / 1e9)} … ${threeDigits(dot.high / 1e9)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }
}

const px = (frame: Frame, value: number) => frame.left + (frame.right - frame.left) * logPosition(frame.x, value);
const py = (frame: Frame, value: number) => frame.bottom - (frame.bottom - frame.top) * logPosition(frame.y, value);

function renderGrid(frame: Frame) {
  const { left, right, top, bottom } = frame;
  return svg`
    ${decadeTicks(frame.y).map((tick) => {
      const y = py(frame, tick);
      return svg`<line class="grid" x1=${left} x2=${right} y1=${y} y2=${y} />
        <text class="tick" x=${left - 7} y=${y + 4} text-anchor="end">${tick / 1e9}</text>`;
    })}
    ${binaryTicks(frame.x).map((tick) => {
      const x = px(frame, tick);
      return svg`<line class="grid" x1=${x} x2=${x} y1=${top} y2=${bottom} />
        <text class="tick" x=${x} y=${bottom + 16} text-anchor="middle">${tick >= 1 ? tick : `1/${1 / tick}`}</text>`;
    })}
    <text class="title" x=${(left + right) / 2} y=${bottom + 34} text-anchor="middle">arithmetic intensity, FLOP per byte</text>
    <text class="title" transform="translate(11 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">GFLOP/s</text>`;
}

/** Of two limits of the same size, which line lies higher; the number of threads decides between equals. */
function isAbove(other: Peak, peak: Peak): boolean {
  return other.value > peak.value || (other.value === peak.value && other.threads > peak.threads);
}

function peakLabel(peak: Peak): string {
  const threads = peak.threads === 1 ? '1 thread' : `${peak.threads} threads`;
  const name = peak.kind === 'memory' ? `read ${byteSize(peak.bytes)}` : isaName(peak.name);
  return `${name}, ${threads}: ${threeDigits(peak.value / 1e9)}${peak.kind === 'memory' ? ' GB/s' : ''}`;
}

/** For a phone's margin: "fused ×2". */
function limitLabel(peak: Peak, short: boolean): string {
  const last = isaName(peak.name).split(' ').at(-1);
  return short ? `${last === 'add' ? 'SIMD' : last} ×${peak.threads}` : peakLabel(peak);
}

/** The labels of the compute limits, in the right margin, moved apart downwards where they would overlap. */
function placeLimits(peaks: readonly Peak[], frame: Frame): { peak: Peak; y: number }[] {
  let last = -Infinity;
  return peaks
    .filter((peak) => peak.kind === 'compute')
    .sort((a, b) => b.value - a.value)
    .map((peak) => {
      last = Math.max(py(frame, peak.value), last + kLabelGap);
      return { peak, y: last };
    });
}

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
