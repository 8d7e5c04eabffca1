import { html, nothing, type TemplateResult } from 'lit';
import { settlePolicy } from '../cache-policy.ts';
import { policyText } from '../cache-views.ts';
import {
  costOf,
  figuresOf,
  kContext,
  kFields,
  kStride,
  kTrainedHeads,
  policyName,
  policyRecord,
  rateText,
  withPoint,
  type PolicyPoint,
  type PolicySettings,
} from './policies.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { saveFile } from '#kit/lab-element.ts';
import { differenceText, renderPoints, renderScatter, type Across } from './view.ts';
import type sizing from './size.task.ts';
import type { PolicyModel, PolicySize } from './size.task.ts';
import type task from './task.ts';
import { policyExplorerStyles } from './styles.ts';
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';
import { byteSize, duration, threeDigits } from '#lab/text.ts';
import { median } from '#lab/statistics.ts';
import { nearView } from '#kit/near-view.ts';

/** What the tour measures: everything first, then one thing changed at a time, then all that costs little together. */
const kTour: readonly Partial<PolicySettings>[] = [
  {},
  { window: 64, sinks: 4 },
  { window: 64, sinks: 0 },
  { window: 16, sinks: 4 },
  { storage: 'int8' },
  { weights: 'int8' },
  { weights: 'int4' },
  { kvHeads: 6 },
  { kvHeads: 1 },
  { window: 64, sinks: 4, storage: 'int8', weights: 'int8' },
];
const kAcross = [
  ['memory', 'memory'],
  ['time', 'time of a token'],
] as const;
const kEverything: Partial<PolicySettings> = {
  window: 0,
  sinks: 0,
  kvHeads: kTrainedHeads,
  storage: 'f32',
  weights: 'f32',
};

/**
 * What a way of keeping keys, values and weights costs and saves: memory, tokens per second and perplexity, measured here.
 *
 * Attributes: `model` (tiny or lm), `tokens` (of the validation text), `id` (names its settings in the address; default `policy`).
 */
