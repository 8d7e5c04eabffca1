import { html, nothing, type TemplateResult } from 'lit';
import { chartStyles } from '#kit/chart.styles.ts';
import { Experiment } from '#kit/experiment.ts';
import { Prediction, renderOutcome } from '#kit/question.ts';
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';
import { xyStyles } from '#kit/xy-plot.ts';
import { nearestFactor } from '#lab/statistics.ts';
import { times } from '#lab/text.ts';
import { lastDoubling } from './growth.ts';
import { kFields, kQuestion, sizesUpTo } from './settings.ts';
import type task from './task.ts';
import type { SizeReport } from './task.ts';
import { renderCurve, renderTimes } from './view.ts';

/** TODO: what a reader finds out here. Attributes: `to`, `id` (names its settings in the address). */
export class MyExperiment extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'my-experiment';

  readonly #prediction = new Prediction();
  readonly #width = new Width(this, '.result');
  #report: SizeReport | null = null;

  static override styles = [labStyles, chartStyles, xyStyles];

  async #run(): Promise<void> {
    this.#report = null;
    await this.work(async () => {
      const options = { sizes: sizesUpTo(this.values.to) };
      const report = await this.runTask<typeof task>('00-lesson/my-experiment', options, (partial) => {
        this.#report = partial;
      });
      this.announcement = report.stopped ? 'Stopped.' : 'Finished.';
    });
  }

  override render(): TemplateResult {
    const report = this.#report;
    return html`<div class="card">
      ${this.renderHead('TODO: a title')}
      <div class="section row">${this.renderFields('to')}</div>
      ${this.renderStart(kQuestion, this.#prediction, { verb: 'Measure', busy: 'measuring…', run: () => this.#run() })}
      ${this.renderProgress('Progress of the measurement')}
      <div class="section result" ?hidden=${report === null}>
        ${report === null ? nothing : this.#renderResult(report)}
      </div>
      ${this.renderError()}
    </div>`;
  }

  #renderResult(report: SizeReport): TemplateResult {
    return html`${this.#renderVerdict(report)} ${renderCurve(report.points, this.#width.value)}
    ${renderTimes(report.points)}
    ${report.done ? this.renderExport('my-experiment', 'my-experiment', () => ({ settings: this.values, ...report })) : nothing}`;
  }

  #renderVerdict({ done, stopped, points }: SizeReport): TemplateResult | typeof nothing {
    if (!done) return nothing;
    const factor = lastDoubling(points);
    if (stopped || factor === null) return html`<p>Stopped early.</p>`;
    const outcome = renderOutcome(kQuestion, this.#prediction, nearestFactor(factor, kQuestion.values));
    return html`<p>With twice the size a product takes <strong>${times(factor)}</strong> the time. ${outcome}</p>`;
  }
}

customElements.define('my-experiment', MyExperiment);
