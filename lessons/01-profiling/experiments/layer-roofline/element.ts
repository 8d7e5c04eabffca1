import { html, nothing, svg, type TemplateResult } from 'lit';
import {
  boundClass,
  boundOf,
  boundText,
  isUnsteadyProfile,
  kBatches,
  kUnsteadyProfile,
  layerDots,
  speedUpPerItem,
  type Bound,
  type BoundClass,
  type LayerDot,
} from '#lab/layers.ts';
import type { BatchUnit, ProfileReport } from '#lab/profile.ts';
import { byteSize, duration, gigaflops, threeDigits, times } from '#lab/text.ts';
import { nearestFactor } from '#lab/statistics.ts';
import type probe from '../../../02-acceleration/experiments/roofline-chart/task.ts';
import { engine, session } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { threads } from '#kit/fields.ts';
import { texts } from '#kit/lab-element.ts';
import { Prediction, type Question } from '#kit/question.ts';
import { kAside, lastOfEach, placeLabels, renderBatchTable, renderDotTable } from './view.ts';
import { layerRooflineStyles } from './styles.ts';
import {
  batchChoices,
  kModels,
  kProfileFields,
  rungChoices,
  runProfile,
  settleRung,
  threadedTwin,
  type ProfileSettings,
} from '../profile-runner.ts';
import { frameFor, px, py, renderLimits, type Frame } from '#kit/roofline-plot.ts';
import { rooflineStyles } from '#kit/roofline-plot.styles.ts';
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';

const kProbeSeconds = 5;
const kProfileSeconds = 2;
const kSweepSeconds = 1;
const kFactors = [1, 2, 5, 10, 20, 50];
/** Layers' colours in their order: registered ones, the grey last. */
const kColors = [5, 3, 6, 2, 8, 7, 4, 1];

/**
 * The layers of a model as dots under this device's roofline.
 *
 * Attributes: `model`, `batch`; with `sweep` all batch sizes are measured, and each layer's dots are joined; `id` names its settings.
 */
export class LayerRoofline extends Experiment<typeof kProfileFields> {
  static override fields = { ...kProfileFields, threads: threads({ capped: true }) };
  static override properties = { sweep: { type: Boolean } };
  declare sweep: boolean;

  readonly #prediction = new Prediction();
  #committed = '';
  #reports: ProfileReport[] = [];
  #status = '';
  #selected: string | null = null;
  readonly #width = new Width(this, '.plot');

  static override styles = [labStyles, rooflineStyles, layerRooflineStyles];

  constructor() {
    super();
    this.sweep = false;
  }

  protected override get settingsKey(): string {
    return this.id || (this.sweep ? 'sweep' : 'layers');
  }

  protected override inAddress(name: string): boolean {
    return name !== 'batch' || !this.sweep;
  }

  /** The limits were measured for one thread and for all. */
  protected override settle(values: ProfileSettings): ProfileSettings {
    return { ...settleRung(values, this.variants), threads: values.threads > 1 ? this.maxThreads : 1 };
  }

  protected override change(change: Partial<ProfileSettings>): void {
    this.#reports = [];
    super.change(change);
  }

