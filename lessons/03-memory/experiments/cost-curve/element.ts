import { html, nothing, type TemplateResult } from 'lit';
import { kStorages } from '#lab/cache-views.ts';
import {
  costCsv,
  factorFrom,
  fitOf,
  costPoints,
  exponentRows,
  kEarly,
  kWays,
  nearestFactor,
  overtakes,
  positionsUpTo,
  wholeGenerations,
} from './costs.ts';
import { browserName } from '#lab/export.ts';
import { duration, times } from '#lab/format.ts';
import { kExactDecoder } from '#lab/generation.ts';
import { thousands } from '#lab/layers.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { engine } from '#kit/context.ts';
import { renderCurves, renderExponents, renderFits, renderGenerations, renderPoints } from './view.ts';
import { kDefaults, lengthsOf, settingsOf, type Settings } from './settings.ts';
import { costCurveStyles } from './styles.ts';
import type task from './task.ts';
import type { GrowthReport } from './task.ts';
import { LabElement, saveFile, texts } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';
import { kModels } from '../token-race/settings.ts';
import { Width } from '#kit/width.ts';
import { xyStyles } from '#kit/xy-plot.ts';

const kGuesses = [1, 1.5, 3, 8, 32];
const kRepetitions = 3;

/**
 * What a token costs at each position, with the cache and without: measured points, fitted curves, exponents beside those of the operations.
 *
 * Attributes: `model` (moby, tiny), `to` (the last position), `storage`, `mode`, `axes`, `threads`, `id` (names its settings in the
 * address; default `cost`).
 */
