import { html, nothing, type TemplateResult } from 'lit';
import { files } from 'virtual:optlab-manifest';
import { checkpointName, trainingKey, type SavedTraining, type TrainSettings } from '#lab/training.ts';
import { byteSize, countOf, percent, threeDigits } from '#lab/text.ts';
import { kMostTrainings, openTrainings } from './trainings.ts';
import type drop from './drop.task.ts';
import type task from './task.ts';
import type { TrainReport } from './task.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { saveFile } from '#kit/lab-element.ts';
import { kFields, kModelNames, trainSettings, type Settings } from './settings.ts';
import { rateText, renderCurves, renderEpochs } from './view.ts';
import { trainerStyles } from './styles.ts';
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';

/** One store for all trainers of a page. */
const trainings = openTrainings();

const kDownload = [files.trainImages, files.trainLabels, files.testImages, files.testLabels];
/** A slow phone may take that long for a large batch of the CNN, and a worker that is ended loses the epoch that was to be kept. */
const kPauseGraceMs = 5000;

/**
 * Trains a model on this device. It can be paused (the worker keeps it), stopped, and resumed after its last whole epoch, by a later page too.
 *
 * Attribute: `id` (names its settings in the address; default `train`).
 */
export class ModelTrainer extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'train';

  /** Of these settings; from this browser or this page. */
  #saved: SavedTraining | null = null;
  #report: TrainReport | null = null;
  /** The key of the training that the worker keeps in the middle of an epoch. */
  #paused: string | null = null;
  #pausing = false;
  /** The worker has the images. */
  #hasImages = false;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, trainerStyles];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    await this.#lookUp();
  }

  get #settings(): TrainSettings {
    return trainSettings(this.values);
  }

  get #key(): string {
    return trainingKey(this.#settings);
  }

  /** What is known of the training with these settings. */
  get #known(): Pick<SavedTraining, 'points' | 'ends'> | null {
    const report = this.#report;
    return report !== null && trainingKey(report.settings) === this.#key ? report : this.#saved;
  }

  async #lookUp(): Promise<void> {
    const key = this.#key;
    const found = await trainings.get(key).catch(() => null);
    if (key !== this.#key) return; // the reader was faster
    this.#saved = found;
    this.requestUpdate();
  }

  protected override change(change: Partial<Settings>): void {
    super.change(change);
    if ('threads' in change) return; // the same training
    this.#saved = null;
    void this.#lookUp();
  }

  async #start(from: SavedTraining | null, paused = false): Promise<void> {
    const settings = this.#settings;
    if (!paused) this.#report = null;
    this.#pausing = false;
    super.change({});
    await this.work(async () => {
      const options = { settings, threads: this.values.threads, paused, from };
      const report = await engine.run<typeof task>('01-profiling/model-trainer', options, (partial) => {
        this.#paused = null;
        this.#hasImages = true;
        this.#show(partial);
      });
      this.#show(report);
      if (report.stopped && this.#pausing) {
        this.#paused = trainingKey(settings);
        this.announcement = `Paused in epoch ${report.epoch}.`;
      } else if (report.stopped) {
        await this.#dropPaused();
        this.announcement = 'Stopped.';
      } else {
        this.announcement = `Finished. ${testText(report)}`;
      }
    });
  }

  #dropPaused(): Promise<void> {
    return engine.ask<typeof drop>('01-profiling/model-trainer/drop', {});
  }

  #show(report: TrainReport): void {
    const ended = report.ends.length > (this.#report?.ends.length ?? 0);
    this.#report = report;
    this.progress = report.progress;
    if (report.saved !== null) {
      if (report.saved.key === this.#key) this.#saved = report.saved;
      trainings.set(report.saved.key, report.saved).catch(() => {});
    }
    if (ended && !report.done) {
      this.announcement = `Epoch ${report.ends.length} of ${report.settings.epochs}. ${testText(report)}`;
    }
    this.requestUpdate();
  }

  #end(pausing: boolean): void {
    this.#pausing = pausing;
    this.requestUpdate();
    if (pausing) engine.stop(kPauseGraceMs);
    else engine.stop();
  }

  /** Gives up the epoch that was paused. */
  async #drop(): Promise<void> {
    this.#paused = null;
    this.#report = null;
    this.announcement = 'Stopped.';
    await this.attempt(() => this.#dropPaused());
    await this.#focusStart();
  }

  async #forget(): Promise<void> {
    const key = this.#key;
    this.#saved = null;
    this.#report = null;
    this.announcement = 'Forgotten.';
    this.requestUpdate();
    await trainings.delete(key).catch(() => {});
    await this.#focusStart();
  }

  /** The button that was pressed is gone. */
  async #focusStart(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('button.primary')?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    const known = this.#known;
    const hasCurve = known !== null && known.points.length > 0;
    return html`<div class="card">
      ${this.renderHead('Train a model here')} ${this.#renderSettings()} ${this.#renderStart()}
      ${this.renderProgress('Progress of the training')}
      <div class="section result" ?hidden=${!hasCurve}>${hasCurve ? this.#renderResult(known) : nothing}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    return html`<div class="section row">
      ${this.renderFields('model', 'epochs', 'batch', 'learningRate', 'mode', 'threads')}
    </div>`;
  }

  #renderStart(): TemplateResult {
    if (this.working) {
      return html`<div class="section row">
        <button class="stop pause" @click=${() => this.#end(true)}>Pause</button>
        <button class="stop" @click=${() => this.#end(false)}>Stop</button>
        ${this.#renderLive()}
      </div>`;
    }
    const ready = engine.running !== null && !this.blocked;
    return html`<div class="section row">
      ${this.#renderStartButtons(ready)}
      <span class="muted small">${this.#stateText()}</span>
      ${this.renderBlocked()}
    </div>`;
  }

  #renderStartButtons(ready: boolean): TemplateResult {
    const [saved, { epochs }] = [this.#saved, this.#settings];
    if (this.#paused === this.#key) {
      return html`<button class="primary" ?disabled=${!ready} @click=${() => this.#start(saved, true)}>Resume</button>
        <button class="stop" ?disabled=${!ready} @click=${() => this.#drop()}>Stop</button>`;
    }
    if (saved !== null && saved.epoch < epochs) {
      return html`<button class="primary" ?disabled=${!ready} @click=${() => this.#start(saved)}>
          Resume after epoch ${saved.epoch}
        </button>
        <button ?disabled=${!ready} @click=${() => this.#start(null)}>Start anew</button>`;
    }
    return html`<button class="primary" ?disabled=${!ready} @click=${() => this.#start(null)}>
      ${saved === null ? 'Train' : 'Train again'}
    </button>`;
  }

  #stateText(): string {
    if (this.#paused === this.#key) return 'Paused. Other experiments can run meanwhile.';
    if (this.#saved !== null) {
      const { epoch, state, checkpoint } = this.#saved;
      const kept = trainings.keeps ? 'kept in this browser' : 'kept until this page is closed';
      const size = byteSize(state.length + checkpoint.length);
      return `${epoch} of ${this.#settings.epochs} epochs are ${kept} (${size}; of all trainings the newest ${kMostTrainings}).`;
    }
    if (this.#hasImages) return '';
    const bytes = kDownload.reduce((sum, file) => sum + file.bytes, 0);
    return `Downloads ${byteSize(bytes)} of images first.`;
  }

  #renderLive(): TemplateResult {
    const report = this.#report;
    if (!this.#hasImages) return html`<span class="muted small">downloading the images…</span>`;
    if (this.#pausing) return html`<span class="muted small">pausing…</span>`;
    if (report === null || report.epoch === 0) return html`<span class="muted small">starting…</span>`;
    const last = report.points.at(-1);
    return html`<span class="muted small live"
      >epoch ${report.epoch} of ${report.settings.epochs},
      ${report.testing ? 'test' : `batch ${report.batch} of ${report.batches}`}${last === undefined ? '' : `, loss ${threeDigits(last.loss)}`},
      ${rateText(report.imagesPerSecond)} images/s</span
    >`;
  }

  #renderResult({ points, ends }: Pick<SavedTraining, 'points' | 'ends'>): TemplateResult {
    const { model, epochs, batch, learningRate, fast } = this.#settings;
    const mode = fast ? 'fast' : 'exact';
    const caption = `${kModelNames[model]}, batch ${batch}, learning rate ${learningRate}, ${mode}, ${epochs} epochs`;
    return html`${this.#renderVerdict(ends)} ${renderCurves(points, ends, epochs, this.#width.value)}
    ${ends.length === 0 ? nothing : renderEpochs(ends, caption)} ${this.working ? nothing : this.#renderFiles()}`;
  }

  #renderVerdict(ends: SavedTraining['ends']): TemplateResult | typeof nothing {
    const last = ends.at(-1);
    if (last === undefined) return nothing;
    const { epochs, fast } = this.#settings;
    const right = html`<strong>${percent(last.testRight / last.testCount)}</strong> of the test images are right
      (${countOf(last.testRight, last.testCount)})`;
    if (last.epoch < epochs) return html`<p class="verdict">After ${last.epoch} of ${epochs} epochs ${right}.</p>`;
    return html`<p class="verdict">
      Trained: ${right}. The weights have the digest <span class="mono">${last.digest}</span>${
        fast ? '.' : ', as on every other device that trains with these settings.'
      }
    </p>`;
  }

  #renderFiles(): TemplateResult | typeof nothing {
    const saved = this.#saved;
    if (saved === null) return nothing;
    const name = checkpointName(this.#settings, saved.epoch);
    return html`<div class="row files">
      <button @click=${() => saveFile(name, saved.checkpoint, 'application/octet-stream')}>
        Download the checkpoint (safetensors, ${byteSize(saved.checkpoint.length)})
      </button>
      <button class="link" @click=${() => this.#forget()}>Forget this training</button>
    </div>`;
  }
}

function testText({ ends }: TrainReport): string {
  const last = ends.at(-1);
  return last === undefined ? '' : `${percent(last.testRight / last.testCount)} of the test images are right.`;
}

customElements.define('model-trainer', ModelTrainer);