export class PolicyExplorer extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'policy';

  #points: PolicyPoint[] = [];
  /** The point that is being measured, or was last. */
  #current: PolicyPoint | null = null;
  #size: PolicySize | null = null;
  #sizing = 0;
  #across: Across = 'memory';
  /** Of the tour, while it runs. */
  #toGo = 0;
  #width = new Width(this, '.plot');

  static override styles = [labStyles, chartStyles, policyExplorerStyles];

  protected override async prepare(): Promise<void> {
    await nearView(this);
    await super.prepare();
    await this.#weigh();
  }

  protected override settle = settlePolicy;

  #model({ model, window, sinks, storage, weights, kvHeads }: PolicySettings): PolicyModel {
    return {
      model: model === 'lm' ? 'lm' : 'lmTiny',
      kvHeads,
      decoder: { window, sinks, storage, weights, mode: 'fast' },
    };
  }

  /** Memory needs no measurement: it follows the settings at once, unless something is being measured. */
  async #weigh(): Promise<void> {
    if (engine.task !== null) return;
    const turn = ++this.#sizing;
    const size = await engine.ask<typeof sizing>('03-memory/policy-explorer/size', this.#model(this.values));
    if (turn !== this.#sizing) return;
    this.#size = size;
    this.requestUpdate();
  }

  protected override change(change: Partial<PolicySettings>): void {
    super.change(change);
    if (Object.keys(change).length === 0) return;
    this.#size = null;
    this.#current = this.#find(this.values);
    void this.attempt(() => this.#weigh());
  }

  async #measure(all: readonly PolicySettings[]): Promise<void> {
    this.change({}); // so that the address says what was measured
    await this.work(async () => {
      for (const [i, settings] of all.entries()) {
        this.#toGo = all.length - i - 1;
        const { tokens, threads } = settings;
        const options = { ...this.#model(settings), tokens, context: kContext, stride: kStride, threads };
        const report = await engine.run<typeof task>('03-memory/policy-explorer', options, (partial) => {
          this.#current = { settings, report: partial };
          this.progress = (i + partial.progress) / all.length;
          this.requestUpdate();
        });
        const point = { settings, report };
        this.#current = point;
        if (figuresOf(point) !== null) this.#points = withPoint(this.#points, point);
        this.announcement = `${report.stopped ? 'Stopped' : 'Measured'}: ${policyName(settings)}.`;
        this.requestUpdate();
        if (report.stopped) break;
      }
    });
    this.#toGo = 0;
    this.#current = this.#find(this.values);
    this.requestUpdate();
  }

  #find(settings: PolicySettings): PolicyPoint | null {
    return this.#points.find((point) => isSame(point.settings, settings)) ?? null;
  }

  #tour(): void {
    void this.#measure(kTour.map((change) => ({ ...this.values, ...kEverything, ...change })));
  }

  #export(): void {
    const record = policyRecord(this.#points, {
      recorded: new Date(),
      page: location.href,
      userAgent: navigator.userAgent,
      engine: engine.running?.info,
    });
    saveFile('optlab-cache-policies.json', JSON.stringify(record, null, 2));
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.renderHead('Policy explorer')}
      ${
        this.prepared
          ? html`${this.#renderSettings()} ${this.#renderStart()}`
          : this.error === null
            ? html`<p class="section muted small">Loading the model and the validation text…</p>`
            : nothing
      }
      ${this.renderProgress('Progress of the measurement')} ${this.prepared ? this.#renderTiles() : nothing}
      ${this.#renderPoints()} ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const sinks = this.renderField('sinks', undefined, this.working || this.values.window === 0);
    return html`<div class="section">
      <div class="row">
        ${this.renderField('window')} ${sinks} ${this.renderFields('kvHeads', 'storage', 'weights')}
      </div>
      <div class="row second">${this.renderFields('model', 'tokens', 'threads')}</div>
    </div>`;
  }

  #renderStart(): TemplateResult {
    if (this.working) {
      const name = this.#current === null ? '' : policyName(this.#current.settings);
      return html`<div class="section row">
        ${this.renderStop()}<span class="muted small"
          >measuring ${name}${this.#toGo > 0 ? `; ${this.#toGo} to go` : ''}…</span
        >
      </div>`;
    }
    const ready = engine.running !== null && !this.blocked;
    return html`<div class="section row">
      <button class="primary" ?disabled=${!ready} @click=${() => this.#measure([this.values])}>
        Measure this policy
      </button>
      <button ?disabled=${!ready} @click=${() => this.#tour()}>Measure ${kTour.length} policies</button>
      ${this.renderBlocked()}
    </div>`;
  }

  #renderTiles(): TemplateResult {
    const point = this.#current;
    const shown = point?.settings ?? this.values;
    const size = point?.report ?? this.#size;
    const figures = point === null ? null : figuresOf(point);
    const middle = point === null || point.report.rounds.length === 0 ? null : median(point.report.rounds);
    const seconds = middle === null ? null : Math.min(...point!.report.rounds);
    return html`<div class="section tiles" aria-busy=${this.working}>
      <div class="tile">
        <h4>Memory</h4>
        <div class="figure">${size === null ? '…' : byteSize(size.footprint.total)} <small>of cache</small></div>
        <p>
          ${
            size === null
              ? ''
              : html`keeps ${policyText(shown)} of at most ${size.positions}
                tokens${size.footprint.scales > 0 ? html`; ${byteSize(size.footprint.scales)} of it are scales` : ''}.
                Weights: ${byteSize(size.weightBytes)}.`
          }
        </p>
      </div>
      <div class="tile">
        <h4>Speed</h4>
        <div class="figure">${seconds === null ? '–' : html`${rateText(seconds)} <small>tokens/s</small>`}</div>
        <p>
          ${
            seconds === null || middle === null || point === null
              ? 'Not measured yet.'
              : html`${duration(seconds)} a token after ${point.report.prompt}: the fastest of
                ${point.report.rounds.length} rounds of ${point.report.roundTokens}; the median round took
                ${duration(middle)}.`
          }
        </p>
      </div>
      <div class="tile">
        <h4>Perplexity</h4>
        <div class="figure">
          ${
            figures === null
              ? '–'
              : html`${threeDigits(figures.score.perplexity)}
                  <small>± ${threeDigits(figures.score.perplexityError)}</small>`
          }
        </div>
        <p>${figures === null || point === null ? 'Not measured yet.' : this.#perplexityText(point)}</p>
      </div>
    </div>`;
  }

  #perplexityText(point: PolicyPoint): TemplateResult {
    const { score } = figuresOf(point)!;
    const cost = point.report.done && !point.report.stopped ? costOf(point, this.#points) : null;
    return html`${score.bitsPerByte.toFixed(4)} ± ${score.bitsPerByteError.toFixed(4)} bits per byte over
    ${score.tokens.toLocaleString('en')} of ${point.report.tokens.toLocaleString('en')}
    tokens${cost === null ? '' : html`; against keeping everything, token by token: <strong>${differenceText(cost)}</strong>`}.`;
  }

  #renderPoints(): TemplateResult {
    const none = this.#points.length === 0;
    return html`<div class="section plot" ?hidden=${none}>
      ${
        none
          ? nothing
          : html`<div class="row">
                ${this.renderSelect('Across', this.#across, kAcross, (value) => {
                  this.#across = value === 'time' ? 'time' : 'memory';
                  this.requestUpdate();
                })}
                <span class="muted small">Lower left is better; ringed dots are the front.</span>
              </div>
              ${renderScatter(this.#points, this.#across, this.#width.value)}
              ${renderPoints(this.#points, (point) => this.change(point.settings), this.working)}
              <div class="row actions">
                <button ?disabled=${this.working} @click=${() => this.#export()}>Export as JSON</button>
                <button
                  ?disabled=${this.working}
                  @click=${() => {
                    this.#points = [];
                    this.#current = null;
                    void this.attempt(() => this.#weigh());
                  }}
                >
                  Forget all
                </button>
                <span class="muted small">The address of this page now carries these settings.</span>
              </div>
              <p class="small muted">
                ± is a standard error: what another text of this length might change. Two policies read the same text,
                so that their difference is known better than either; it is taken token by token. Heads other than the
                trained ones are means or copies of these, without training again. Speed is that of fast mode; losses
                are computed in exact mode, as
                <code>optlab eval lm</code> computes them.
              </p>`
      }
    </div>`;
  }
}

const isSame = (a: PolicySettings, b: PolicySettings): boolean => JSON.stringify(a) === JSON.stringify(b);

customElements.define('policy-explorer', PolicyExplorer);
