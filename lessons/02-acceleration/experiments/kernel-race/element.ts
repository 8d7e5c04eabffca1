import { html, nothing, type TemplateResult } from 'lit';
import { computePeak, flopsPerSecond, highestPeak, rungColor } from '#lab/format.ts';
import { raceRecord } from '#lab/export.ts';
import { kGuestRung } from '#lab/guest.ts';
import {
  activity,
  isUnsteady,
  parseShape,
  ranking,
  shapeLabel,
  slowRungs,
  tiedWith,
  type RaceReport,
} from '#lab/race.ts';
import type { Guest, Guests } from '#lab/plug.ts';
import type { Lane, Peak, VariantInfo } from '#lab/types.ts';
import { gigaflops, times } from '#lab/text.ts';
import { nearestFactor } from '#lab/statistics.ts';
import { engine, session } from '#kit/context.ts';
import { LabElement, saveFile } from '#kit/lab-element.ts';
import type race from './task.ts';
import { renderDigests, renderLane, renderPreview, renderTable } from './view.ts';
import { raceStyles } from './styles.ts';
import { labStyles } from '#kit/styles.ts';

/** M×K×N, with what such a product stands for. */
const kShapes: readonly { text: string; note: string }[] = [
  { text: '64x64x64', note: 'fits the first-level cache' },
  { text: '128x128x128', note: '' },
  { text: '256x256x256', note: '' },
  { text: '512x512x512', note: '' },
  { text: '1024x1024x1024', note: 'the slow rungs take seconds per call' },
  { text: '64x784x256', note: 'first layer of the MLP, 64 images' },
  { text: '1x1024x1024', note: 'one row: a matrix–vector product' },
];
const kDefaultShape = '512x512x512';
const kFactors = [1, 2, 5, 10, 20, 50, 100];
/** The race's clock counts measured batches only; a rung that is slow for its size takes longer. */
const kSecondsPerLane = 0.6;
const kUnsteadyHint =
  'Few rungs settled in time: something else is using this machine, or its clock is changing. The wide intervals say so; run again when it is quiet.';
/** One idea a row; without threads the fused rung stands alone. */
const kCompactRungs = {
  threads: ['naive', 'blocked', 'simd', 'simd_threads', 'relaxed_threads'],
  single: ['naive', 'blocked', 'simd', 'relaxed'],
};

interface Prediction {
  winner: string;
  factor: number;
}

/**
 * The rungs of the GEMM ladder, measured against each other on this device.
 *
 * Attributes: `shape` (MxKxN), `rungs` (names separated by commas), `id` (names its settings in the address, where a page has several
 * races; default `race`); with `compact` there are no settings and no prediction.
 */
export class KernelRace extends LabElement {
  static override properties = { compact: { type: Boolean } };
  declare compact: boolean;

  #shape = kDefaultShape;
  #threads = 0;
  #chosen: Set<string> | null = null;
  /** The guest as it was at the last drawing. */
  #offered: Guest | undefined;
  #prediction: Partial<Prediction> = {};
  /** The prediction as it was when the race began. */
  #committed: Prediction | null = null;
  #report: RaceReport | null = null;
  #recorded = new Date();

  static override styles = [labStyles, raceStyles];

  constructor() {
    super();
    this.compact = false;
  }

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.compact ? {} : this.settings(this.#key);
    const shape = saved['size'] ?? this.getAttribute('shape') ?? kDefaultShape;
    this.#shape = parseShape(shape) === null ? kDefaultShape : shape;
    const threads = Number(saved['threads']);
    this.#threads = threads >= 1 && threads <= this.maxThreads ? Math.floor(threads) : this.maxThreads;
    const names = (saved['rungs'] ?? this.getAttribute('rungs'))?.split(',');
    const wanted = this.compact ? kCompactRungs[this.maxThreads > 1 ? 'threads' : 'single'] : names;
    // Integer rungs are offered, but another product: only who names them races them.
    const floats = this.#ladder.filter((variant) => variant.mode !== 'int8').map((variant) => variant.name);
    const rungs = this.#ladder.map((variant) => variant.name).filter((name) => (wanted ?? floats).includes(name));
    this.#chosen = new Set(rungs.length > 0 ? rungs : floats);
  }