export class CostCurve extends LabElement {
  #settings: Settings = { ...kDefaults };
  #guess = -1;
  #committed = -1;
  #report: GrowthReport | null = null;
  /** What the report is of. */
  #asked: Settings | null = null;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, xyStyles, costCurveStyles];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.settings(this.settingsKey);
    this.#settings = settingsOf((name) => saved[name] ?? this.getAttribute(name), this.maxThreads);
  }

  protected override get settingsKey(): string {
    return this.id || 'cost';
  }

  #change(change: Partial<Settings>): void {
    const settings = { ...this.#settings, ...change };
    if (!lengthsOf(settings.model).includes(settings.to)) settings.to = kDefaults.to;
    this.#settings = settings;
    const entries = Object.entries(settings).map(([name, value]) => [name, `${value}`]);
    this.saveSettings(this.settingsKey, Object.fromEntries(entries) as Record<string, string>);
    this.requestUpdate();
  }

  async #run(): Promise<void> {
    this.#committed = this.#guess;
    this.#report = null;
    const settings = this.#settings;
    this.#asked = settings;
    await this.work(async () => {
      const { model, to, storage, mode, threads } = settings;
      const options = {
        model: kModels[model].asset,
        decoder: { ...kExactDecoder, storage, mode },
        positions: positionsUpTo(to),
        repetitions: kRepetitions,
        threads,
      };
      const show = (report: GrowthReport) => {
        this.#report = report;
        this.progress = report.progress;
        this.requestUpdate();
      };
      const report = await engine.run<typeof task>('03-memory/cost-curve', options, show);
      show(report);
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${this.#verdictText(report)}`;
    });
  }

  #verdictText(report: GrowthReport): string {
    const [cached, uncached] = kWays.map((way) => factorFrom(report.points, way));
    if (cached == null || uncached == null) return '';
    const last = thousands(report.points.at(-1)!.position);
    return `A token at ${last} costs ${times(cached)} one at ${kEarly} with the cache, ${times(uncached)} without.`;
  }

  override render(): TemplateResult {
    const report = this.#report;
    const shows = report !== null && report.points.some(({ uncached }) => uncached.length > 0);
    return html`<div class="card">
      ${this.renderHead('What a token costs, by its position')} ${this.#renderSettings()} ${this.#renderStart()}
      ${this.renderProgress('Progress of the measurement')}
      <div class="section result" ?hidden=${!shows}>${shows ? this.#renderResult(report) : nothing}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const { model, to, storage, mode, threads } = this.#settings;
    const models = Object.entries(kModels).map(([name, { title }]): [string, string] => [name, title]);
    return html`<div class="section row">
      ${this.renderSelect('Model', model, models, (value) => this.#change({ model: value as Settings['model'] }))}
      ${this.renderSelect('Up to position', `${to}`, texts(lengthsOf(model), thousands), (value) =>
        this.#change({ to: Number(value) }),
      )}
      ${this.renderSelect('Keys and values', storage, texts(kStorages), (value) =>
        this.#change({ storage: value as Settings['storage'] }),
      )}
      ${this.renderSelect('Arithmetic', mode, texts(['exact', 'fast']), (value) =>
        this.#change({ mode: value as Settings['mode'] }),
      )}
      ${this.renderThreads(threads, (value) => this.#change({ threads: value }))}
    </div>`;
  }

  #renderStart(): TemplateResult {
    if (this.working) {
      return html`<div class="section row">${this.renderStop()}<span class="muted small">measuring…</span></div>`;
    }
    const ready = engine.running !== null && !this.blocked;
    const last = thousands(this.#settings.to);
    return html`<div class="section predict row">
      <label class="field"
        ><strong>Predict:</strong> with the cache, the token at ${last} costs
        <select
          @change=${(event: Event) => {
            this.#guess = Number((event.target as HTMLSelectElement).value);
            this.requestUpdate();
          }}
        >
          <option value="-1" .selected=${this.#guess < 0}>choose…</option>
          ${kGuesses.map((_, i) => html`<option value=${i} .selected=${i === this.#guess}>${guessText(i)}</option>`)}
        </select>
        the one at ${kEarly}</label
      >
      <button class="primary" ?disabled=${!ready || this.#guess < 0} @click=${() => this.#run()}>Measure</button>
      <button class="link" ?hidden=${this.#guess >= 0} ?disabled=${!ready} @click=${() => this.#run()}>
        Measure without a prediction
      </button>
      ${this.renderBlocked()}
    </div>`;
  }

  #renderResult(report: GrowthReport): TemplateResult {
    const log = this.#settings.axes === 'log';
    return html`${this.#renderVerdict(report)} ${this.#renderAxes()} ${renderCurves(report, log, this.#width.value)}
    ${
      report.done
        ? html`${renderFits(report)} ${renderExponents(report)} ${renderGenerations(report)} ${renderPoints(report)}
          ${this.#renderExport(report)}`
        : nothing
    }`;
  }

  #renderAxes(): TemplateResult {
    const { axes } = this.#settings;
    return html`<fieldset class="axes">
      <legend>Axes</legend>
      ${(['linear', 'log'] as const).map(
        (name) =>
          html`<label class="chip"
            ><input
              type="radio"
              name="axes"
              .checked=${axes === name}
              @change=${() => this.#change({ axes: name })}
            />${name === 'log' ? 'logarithmic' : name}</label
          >`,
      )}
    </fieldset>`;
  }

  #renderVerdict(report: GrowthReport): TemplateResult | typeof nothing {
    if (!report.done) return nothing;
    const [cached, uncached] = kWays.map((way) => factorFrom(report.points, way));
    if (report.stopped || cached == null || uncached == null) return html`<p>Stopped early.</p>`;
    const last = report.points.at(-1)!.position;
    const [early, late] = [kEarly, last].map((position) =>
      kWays.map((way) => costPoints(report.points, way).find((point) => point.position === position)!.seconds),
    );
    const nearest = nearestFactor(kGuesses, cached);
    return html`<p>
      A token at ${thousands(last)} costs <strong>${times(cached)}</strong> one at ${kEarly} with the cache
      (${duration(early![0]!)} and ${duration(late![0]!)}), <strong>${times(uncached)}</strong> without it
      (${duration(early![1]!)} and ${duration(late![1]!)}).
      ${
        this.#committed < 0
          ? nothing
          : html`You predicted “${guessText(this.#committed)}”:
              <strong class=${nearest === this.#committed ? 'good' : 'bad'}
                >${nearest === this.#committed ? 'nearest of all' : `“${guessText(nearest)}” is nearer`}</strong
              >.`
      }
    </p>`;
  }

  #renderExport(report: GrowthReport): TemplateResult {
    const record = () => ({
      kind: 'cost-by-position',
      schema: 1,
      recorded: new Date().toISOString(),
      browser: browserName(navigator.userAgent),
      page: location.href,
      engine: engine.running?.info,
      settings: this.#asked,
      ...report,
      fits: Object.fromEntries(kWays.map((way) => [way, fitOf(costPoints(report.points, way))])),
      overtakes: Object.fromEntries(kWays.map((way) => [way, overtakes(report.config, way)])),
      exponents: exponentRows(report),
      generationsFromPoints: wholeGenerations(report.points),
    });
    return html`<div class="row actions">
      <button @click=${() => saveFile('optlab-cost.json', JSON.stringify(record(), null, 1))}>Export as JSON</button>
      <button @click=${() => saveFile('optlab-cost.csv', costCsv(report), 'text/csv')}>Points as CSV</button>
      <span class="muted small">The address of this page now carries these settings.</span>
    </div>`;
  }
}

const guessText = (index: number): string =>
  kGuesses[index] === 1 ? 'as much as' : `${kGuesses[index]} times as much as`;

customElements.define('cost-curve', CostCurve);
