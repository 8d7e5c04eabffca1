import { html, nothing, type TemplateResult } from 'lit';
import {
  batchText,
  bytesOf,
  flopText,
  isUnsteadyProfile,
  kUnsteadyProfile,
  slowest,
  sortLayers,
  type Column,
} from '#lab/layers.ts';
import { csvOf, traceOf } from '#lab/profile.ts';
import type { ProfileReport } from '#lab/profile.ts';
import type { LayerProfile } from '#lab/types.ts';
import { byteSize, duration, thousands, threeDigits } from '#lab/text.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { Experiment } from '#kit/experiment.ts';
import { Prediction, type Question } from '#kit/question.ts';
import { saveFile } from '#kit/lab-element.ts';
import { kColumns, renderFlame, renderMemory, renderSpanTable } from './view.ts';
import { profilerStyles } from './styles.ts';
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
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';

const kSeconds = 3;

/**
 * A trained model on real images or text, layer by layer: table, flame chart, memory, export.
 *
 * Attributes: `model`, `batch`, `rung`, `id` (names its settings in the address; default `profile`).
 */
export class ModelProfiler extends Experiment<typeof kProfileFields> {
  static override fields = kProfileFields;
  static override key = 'profile';

  readonly #prediction = new Prediction();
  #committed = '';
  #report: ProfileReport | null = null;
  #column: Column = 'order';
  #descending = true;
  #selected: number | null = null;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, profilerStyles];

  protected override settle(values: ProfileSettings): ProfileSettings {
    return settleRung(values, this.variants);
  }

  protected override change(change: Partial<ProfileSettings>): void {
    if (change.model !== undefined) this.#prediction.chosen = -1;
    super.change(change);
  }

