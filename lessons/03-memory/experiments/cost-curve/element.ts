import { html, nothing, type TemplateResult } from 'lit';
import {
  costCsv,
  factorFrom,
  fitOf,
  costPoints,
  exponentRows,
  kEarly,
  kWays,
  overtakes,
  positionsUpTo,
  wholeGenerations,
} from './costs.ts';
import { kExactDecoder } from '#lab/generation.ts';
import { nearestFactor } from '#lab/statistics.ts';
import { duration, thousands, times } from '#lab/text.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { Experiment } from '#kit/experiment.ts';
import { renderCurves, renderExponents, renderFits, renderGenerations, renderPoints } from './view.ts';
import { kFields, lengthsOf, questionOf, type Settings } from './settings.ts';
import { costCurveStyles } from './styles.ts';
import type task from './task.ts';
import type { GrowthReport } from './task.ts';
import { texts } from '#kit/lab-element.ts';
import { Prediction, renderOutcome } from '#kit/question.ts';
import { labStyles } from '#kit/styles.ts';
import { kModels } from '../token-race/settings.ts';
import { Width } from '#kit/width.ts';
import { xyStyles } from '#kit/xy-plot.ts';

const kRepetitions = 3;

/**
 * What a token costs at each position, with the cache and without: measured points, fitted curves, exponents beside those of the operations.
 *
 * Attributes: `model` (moby, tiny), `to` (the last position), `storage`, `mode`, `axes`, `threads`, `id` (names its settings in the
 * address; default `cost`).
 */
export class CostCurve extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'cost';

  readonly #prediction = new Prediction();
  #report: GrowthReport | null = null;
  /** What the report is of. */
  #asked: Settings | null = null;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, xyStyles, costCurveStyles];

  protected override settle(values: Settings): Settings {
    return lengthsOf(values.model).includes(values.to) ? values : { ...values, to: kFields.to.initial };
  }

  async #run(): Promise<void> {
    this.#report = null;
    const { model, to, storage, mode, threads } = (this.#asked = this.values);
    await this.work(async () => {
      const options = {
        model: kModels[model].asset,
        decoder: { ...kExactDecoder, storage, mode },
        positions: positionsUpTo(to),
        repetitions: kRepetitions,
        threads,
      };
      const report = await this.runTask<typeof task>('03-memory/cost-curve', options, (partial) => {
        this.#report = partial;
      });
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
      ${this.renderHead('What a token costs, by its position')} ${this.#renderSettings()}
      ${this.renderStart(questionOf(this.values.to), this.#prediction, { verb: 'Measure', busy: 'measuring…', run: () => this.#run() })}
      ${this.renderProgress('Progress of the measurement')}
      <div class="section result" ?hidden=${!shows}>${shows ? this.#renderResult(report) : nothing}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    return html`<div class="section row">
      ${this.renderField('model')} ${this.renderField('to', texts(lengthsOf(this.values.model), thousands))}
      ${this.renderFields('storage', 'mode', 'threads')}
    </div>`;
  }

  #renderResult(report: GrowthReport): TemplateResult {
    const log = this.values.axes === 'log';
    return html`${this.#renderVerdict(report)} ${this.#renderAxes()} ${renderCurves(report, log, this.#width.value)}
    ${
      report.done
        ? html`${renderFits(report)} ${renderExponents(report)} ${renderGenerations(report)} ${renderPoints(report)}
          ${this.#renderExport(report)}`
        : nothing
    }`;
  }

  #renderAxes(): TemplateResult {
    const { axes } = this.values;
    return html`<fieldset class="axes">
      <legend>Axes</legend>
      ${(['linear', 'log'] as const).map(
        (name) =>
          html`<label class="chip"
            ><input
              type="radio"
              name="axes"
              .checked=${axes === name}
              @change=${() => this.change({ axes: name })}
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
    const question = questionOf(last);
    const outcome = renderOutcome(question, this.#prediction, nearestFactor(cached, question.values));
    return html`<p>
      A token at ${thousands(last)} costs <strong>${times(cached)}</strong> one at ${kEarly} with the cache
      (${duration(early![0]!)} and ${duration(late![0]!)}), <strong>${times(uncached)}</strong> without it
      (${duration(early![1]!)} and ${duration(late![1]!)}). ${outcome}
    </p>`;
  }

  #renderExport(report: GrowthReport): TemplateResult {
    const content = () => ({
      settings: this.#asked,
      ...report,
      fits: Object.fromEntries(kWays.map((way) => [way, fitOf(costPoints(report.points, way))])),
      overtakes: Object.fromEntries(kWays.map((way) => [way, overtakes(report.config, way)])),
      exponents: exponentRows(report),
      generationsFromPoints: wholeGenerations(report.points),
    });
    const points = { label: 'Points as CSV', file: 'optlab-cost.csv', csv: () => costCsv(report) };
    return this.renderExport('cost-by-position', 'cost', content, points);
  }
}

customElements.define('cost-curve', CostCurve);