  get #question(): Question<string | number> {
    return this.sweep
      ? {
          before: `${this.#item} in a batch of 256 is faster than alone by`,
          values: kFactors,
          text: (factor) => `about ${factor}×`,
        }
      : {
          before: 'most layers are limited by',
          values: ['memory', 'arithmetic', 'neither'],
          text: (limit) => (limit === 'neither' ? 'neither: they stay far below' : String(limit)),
        };
  }

  get #batches(): readonly number[] {
    return this.sweep ? kBatches : [this.values.batch];
  }

  async #run(): Promise<void> {
    this.#committed = String(this.#question.values[this.#prediction.committed] ?? '');
    this.#reports = [];
    this.#selected = null;
    super.change({});
    await this.work(async () => {
      if (!(await this.#probe())) return;
      const from = this.progress;
      for (const [index, batch] of this.#batches.entries()) {
        this.#status = `running the ${kModels[this.values.model]!.title} with a batch of ${batch}…`;
        const variant = threadedTwin(this.variants, this.values.variant, this.values.threads);
        const seconds = this.sweep ? kSweepSeconds : kProfileSeconds;
        const report = await runProfile({ ...this.values, batch, variant }, seconds, (partial) => {
          this.progress = from + ((1 - from) * (index + partial.progress)) / this.#batches.length;
          this.requestUpdate();
        });
        if (report.run !== null) this.#reports = [...this.#reports, report];
        if (report.stopped) {
          this.announcement = 'Stopped.';
          return;
        }
      }
      this.announcement = 'Finished.';
    });
  }

  /** The device's limits, unless the page knows them. False if stopped. */
  async #probe(): Promise<boolean> {
    if (session.peaks.length > 0) return true;
    this.#status = 'probing the limits of compute and memory…';
    const report = await engine.run<typeof probe>(
      '02-acceleration/roofline-chart',
      { seconds: kProbeSeconds },
      (partial) => {
        this.progress = 0.5 * partial.progress;
        this.requestUpdate();
      },
    );
    if (!report.stopped) session.peaks = report.peaks;
    else this.announcement = 'Stopped.';
    return !report.stopped;
  }

  get #unit(): BatchUnit {
    return kModels[this.values.model]!.unit;
  }

  get #item(): string {
    return this.#unit === 'image' ? 'an image' : 'a token';
  }

  get #dots(): LayerDot[] {
    return this.#reports.flatMap((report) => layerDots(report));
  }

  #bound(dot: LayerDot): Bound | null {
    const isa = this.variants.find(({ name }) => name === this.values.variant)?.isa ?? '';
    return boundOf(dot, session.peaks, isa, this.values.threads);
  }

  #color(name: string): string {
    const names = [...new Set(this.#dots.map((dot) => dot.name))];
    return `var(--lab-${kColors[names.indexOf(name) % kColors.length]})`;
  }

  override render(): TemplateResult {
    const dots = this.#dots;
    const title = this.sweep ? `From one ${this.#unit} to 256` : 'The layers under the roofline';
    return html`<div class="card">
      ${this.renderHead(title)} ${this.#renderSettings()}
      ${this.renderStart(this.#question, this.#prediction, {
        verb: this.sweep ? 'Measure all batches' : 'Measure the layers',
        skip: 'Measure without a prediction',
        busy: this.#status,
        run: () => this.#run(),
        note: `about ${this.#seconds} seconds`,
      })}
      ${this.renderProgress('Progress of the measurement')}
      <div class="section plot-section" ?hidden=${dots.length === 0}>
        ${dots.length === 0 || this.working ? nothing : this.#renderVerdict(dots)}
        <div class="plot">${dots.length === 0 ? nothing : this.#renderChart(dots)}</div>
        ${dots.length === 0 ? nothing : html`<p class="detail small" aria-live="polite">${this.#detail(dots)}</p>`}
        ${!this.working && isUnsteadyProfile(this.#reports) ? html`<p class="small bad">${kUnsteadyProfile}</p>` : nothing}
      </div>
      ${dots.length > 0 && !this.working ? this.#renderTables(dots) : nothing} ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const models = Object.entries(kModels).map(([name, { title }]): [string, string] => [name, title]);
    const { threads } = this.values;
    const counts = texts([1, this.maxThreads]);
    return html`<div class="section row">
      ${this.renderField('model', models)} ${this.sweep ? nothing : this.renderField('batch', batchChoices(this.#unit))}
      ${this.renderField('variant', rungChoices(this.variants))}
      ${this.maxThreads === 1 ? nothing : this.renderSelect('Threads', String(threads), counts, (count) => this.change({ threads: Number(count) }))}
    </div>`;
  }

  get #seconds(): number {
    return (session.peaks.length > 0 ? 0 : kProbeSeconds) + this.#batches.length * (this.sweep ? 1 : 2);
  }

  #renderVerdict(dots: readonly LayerDot[]): TemplateResult | typeof nothing {
    if (this.sweep) return this.#renderSweepVerdict();
    const classes = dots.map((dot) => boundClass(this.#bound(dot)));
    const count = (wanted: BoundClass) => classes.filter((found) => found === wanted).length;
    const most = (['memory', 'arithmetic', 'neither'] as const).reduce((a, b) => (count(b) > count(a) ? b : a));
    return html`<p class="verdict">
      Near their roof (25 % of it or more): ${count('memory')} limited by memory, ${count('arithmetic')} by arithmetic.
      Far below: ${count('neither')}.
      ${
        this.#committed === ''
          ? nothing
          : html`You predicted ${this.#committed}:
              <strong class=${count(this.#committed as BoundClass) === count(most) ? 'good' : 'bad'}
                >${count(this.#committed as BoundClass) === count(most) ? 'right' : `here most are ${most === 'neither' ? 'far below' : `limited by ${most}`}`}</strong
              >.`
      }
    </p>`;
  }

  #renderSweepVerdict(): TemplateResult | typeof nothing {
    const factor = speedUpPerItem(this.#reports);
    if (factor === null) return nothing;
    const right = nearestFactor(factor, kFactors) === Number(this.#committed);
    return html`<p class="verdict">
      In the largest batch ${this.#item} takes ${Math.round(100 / factor)} % of the time that it takes alone:
      <strong>${times(factor >= 1 ? factor : 1 / factor)}</strong> ${factor >= 1 ? 'faster' : 'slower'}.
      ${
        this.#committed === ''
          ? nothing
          : html`You predicted about ${this.#committed}×:
              <strong class=${right ? 'good' : 'bad'}>${right ? 'right' : 'another size'}</strong>.`
      }
    </p>`;
  }

  #renderChart(dots: readonly LayerDot[]): TemplateResult {
    const peaks = session.peaks.filter((peak) => peak.threads === this.values.threads);
    const frame = frameFor(this.#width.value, peaks, dots);
    const labels = placeLabels(this.sweep ? lastOfEach(dots) : dots, frame);
    return html`<svg
      class="chart"
      viewBox="0 0 ${frame.width} ${frame.height}"
      role="group"
      aria-label="Roofline with the layers of the model, both axes logarithmic. The table below has the same numbers."
    >
      ${renderLimits(peaks, frame, this.values.threads)} ${this.sweep ? this.#renderPaths(dots, frame) : nothing}
      ${dots.map((dot) => this.#renderDot(dot, frame))}
      ${labels.map(
        ({ dot, x, y, before }) =>
          svg`<text class="label layer" x=${before ? x - kAside : x + kAside} y=${y + 4} text-anchor=${before ? 'end' : 'start'}>${dot.name}</text>`,
      )}
    </svg>`;
  }

  #renderPaths(dots: readonly LayerDot[], frame: Frame) {
    return [...new Set(dots.map((dot) => dot.name))].map((name) => {
      const points = dots
        .filter((dot) => dot.name === name)
        .map((dot) => `${px(frame, dot.intensity)},${py(frame, dot.rate)}`);
      return svg`<polyline class="path" stroke=${this.#color(name)} points=${points.join(' ')} />`;
    });
  }

  #renderDot(dot: LayerDot, frame: Frame) {
    const key = `${dot.name} ${dot.batch}`;
    const select = () => {
      this.#selected = key;
      this.requestUpdate();
    };
    const [x, y, color] = [px(frame, dot.intensity), py(frame, dot.rate), this.#color(dot.name)];
    return svg`<g class="dot ${this.#selected === key ? 'selected' : ''}" tabindex="0" role="img"
        aria-label="${dot.name}, batch ${dot.batch}: ${gigaflops(dot.rate)} at ${threeDigits(dot.intensity)} FLOP per byte; ${boundText(this.#bound(dot))}"
        @focus=${select} @mouseenter=${select} @click=${select}>
      <line stroke=${color} x1=${x} x2=${x} y1=${py(frame, Math.max(dot.low, frame.y.min))} y2=${py(frame, Math.min(dot.high, frame.y.max))} />
      <circle cx=${x} cy=${y} r=${this.sweep ? 3.5 + 0.75 * kBatches.indexOf(dot.batch) : 6.5} fill=${color} />
    </g>`;
  }

  #renderTables(dots: readonly LayerDot[]): TemplateResult {
    return html`<div class="section">
      ${renderDotTable(dots, { open: !this.sweep, colorOf: (name) => this.#color(name), boundOf: (dot) => this.#bound(dot) })}
      ${this.sweep ? renderBatchTable(this.#reports) : nothing}
    </div>`;
  }

  #detail(dots: readonly LayerDot[]): TemplateResult | string {
    const dot = dots.find(({ name, batch }) => `${name} ${batch}` === this.#selected);
    if (dot === undefined) return 'Choose a dot, with pointer, finger or Tab key, for its numbers.';
    const bound = this.#bound(dot);
    return html`<code>${dot.name}</code> (${dot.kind}), batch ${dot.batch}: ${duration(dot.seconds)},
      ${gigaflops(dot.rate)} at ${threeDigits(dot.intensity)} FLOP per
      byte.${
        bound === null
          ? nothing
          : html` The roof above it: ${gigaflops(bound.roof)}, by ${bound.by}
            ${bound.by === 'memory' ? `(${threeDigits(bound.memory.value / 1e9)} GB/s, measured over ${byteSize(bound.memory.bytes)})` : ''};
            it reaches ${Math.round(100 * bound.share)} %.`
      }`;
  }
}

customElements.define('layer-roofline', LayerRoofline);
