import { html, nothing, svg, type PropertyValues, type TemplateResult } from 'lit';
import { countRight, kClasses, kPixels, kSide, type TestSet } from '#lab/fashion.ts';
import { kGuestRung } from '#lab/guest.ts';
import { countOf, duration, pagePosition, percent, times } from '#lab/text.ts';
import { median, softmax } from '#lab/statistics.ts';
import { engine } from '#kit/context.ts';
import { cell, renderTable } from '#kit/table.ts';
import { Experiment } from '#kit/experiment.ts';
import { own, threads } from '#kit/fields.ts';
import { RungChoice } from '#kit/rungs.ts';
import { drawImage, memoryText, renderScore } from './view.ts';
import type images from './images.task.ts';
import type scores from './logits.task.ts';
import type task from './task.ts';
import type { ClassifyLane, ClassifyReport } from './task.ts';
import { classifierStyles } from './styles.ts';
import { labStyles } from '#kit/styles.ts';
import { nearView } from '#kit/near-view.ts';

/** Images at a time: four rows of nine, or five of five on a phone. */
const kShown = matchMedia('(max-width: 30rem)').matches ? 25 : 36;
const kSecondsPerRung = 0.3;
/** Enough to compare by eye; the whole digest is the cell's title. */
const kDigestDigits = 8;

/** `rungs`: names separated by commas, drawn by RungChoice. */
const kFields = { rungs: own(''), threads: threads({ all: true }) };