  get #question(): Question<string> {
    const values = kModels[this.values.model]!.parts;
    return { before: 'most of the time goes to', values, text: String };
  }

  async #run(): Promise<void> {
    this.#committed = this.#question.values[this.#prediction.committed] ?? '';
    this.#report = null;
    this.#selected = null;
    this.change({});
    await this.work(async () => {
      const variant = threadedTwin(this.variants, this.values.variant, this.values.threads);
      const show = (partial: ProfileReport) => {
        this.#report = partial;
        this.progress = partial.progress;
        this.requestUpdate();
      };
      const report = await runProfile({ ...this.values, variant }, kSeconds, show);
      show(report);
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${this.#slowestText(report)}`;
    });
  }

  override render(): TemplateResult {
    const report = this.#report;
    return html`<div class="card">
      ${this.renderHead('Profile of a model')} ${this.#renderSettings()}
      ${this.renderStart(this.#question, this.#prediction, {
        verb: 'Profile the model',
        skip: 'Profile without a prediction',
        busy: 'running the model…',
        run: () => this.#run(),
      })}
      ${this.renderProgress('Progress of the profile')}
      <div class="section result" ?hidden=${report === null || report.run === null}>
        ${report === null || report.run === null ? nothing : this.#renderResult(report)}
      </div>
      ${
        report?.done && report.run === null
          ? html`<div class="section muted">Stopped before the first measurement.</div>`
          : nothing
      }
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    return html`<div class="section row">
      ${this.renderField('model')} ${this.renderField('batch', batchChoices(kModels[this.values.model]!.unit))}
      ${this.renderField('variant', rungChoices(this.variants))} ${this.renderField('threads')}
    </div>`;
  }

  #slowestText(report: ProfileReport): string {
    const most = slowest(report);
    if (most === null) return '';
    const { name, layers } = most;
    const who = layers.length > 1 ? `The ${layers.length} ${name} layers together take` : `${layers[0]} takes`;
    return `${who} ${Math.round(100 * most.share)} % of the time.`;
  }

  #renderResult(report: ProfileReport): TemplateResult {
    const run = report.run!;
    const flops = report.layers.filter(({ depth }) => depth === 0).reduce((sum, layer) => sum + layer.flops, 0);
    const right = slowest(report)?.name === this.#committed;
    const batch = batchText(report.batch, report.unit);
    return html`<p class="verdict">
        ${report.stopped ? 'Stopped early. ' : nothing}${batch} ${report.batch === 1 ? 'takes' : 'take'}
        <strong>${duration(run.median)}</strong> (${run.intervalIsRange ? 'range' : '95 % interval'}
        ${duration(run.low)} … ${duration(run.high)}), ${thousands(report.batch / run.median)} ${report.unit}s a second,
        ${flopText(flops)} at ${threeDigits(flops / run.median / 1e9)} GFLOP/s. ${this.#slowestText(report)}
        ${
          this.#committed === '' || !report.done
            ? nothing
            : html`You predicted <code>${this.#committed}</code>:
                <strong class=${right ? 'good' : 'bad'}
                  >${right ? 'right' : report.unit === 'token' ? 'others take longer' : 'another layer takes longer'}</strong
                >.`
        }
      </p>
      ${report.done && isUnsteadyProfile([report]) ? html`<p class="small bad">${kUnsteadyProfile}</p>` : nothing}
      ${this.#renderTable(report)}
      ${renderFlame(report, {
        width: this.#width.value,
        selected: this.#selected,
        select: (span) => {
          this.#selected = span;
          this.requestUpdate();
        },
      })}
      ${report.done ? html`${renderSpanTable(report)} ${renderMemory(report, this.#width.value)} ${this.#renderExport(report)}` : nothing}`;
  }

  #renderTable(report: ProfileReport): TemplateResult {
    const rows = sortLayers(report.layers, this.#column, this.#descending);
    return html`<div class="scroll" tabindex="0" role="region" aria-label="The layers as a table">
      <table class="layers">
        <caption>
          <span
            >${report.title}, batch ${report.batch}, ${report.variant},
            ${report.threads === 1 ? 'one thread' : `${report.threads} threads`}. Choose a heading to sort.</span
          >
        </caption>
        <thead>
          <tr>
            ${kColumns.map((column) => this.#renderHeading(column.key, column.title, column.note))}
          </tr>
        </thead>
        <tbody>
          ${rows.map((layer) => this.#renderRow(layer))}
        </tbody>
      </table>
    </div>`;
  }

  #renderHeading(key: Column, title: string, note: string): TemplateResult {
    const sorted = this.#column === key;
    const state = !sorted ? 'none' : this.#descending ? 'descending' : 'ascending';
    return html`<th scope="col" aria-sort=${key === 'order' && state === 'descending' ? 'none' : state} title=${note}>
      <button class="sort" @click=${() => this.#sort(key)}>
        ${title}<span aria-hidden="true">${sorted && key !== 'order' ? (this.#descending ? ' ▾' : ' ▴') : ''}</span>
      </button>
    </th>`;
  }

  #sort(key: Column): void {
    this.#descending = this.#column === key && key !== 'order' ? !this.#descending : true;
    this.#column = key;
    this.requestUpdate();
  }

  #renderRow(layer: LayerProfile): TemplateResult {
    return html`<tr>
      ${kColumns.map(({ key, cell }) =>
        key === 'order'
          ? html`<th scope="row" style="padding-inline-start:${layer.depth}rem">
              ${breakable(layer.name)} <small class="muted">${layer.kind}</small>
            </th>`
          : html`<td>${cell(layer)}</td>`,
      )}
    </tr>`;
  }

  #renderExport(report: ProfileReport): TemplateResult {
    const name = `optlab-${report.title.toLowerCase()}-batch${report.batch}`;
    const moved = report.layers.filter(({ depth }) => depth === 0).reduce((sum, layer) => sum + bytesOf(layer), 0);
    return html`<div class="row actions">
        <button @click=${() => saveFile(`${name}.trace.json`, traceOf(report))}>Export for chrome://tracing</button>
        <button @click=${() => saveFile(`${name}.csv`, csvOf(report), 'text/csv')}>Export as CSV</button>
        <span class="muted small">The address of this page now carries these settings.</span>
      </div>
      <p class="small muted note">
        Bytes are compulsory traffic, ${byteSize(moved)} in all: every number that a layer needs read once, every result
        written once. The trace has the last run.
      </p>`;
  }
}

/** A long name may go on in a new line after a dot or an underscore. */
function breakable(name: string): (string | TemplateResult)[] {
  return name.split(/(?<=[._])/).map((part, index) => (index === 0 ? part : html`<wbr />${part}`));
}

customElements.define('model-profiler', ModelProfiler);
