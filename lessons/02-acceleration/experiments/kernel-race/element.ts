import { html, nothing, type TemplateResult } from 'lit';
import { computePeak, flopsPerSecond, highestPeak } from '#lab/format.ts';
import { raceRecord } from '#lab/export.ts';
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
import type { Lane, Peak } from '#lab/types.ts';
import { gigaflops, times } from '#lab/text.ts';
import { nearestFactor } from '#lab/statistics.ts';
import { engine, session } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { saveFile } from '#kit/lab-element.ts';
import { RungChoice } from '#kit/rungs.ts';
import { kFactors, kFields, kSizes, sizeLabel } from './settings.ts';
import type race from './task.ts';
import { renderDigests, renderLane, renderPreview, renderFigures } from './view.ts';
import { raceStyles } from './styles.ts';
import { labStyles } from '#kit/styles.ts';

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
 * Attributes: `size` (MxKxN), `rungs` (names separated by commas), `threads`, `id` (names its settings in the address, where a page has several
 * races; default `race`); with `compact` there are no settings and no prediction.
 */
export class KernelRace extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'race';
  static override properties = { compact: { type: Boolean } };
  declare compact: boolean;

  readonly #choice = new RungChoice(
    this,
    () => this.variants,
    // A threaded rung with a single thread would only repeat its neighbour.
    (rung) => !rung.threaded || this.maxThreads > 1,
  );
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
    const wanted = this.compact
      ? kCompactRungs[this.maxThreads > 1 ? 'threads' : 'single']
      : this.values.rungs.split(',');
    // Integer rungs are offered, but another product: only who names them races them.
    const floats = this.#choice.ladder.filter(({ mode }) => mode !== 'int8').map(({ name }) => name);
    this.#choice.choose(wanted, floats);
  }

  protected override get settingsKey(): string | null {
    return this.compact ? null : super.settingsKey;
  }

  protected override get racesGuest(): boolean {
    return !this.compact;
  }

  get #rungs(): string[] {
    return this.#choice.names;
  }

  get #dimensions() {
    return parseShape(this.values.size)!;
  }

  async #run(): Promise<void> {
    const { winner, factor } = this.#prediction;
    this.#committed = winner !== undefined && factor !== undefined ? { winner, factor } : null;
    this.#report = null;
    this.change({ rungs: this.#rungs.join(',') }); // so that the address reproduces this race, also with the page's own settings
    await this.work(async () => {
      const variants = this.#rungs;
      const options = {
        ...this.#dimensions,
        variants,
        threads: this.values.threads,
        seconds: kSecondsPerLane * variants.length,
      };
      const show = (partial: RaceReport) => {
        this.#report = partial;
      };
      const report = await this.runTask<typeof race>('02-acceleration/kernel-race', options, show, this.#choice.guests);
      this.#recorded = new Date();
      if (hasResult(report)) session.race = report;
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${this.#winnerText(report)}`;
    });
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.compact ? this.renderHead('Matrix product, measured here') : this.renderHead('Kernel race')}
      ${this.compact ? nothing : this.#renderSettings()} ${this.#renderStart()}
      ${this.renderProgress('Progress of the race')} ${this.#renderResult()} ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const { size } = this.values;
    const known = kSizes.some(([text]) => text === size);
    const sizes = known ? kSizes : ([...kSizes, [size, sizeLabel(size, 'from the address')]] as const);
    return html`<div class="section">
      <div class="row">${this.renderField('size', sizes)} ${this.renderField('threads')}</div>
      ${this.#choice.render(
        this.working,
        (name, on) => this.#toggle(name, on),
        ({ idea, mode }) => `${idea} (${mode})`,
      )}
    </div>`;
  }

  #toggle(name: string, on: boolean): void {
    this.#choice.toggle(name, on);
    if (this.#prediction.winner === name && !on) this.#prediction = { ...this.#prediction, winner: undefined };
    this.change({ rungs: this.#rungs.join(',') });
  }

  #renderStart(): TemplateResult {
    const busy = this.#report === null ? 'measuring…' : activity(this.#report);
    const ready = this.#rungs.length > 0;
    const run = () => this.#run();
    if (this.working || this.compact) {
      const note = `${shapeLabel(this.values.size)}, float32${this.#compactTime()}`;
      return this.renderRun({ verb: this.#report ? 'Run again' : 'Run the race', busy, run, note, ready });
    }
    return this.#renderPredict(ready && engine.running !== null && !this.blocked);
  }

  #renderPredict(ready: boolean): TemplateResult {
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
    const slow = slowRungs(2 * m * k * n, this.#choice.chosen);
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
    if (report === null) return this.compact ? renderPreview(this.#choice.chosen) : nothing;
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
          ${report.lanes.map((lane, index) => renderLane(lane, { color: this.#choice.color(lane.name), scale, peak: this.#peakOf(report, lane)?.value ?? null, empty: this.#waiting(index) }))}
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

  /** The text of a lane that has no figure yet. */
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
      ${renderFigures(
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
