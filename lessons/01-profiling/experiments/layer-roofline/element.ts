import { html, nothing, svg, type TemplateResult } from 'lit';
import { byteSize, duration, gigaflops, threeDigits, times } from '#lab/format.ts';
import {
  batchText,
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
import type { BatchUnit, ProfileReport } from '#lab/protocol.ts';
import { nearestFactor } from '#lab/race.ts';
import type probe from '../../../02-acceleration/experiments/roofline-chart/task.ts';
import { engine, session } from '#kit/context.ts';
import { LabElement } from '#kit/lab-element.ts';
import { kAside, lastOfEach, placeLabels, renderBatchTable, renderDotTable } from './view.ts';
import { layerRooflineStyles } from './styles.ts';
import { kModels, profileRungs, runProfile, threadedTwin } from '#kit/profile-runner.ts';
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

interface Settings {
  model: string;
  batch: number;
  variant: string;
  threads: number;
}

/**
 * The layers of a model as dots under this device's roofline.
 *
 * Attributes: `model`, `batch`; with `sweep` all batch sizes are measured, and each layer's dots are joined; `id` names its settings.
 */
export class LayerRoofline extends LabElement {
  static override properties = { sweep: { type: Boolean } };
  declare sweep: boolean;

  #settings: Settings = { model: 'mlp', batch: 64, variant: 'simd', threads: 1 };
  #guess = '';
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

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.settings(this.settingsKey);
    const of = (name: string, fallback: string) => saved[name] ?? this.getAttribute(name) ?? fallback;
    const batch = Number(of('batch', '64'));
    const rungs = profileRungs(this.variants).map((variant) => variant.name);
    this.#settings = {
      model: Object.hasOwn(kModels, of('model', 'mlp')) ? of('model', 'mlp') : 'mlp',
      batch: kBatches.includes(batch) ? batch : 64,
      variant: rungs.includes(of('rung', 'simd')) ? of('rung', 'simd') : 'simd',
      threads: Number(of('threads', '1')) > 1 ? this.maxThreads : 1,
    };
  }

  protected override get settingsKey(): string {
    return this.id || (this.sweep ? 'sweep' : 'layers');
  }

  #change(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#reports = [];
    this.#save();
    this.requestUpdate();
  }

  #save(): void {
    const { model, batch, variant, threads } = this.#settings;
    const own: Record<string, string> = this.sweep ? {} : { batch: String(batch) };
    this.saveSettings(this.settingsKey, { model, ...own, rung: variant, threads: String(threads) });
  }

  get #batches(): readonly number[] {
    return this.sweep ? kBatches : [this.#settings.batch];
  }

  async #run(): Promise<void> {
    this.#committed = this.#guess;
    this.#reports = [];
    this.#selected = null;
    this.#save();
    await this.work(async () => {
      if (!(await this.#probe())) return;
      const from = this.progress;
      for (const [index, batch] of this.#batches.entries()) {
        this.#status = `running the ${kModels[this.#settings.model]!.title} with a batch of ${batch}…`;
        const variant = threadedTwin(this.variants, this.#settings.variant, this.#settings.threads);
        const seconds = this.sweep ? kSweepSeconds : kProfileSeconds;
        const report = await runProfile({ ...this.#settings, batch, variant }, seconds, (partial) => {
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
    return kModels[this.#settings.model]!.unit;
  }

  get #item(): string {
    return this.#unit === 'image' ? 'an image' : 'a token';
  }

  get #dots(): LayerDot[] {
    return this.#reports.flatMap((report) => layerDots(report));
  }

  #bound(dot: LayerDot): Bound | null {
    const isa = this.variants.find(({ name }) => name === this.#settings.variant)?.isa ?? '';
    return boundOf(dot, session.peaks, isa, this.#settings.threads);
  }

  #color(name: string): string {
    const names = [...new Set(this.#dots.map((dot) => dot.name))];
    return `var(--lab-${kColors[names.indexOf(name) % kColors.length]})`;
  }

  override render(): TemplateResult {
    const dots = this.#dots;
    const title = this.sweep ? `From one ${this.#unit} to 256` : 'The layers under the roofline';
    return html`<div class="card">
      ${this.renderHead(title)} ${this.#renderSettings()} ${this.#renderStart()}
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
    const { model, batch, variant, threads } = this.#settings;
    const models = Object.entries(kModels).map(([name, { title }]): [string, string] => [name, title]);
    const batches = kBatches.map((size): [string, string] => [String(size), batchText(size, this.#unit)]);
    const rungs = profileRungs(this.variants).map(({ name }): [string, string] => [name, name]);
    const counts = [1, this.maxThreads].map((count): [string, string] => [String(count), String(count)]);
    return html`<div class="section row">
      ${this.renderSelect('Model', model, models, (name) => this.#change({ model: name }))}
      ${this.sweep ? nothing : this.renderSelect('Batch', String(batch), batches, (size) => this.#change({ batch: Number(size) }))}
      ${this.renderSelect('Rung', variant, rungs, (name) => this.#change({ variant: name }))}
      ${this.maxThreads === 1 ? nothing : this.renderSelect('Threads', String(threads), counts, (count) => this.#change({ threads: Number(count) }))}
    </div>`;
  }

  #renderStart(): TemplateResult {
    if (this.working) {
      return html`<div class="section row">${this.renderStop()}<span class="muted small">${this.#status}</span></div>`;
    }
    const ready = engine.running !== null && !this.blocked;
    const options: [string, string][] = this.sweep
      ? kFactors.map((factor) => [String(factor), `about ${factor}×`])
      : [
          ['memory', 'memory'],
          ['arithmetic', 'arithmetic'],
          ['neither', 'neither: they stay far below'],
        ];
    const seconds = (session.peaks.length > 0 ? 0 : kProbeSeconds) + this.#batches.length * (this.sweep ? 1 : 2);
    return html`<div class="section predict row">
      <label class="field"
        ><strong>Predict:</strong>
        ${this.sweep ? `${this.#item} in a batch of 256 is faster than alone by` : 'most layers are limited by'}
        <select
          @change=${(event: Event) => {
            this.#guess = (event.target as HTMLSelectElement).value;
            this.requestUpdate();
          }}
        >
          <option value="" .selected=${this.#guess === ''}>choose…</option>
          ${options.map(([value, text]) => html`<option value=${value} .selected=${value === this.#guess}>${text}</option>`)}
        </select></label
      >
      <button class="primary" ?disabled=${!ready || this.#guess === ''} @click=${() => this.#run()}>
        ${this.sweep ? 'Measure all batches' : 'Measure the layers'}
      </button>
      <button class="link" ?hidden=${this.#guess !== ''} ?disabled=${!ready} @click=${() => this.#run()}>
        Measure without a prediction
      </button>
      <span class="muted small">about ${seconds} seconds</span>${this.renderBlocked()}
    </div>`;
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
    const peaks = session.peaks.filter((peak) => peak.threads === this.#settings.threads);
    const frame = frameFor(this.#width.value, peaks, dots);
    const labels = placeLabels(this.sweep ? lastOfEach(dots) : dots, frame);
    return html`<svg
      class="chart"
      viewBox="0 0 ${frame.width} ${frame.height}"
      role="group"
      aria-label="Roofline with the layers of the model, both axes logarithmic. The table below has the same numbers."
    >
      ${renderLimits(peaks, frame, this.#settings.threads)} ${this.sweep ? this.#renderPaths(dots, frame) : nothing}
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