  protected override get racesGuest(): boolean {
    return !this.compact;
  }

  /** A kernel that has just passed joins the others. */
  protected override willUpdate(): void {
    const guest = session.guests.get('matmul');
    if (guest !== undefined && guest !== this.#offered) this.#chosen?.add(kGuestRung);
    this.#offered = guest;
  }

  /** The rungs that make sense here: a threaded one with a single thread would only repeat its neighbour. */
  get #ladder(): VariantInfo[] {
    return this.variants.filter((variant) => !variant.threaded || this.maxThreads > 1);
  }

  get #rungs(): string[] {
    return this.#ladder.map((variant) => variant.name).filter((name) => this.#chosen?.has(name));
  }

  #color(name: string): string {
    return rungColor(this.variants, name);
  }

  #save(): void {
    const { m, k, n } = this.#dimensions;
    const [rungs, threads] = [this.#rungs.join(','), String(this.#threads)];
    this.saveSettings(this.#key, { size: `${m}x${k}x${n}`, rungs, threads });
    this.requestUpdate();
  }

  get #key(): string {
    return this.id || 'race';
  }

  protected override get settingsKey(): string | null {
    return this.compact ? null : this.#key;
  }

  get #dimensions() {
    return parseShape(this.#shape) ?? { m: 512, k: 512, n: 512 };
  }

  async #run(): Promise<void> {
    const { winner, factor } = this.#prediction;
    this.#committed = winner !== undefined && factor !== undefined ? { winner, factor } : null;
    this.#report = null;
    if (!this.compact) this.#save(); // so that the address reproduces this race, also with the page's own settings
    await this.work(async () => {
      const variants = this.#rungs;
      const options = {
        ...this.#dimensions,
        variants,
        threads: this.#threads,
        seconds: kSecondsPerLane * variants.length,
      };
      const show = (partial: RaceReport) => this.#show(partial);
      const report = await engine.run<typeof race>('02-acceleration/kernel-race', options, show, this.#guests);
      this.#show(report);
      this.#recorded = new Date();
      if (hasResult(report)) session.race = report;
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${this.#winnerText(report)}`;
    });
  }

  get #guests(): Guests | undefined {
    return this.#rungs.includes(kGuestRung) ? session.guestsFor(['matmul']) : undefined;
  }

  #show(report: RaceReport): void {
    this.#report = report;
    this.progress = report.progress;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.compact ? this.renderHead('Matrix product, measured here') : this.renderHead('Kernel race')}
      ${this.compact ? nothing : this.#renderSettings()} ${this.#renderStart()}
      ${this.renderProgress('Progress of the race')} ${this.#renderResult()} ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const known = kShapes.some((shape) => shape.text === this.#shape);
    const shapes = known ? kShapes : [...kShapes, { text: this.#shape, note: 'from the address' }];
    return html`<div class="section">
      <div class="row">
        <label class="field"
          >Size
          <select
            ?disabled=${this.working}
            @change=${(event: Event) => this.#setShape((event.target as HTMLSelectElement).value)}
          >
            ${shapes.map(
              ({ text, note }) =>
                html`<option value=${text} .selected=${text === this.#shape}>
                  ${shapeLabel(text)}${note && `, ${note}`}
                </option>`,
            )}
          </select></label
        >
        ${this.renderThreads(this.#threads, (threads) => {
          this.#threads = threads;
          this.#save();
        })}
      </div>
      <fieldset ?disabled=${this.working}>
        <legend>Rungs</legend>
        <div class="chips">${this.#ladder.map((variant) => this.#renderChip(variant))}</div>
      </fieldset>
    </div>`;
  }

  #renderChip(variant: VariantInfo): TemplateResult {
    return html`<label class="chip" title="${variant.idea} (${variant.mode})">
      <input
        type="checkbox"
        .checked=${this.#chosen?.has(variant.name) ?? false}
        @change=${(event: Event) => this.#toggle(variant.name, (event.target as HTMLInputElement).checked)}
      />
      <span class="dot" style="background:${this.#color(variant.name)}" aria-hidden="true"></span>${variant.name}
    </label>`;
  }

  #setShape(shape: string): void {
    this.#shape = shape;
    this.#save();
  }

  #toggle(name: string, on: boolean): void {
    if (on) this.#chosen?.add(name);
    else this.#chosen?.delete(name);
    if (this.#prediction.winner === name && !on) this.#prediction = { ...this.#prediction, winner: undefined };
    this.#save();
  }

  #renderStart(): TemplateResult {
    if (this.working)
      return html`<div class="section row">
        ${this.renderStop()}<span class="muted small"
          >${this.#report === null ? 'measuring…' : activity(this.#report)}</span
        >
      </div>`;
    const ready = engine.running !== null && !this.blocked && this.#rungs.length > 0;
    if (this.compact) {
      return html`<div class="section row">
        <button class="primary" ?disabled=${!ready} @click=${() => this.#run()}>
          ${this.#report ? 'Run again' : 'Run the race'}
        </button>
        <span class="muted small">${shapeLabel(this.#shape)}, float32${this.#compactTime()}</span
        >${this.renderBlocked()}
      </div>`;
    }
    const { winner, factor } = this.#prediction;
    const predicted = winner !== undefined && factor !== undefined;
    return html`<div class="section predict">
      <div class="row">
        <strong>Predict first.</strong>
        <label class="field"
          >Fastest
          <select
            @change=${(event: Event) => this.#predict({ winner: (event.target as HTMLSelectElement).value || undefined })}
          >
            <option value="" .selected=${winner === undefined}>choose…</option>
            ${this.#rungs.map((name) => html`<option value=${name} .selected=${name === winner}>${name}</option>`)}
          </select></label
        >
        <label class="field"
          >times faster than ${this.#rungs[0] ?? 'the first'}
          <select
            @change=${(event: Event) => this.#predict({ factor: Number((event.target as HTMLSelectElement).value) || undefined })}
          >
            <option value="" .selected=${factor === undefined}>choose…</option>
            ${kFactors.map((value) => html`<option value=${value} .selected=${value === factor}>about ${value}×</option>`)}
          </select></label
        >
      </div>
      <div class="row actions">
        <button class="primary" ?disabled=${!ready || !predicted} @click=${() => this.#run()}>Run the race</button>
        <button class="link" ?hidden=${predicted} ?disabled=${!ready} @click=${() => this.#run()}>
          Run without a prediction
        </button>
        ${this.#rungs.length === 0 ? html`<span class="bad small">Choose at least one rung.</span>` : this.renderBlocked()}
      </div>
      ${this.#renderWait()}
    </div>`;
  }

  /** Slow calls make a race take a quarter longer than its measuring time. */
  #compactTime(): string {
    const lanes = this.#rungs.length;
    return lanes === 0 ? '' : `, about ${Math.round(1.25 * kSecondsPerLane * lanes)} seconds`;
  }

  #renderWait(): TemplateResult | typeof nothing {
    const { m, k, n } = this.#dimensions;
    const chosen = this.#ladder.filter((variant) => this.#chosen?.has(variant.name));
    const slow = slowRungs(2 * m * k * n, chosen);
    if (slow.length === 0) return nothing;
    const names = slow.length < 3 ? slow.join(' and ') : `${slow.slice(0, -1).join(', ')} and ${slow.at(-1)}`;
    return html`<p class="muted small wait">${names} may take several seconds a call here.</p>`;
  }

  #predict(change: Partial<Prediction>): void {
    this.#prediction = { ...this.#prediction, ...change };
    this.requestUpdate();
  }

  #renderResult(): TemplateResult | typeof nothing {
    const report = this.#report;
    if (report === null)
      return this.compact ? renderPreview(this.#ladder.filter((variant) => this.#chosen?.has(variant.name))) : nothing;
    if (report.done && !hasResult(report)) return html`<div class="section">${this.#renderVerdict(report)}</div>`;
    const highest = highestPeak(session.peaks)?.value ?? null;
    const fastest = Math.max(
      1,
      ...report.lanes.map((lane) => (lane.statistics ? lane.flops / lane.statistics.low : 0)),
    );
    const roofs = report.lanes.map((lane) => this.#peakOf(report, lane)?.value ?? 0);
    const scale = Math.max(fastest, highest ?? 0, ...roofs) * 1.04;
    return html`<div class="section">
        <ol class="lanes" aria-label="Speed of each rung">
          ${report.lanes.map((lane, index) => renderLane(lane, { color: this.#color(lane.name), scale, peak: this.#peakOf(report, lane)?.value ?? null, empty: this.#waiting(index) }))}
        </ol>
        <p class="axis">
          GFLOP/s${report.lanes.some((lane) => this.#mode(lane.name) === 'int8') ? ' (integers: GOP/s)' : ''}, more is
          faster; the line across a bar’s end is the 95 % interval of the
          median${highest === null ? '' : ', the dashed line the measured limit of the instructions it uses'}. ✓
          settled.
        </p>
        ${report.done ? this.#renderVerdict(report) : nothing}
      </div>
      ${report.done && !this.compact ? this.#renderFigures(report) : nothing}`;
  }

  /** Of a lane without a figure. */
  #waiting(index: number): string {
    if (!this.working) return 'not reached';
    return this.#report?.atWork === index ? 'at work' : 'waiting';
  }

  #winnerText(report: RaceReport): string {
    const { first, winner, factor } = ranking(report);
    if (winner === null || first === null) return 'Nothing was measured.';
    const rate = gigaflops(flopsPerSecond(winner) ?? 0, this.#mode(winner.name));
    const ratio = winner === first ? '' : `, ${times(factor)} as fast as ${first.name}`;
    const tied = tiedWith(winner, report.lanes);
    const doubt =
      tied.length === 0
        ? ''
        : ` Its interval overlaps with that of ${tied.join(', ')}: this run cannot tell which is faster.`;
    return `${winner.name} reached ${rate}${ratio}.${doubt}`;
  }

  #renderVerdict(report: RaceReport): TemplateResult {
    const { winner, factor } = ranking(report);
    // A race stopped before the predicted rung had its turn proves nothing.
    const judged = report.lanes.every((lane) => lane.statistics !== null);
    const guess = judged ? this.#committed : null;
    const right = winner !== null && [winner.name, ...tiedWith(winner, report.lanes)].includes(guess?.winner ?? '');
    return html`<p class="verdict">
        ${report.stopped ? 'Stopped early. ' : nothing}${this.#winnerText(report)}
        ${
          guess === null || winner === null
            ? nothing
            : html`<br />You predicted <code>${guess.winner}</code> at about ${guess.factor}×:
                <strong class=${right ? 'good' : 'bad'}>${right ? 'the right rung' : 'another rung won'}</strong>,
                ${nearestFactor(factor, kFactors) === guess.factor ? 'and the right size' : `and it was ${times(factor)}`}.`
        }
        <br />${renderDigests(report, (name) => this.#mode(name))}
      </p>
      ${isUnsteady(report) ? html`<p class="small muted">${kUnsteadyHint}</p>` : nothing}`;
  }

  /** The device's measured limit for what this rung uses; null before the roofline has run. */
  #peakOf(report: RaceReport, lane: Lane): Peak | null {
    const variant = this.variants.find((candidate) => candidate.name === lane.name);
    return variant === undefined
      ? null
      : computePeak(session.peaks, variant.isa, variant.threaded ? report.options.threads : 1);
  }

  #mode(name: string): string {
    return this.variants.find((variant) => variant.name === name)?.mode ?? '';
  }

  #renderFigures(report: RaceReport): TemplateResult {
    return html`<div class="section">
      ${renderTable(
        report,
        (name) => this.#mode(name),
        (lane) => this.#peakOf(report, lane),
      )}
      <div class="row actions">
        <button @click=${() => this.#export(report)}>Export as JSON</button>
        <span class="muted small">The address of this page now carries these settings.</span>
      </div>
    </div>`;
  }

  #export(report: RaceReport): void {
    const record = raceRecord(report, {
      recorded: this.#recorded,
      page: location.href,
      userAgent: navigator.userAgent,
      engine: engine.running?.info,
      peaks: session.peaks,
    });
    saveFile('optlab-race.json', `${JSON.stringify(record, null, 2)}\n`);
  }
}

/** False for a race that was stopped before its first measurement. */
function hasResult(report: RaceReport): boolean {
  return report.lanes.some((lane) => lane.statistics !== null);
}

customElements.define('kernel-race', KernelRace);