/** Real test images, classified by the trained MLP through any rung: the same answers, in different times. */
export class ImageClassifier extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'classify';

  #data: TestSet | null = null;
  readonly #choice = new RungChoice(
    this,
    () => this.variants,
    // Without the prepacked rungs: the model's weights are packed once for every rung.
    ({ prepacked, threaded }) => !prepacked && (!threaded || this.maxThreads > 1),
  );
  #report: ClassifyReport | null = null;
  #page = 0;
  #mistakesOnly = false;
  #selected: number | null = null;
  #scores: number[] | null = null;

  static override styles = [labStyles, classifierStyles];

  protected override async prepare(): Promise<void> {
    await nearView(this);
    await super.prepare();
    this.#data ??= await engine.ask<typeof images>('02-acceleration/image-classifier/images', {});
    this.#choice.choose(
      this.values.rungs.split(','),
      this.#choice.ladder.map(({ name }) => name),
    );
  }

  protected override get racesGuest(): boolean {
    return true;
  }

  async #run(): Promise<void> {
    const data = this.#data;
    if (data === null) return;
    this.#report = null;
    await this.work(async () => {
      const options = { variants: this.#choice.names, threads: this.values.threads, seconds: kSecondsPerRung };
      const show = (partial: ClassifyReport) => {
        this.#report = partial;
      };
      const guests = this.#choice.guests;
      const report = await this.runTask<typeof task>('02-acceleration/image-classifier', options, show, guests);
      const first = report.lanes[0];
      const right =
        first === undefined ? '' : `${countOf(countRight(first.predictions, data.labels), data.count)} right.`;
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${right}`;
    });
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.renderHead('Classify real images')} ${this.#renderSettings()}
      ${this.renderRun({
        verb: this.#report === null ? 'Classify all images' : 'Classify again',
        busy: 'classifying…',
        run: () => this.#run(),
        ready: this.#data !== null && this.#choice.names.length > 0,
      })}
      ${this.renderProgress('Progress of the classification')} ${this.#renderTable()} ${this.#renderImages()}
      ${this.#renderDetail()} ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    return html`<div class="section">
      <div class="row">
        <span class="muted small">
          ${this.#data === null ? 'loading the images…' : `${this.#data.count.toLocaleString('en')} Fashion-MNIST test images, float32 MLP`}
        </span>
        ${this.renderField('threads')}
      </div>
      ${this.#choice.render(this.working, (name, on) => {
        this.#choice.toggle(name, on);
        this.change({ rungs: this.#choice.names.join(',') });
      })}
    </div>`;
  }

  #renderTable(): TemplateResult | typeof nothing {
    const [report, data] = [this.#report, this.#data];
    if (report === null || data === null || report.lanes.length === 0) return nothing;
    const timed = report.lanes.filter((lane) => lane.passes.length > 0).map((lane) => median(lane.passes));
    const [first = 0, slowest] = [timed[0], Math.max(...timed)];
    return html`<div class="section">
      ${report.done ? this.#renderVerdict(report, data) : nothing}
      ${renderTable({
        label: 'Results per rung',
        caption: html`${data.count.toLocaleString('en')} images in one pass, network
          <span class="whole">${report.layers.join('-')}</span>, ${report.parameters.toLocaleString('en')} parameters`,
        columns: ['Rung', 'Right', 'Time, median', '', 'Min … max', 'Passes', 'Faster', 'Digest'],
        rows: report.lanes.map((lane) => this.#rowOf(lane, data, first, slowest)),
      })}
      ${report.done ? html`<p class="small muted memory">${memoryText(report)}</p>` : nothing}
    </div>`;
  }

  #rowOf(lane: ClassifyLane, data: TestSet, first: number, slowest: number): unknown[] {
    const known = lane.passes.length > 0;
    const time = known ? median(lane.passes) : 0;
    const bar = svg`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect width=${known ? Math.max(0.5, (100 * time) / slowest) : 0} y="1" height="8" fill=${this.#choice.color(lane.variant)} /></svg>`;
    return [
      lane.variant,
      percent(countRight(lane.predictions, data.labels) / data.count),
      known ? duration(time) : '…',
      cell(bar, { name: 'bar' }),
      known ? `${duration(Math.min(...lane.passes))} … ${duration(Math.max(...lane.passes))}` : '',
      lane.passes.length,
      known ? times(first / time) : '',
      cell(lane.logitsDigest.slice(0, kDigestDigits), { name: 'mono', title: lane.logitsDigest }),
    ];
  }

  #renderVerdict(report: ClassifyReport, data: TestSet): TemplateResult {
    const first = report.lanes[0]!;
    const right = countRight(first.predictions, data.labels);
    const differing = report.lanes.reduce(
      (most, lane) => Math.max(most, differences(lane.predictions, first.predictions)),
      0,
    );
    const exact = report.lanes.filter(
      (lane) => this.variants.find((variant) => variant.name === lane.variant)?.mode === 'exact',
    );
    const sameBits = exact.every((lane) => lane.logitsDigest === exact[0]?.logitsDigest);
    return html`<p class="verdict">
      ${report.stopped ? 'Stopped early. ' : nothing}<strong>${countOf(right, data.count)} right</strong>
      (${percent(right / data.count)}).
      ${
        report.lanes.length < 2
          ? nothing
          : differing === 0
            ? html`<span class="good">All ${report.lanes.length} rungs give the same prediction for every image.</span>`
            : html`The rungs disagree about ${differing} ${differing === 1 ? 'image' : 'images'} at most.`
      }
      ${
        exact.length < 2
          ? nothing
          : sameBits
            ? html`<span class="good">The logits of the ${exact.length} exact rungs are equal bit for bit.</span>`
            : html`<strong class="bad">The exact rungs' logits differ: this is a bug in the library.</strong>`
      }
    </p>`;
  }

  get #predictions(): Uint8Array | null {
    return this.#report?.lanes[0]?.predictions ?? null;
  }

  /** Indices of the images that can be paged through. */
  #listed(data: TestSet): number[] {
    const predictions = this.#predictions;
    const all = Array.from({ length: data.count }, (_, index) => index);
    return this.#mistakesOnly && predictions !== null
      ? all.filter((index) => predictions[index] !== data.labels[index])
      : all;
  }

  #renderImages(): TemplateResult | typeof nothing {
    const data = this.#data;
    if (data === null) return nothing;
    const listed = this.#listed(data);
    const last = Math.max(0, Math.ceil(listed.length / kShown) - 1);
    const page = Math.min(this.#page, last); // another rung's mistakes may be fewer
    const turn = (by: number) => {
      this.#page = page + by;
      this.requestUpdate();
    };
    return html`<div class="section">
      <div class="row">
        <span class="pages">
          <button ?disabled=${page === 0} @click=${() => turn(-1)} aria-label="Previous images">←</button>
          <span class="position" role="status">${pagePosition(page, kShown, listed.length)}</span>
          <button ?disabled=${page === last} @click=${() => turn(1)} aria-label="Next images">→</button>
        </span>
        <label class="field"
          ><input
            type="checkbox"
            ?disabled=${this.#predictions === null}
            .checked=${this.#mistakesOnly}
            @change=${(event: Event) => {
              this.#mistakesOnly = (event.target as HTMLInputElement).checked;
              this.#page = 0;
              this.requestUpdate();
            }}
          />
          only mistakes</label
        >
        <span class="muted small"
          >${this.#predictions === null ? 'Not classified yet.' : 'Predicted class below each; choose an image for details.'}</span
        >
      </div>
      <div class="grid">
        ${listed.slice(page * kShown, (page + 1) * kShown).map((index) => this.#renderImage(data, index))}
      </div>
    </div>`;
  }

  #renderImage(data: TestSet, index: number): TemplateResult {
    const truth = kClasses[data.labels[index]!]!;
    const guess = this.#predictions === null ? null : kClasses[this.#predictions[index]!]!;
    const wrong = guess !== null && guess !== truth;
    const label =
      guess === null
        ? `Image ${index}: ${truth}`
        : `Image ${index}: ${truth}, predicted ${guess}, ${wrong ? 'wrong' : 'right'}`;
    return html`<button
      class="image ${wrong ? 'wrong' : ''}"
      aria-pressed=${this.#selected === index}
      aria-label=${label}
      title=${label}
      @click=${() => this.#select(index)}
    >
      <canvas width=${kSide} height=${kSide} data-image=${index}></canvas>
      <span aria-hidden="true"
        >${guess === null ? '·' : `${wrong ? '✗ ' : ''}${guess.replace('Ankle boot', 'Boot')}`}</span
      >
    </button>`;
  }

  #select(index: number): void {
    this.#selected = this.#selected === index ? null : index;
    this.#scores = null;
    this.requestUpdate();
    void this.#loadScores().then(async () => {
      await this.updateComplete;
      this.renderRoot.querySelector('.detail')?.scrollIntoView({ block: 'nearest' });
    });
  }

  async #loadScores(): Promise<void> {
    const [index, report] = [this.#selected, this.#report];
    if (index === null || report === null || engine.task !== null) return;
    // The guest has left with the worker that it ran in.
    const variant = report.lanes.find((lane) => lane.variant !== kGuestRung)?.variant ?? 'simd';
    try {
      const logits = await engine.ask<typeof scores>('02-acceleration/image-classifier/logits', {
        image: index,
        variant,
      });
      if (this.#selected === index) this.#scores = softmax(logits);
    } catch (error) {
      this.error = error;
    }
    this.requestUpdate();
  }

  #renderDetail(): TemplateResult | typeof nothing {
    const [data, index] = [this.#data, this.#selected];
    if (data === null || index === null) return nothing;
    const truth = data.labels[index]!;
    return html`<div class="section detail">
      <canvas
        width=${kSide}
        height=${kSide}
        data-image=${index}
        role="img"
        aria-label="Image ${index}, enlarged"
      ></canvas>
      <div>
        <p><strong>Image ${index}</strong>, labelled “${kClasses[truth]}”.</p>
        ${
          this.#scores === null
            ? html`<p class="muted small">
                ${this.#report === null ? 'Classify the images first to see the class scores.' : ''}
              </p>`
            : html`<div class="scores" role="group" aria-label="Class scores">
                ${this.#scores.map((score, label) => renderScore(score, label, truth, this.#scores!.indexOf(Math.max(...this.#scores!))))}
              </div>`
        }
      </div>
    </div>`;
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    const data = this.#data;
    if (data === null) return;
    for (const canvas of this.renderRoot.querySelectorAll('canvas')) {
      const index = canvas.dataset['image'];
      if (index === undefined || canvas.dataset['drawn'] === index) continue;
      drawImage(canvas, data.images.subarray(Number(index) * kPixels, (Number(index) + 1) * kPixels));
      canvas.dataset['drawn'] = index;
    }
  }
}

function differences(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; ++i) count += a[i] === b[i] ? 0 : 1;
  return count;
}

customElements.define('image-classifier', ImageClassifier);
