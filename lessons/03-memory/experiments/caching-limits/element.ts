import { html, nothing, type TemplateResult } from 'lit';
import { kExactDecoder, type DecoderSettings } from '#lab/generation.ts';
import { threeDigits } from '#lab/text.ts';
import {
  batchFigures,
  kBatches,
  kPrefillCases,
  kReadPositions,
  kShortCases,
  loadFigures,
  readFigures,
  rowsCsv,
  type PublishedModel,
} from './limits.ts';
import { renderBatches } from './batch.ts';
import type batches from './batches.task.ts';
import type { BatchReport } from './batches.task.ts';
import type loads from './loads.task.ts';
import type { LoadReport } from './loads.task.ts';
import type reading from './reading.task.ts';
import type { ReadReport } from './reading.task.ts';
import { renderPrefill, renderShort } from './loads.ts';
import { renderFits, renderReading } from './memory.ts';
import { kQuestions, nearestChoice, truthOf } from './questions.ts';
import { kFields, kParts, type Part, type Settings } from './settings.ts';
import { cachingLimitsStyles } from './styles.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { Prediction, renderOutcome } from '#kit/question.ts';
import { labStyles } from '#kit/styles.ts';
import { kModels } from '../token-race/settings.ts';
import { Width } from '#kit/width.ts';
import { xyStyles } from '#kit/xy-plot.ts';

const kRepetitions = 5;

const kTitles: Record<Part, string> = {
  short: 'Short texts: does the cache pay?',
  prefill: 'Long prompts: what is left for the cache',
  memory: 'Memory: how many caches fit',
  batch: 'Batches: weights once, caches each',
};

interface Reports {
  short: LoadReport;
  prefill: LoadReport;
  memory: ReadReport;
  batch: BatchReport;
}
type AnyReport = Reports[Part];

/**
 * When a cache of keys and values hurts: short texts, long prompts, memory, batches.
 *
 * Attributes: `part` (short, prefill, memory, batch; without it the reader chooses), `model` (moby, tiny), `storage`, `weights`, `mode`,
 * `threads`, `memory`, `published`, `context`, `to`, `id` (names its settings in the address; default `limits`, with a part `limits-<part>`).
 */
export class CachingLimits extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override address = 'changed' as const;

  readonly #predictions: Record<Part, Prediction> = {
    short: new Prediction(),
    prefill: new Prediction(),
    memory: new Prediction(),
    batch: new Prediction(),
  };
  #reports: { [P in Part]: Reports[P] | null } = { short: null, prefill: null, memory: null, batch: null };
  /** What the reports are of. */
  #asked: Partial<Record<Part, Settings>> = {};
  /** The table of memory has been asked for. */
  #counted = false;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, xyStyles, cachingLimitsStyles];

  protected override get settingsKey(): string {
    const part = this.getAttribute('part');
    return this.id || (part === null ? 'limits' : `limits-${part}`);
  }

  get #isFixed(): boolean {
    return this.hasAttribute('part');
  }

  protected override inAddress(name: string): boolean {
    return name !== 'part' || !this.#isFixed;
  }

  async #run(): Promise<void> {
    const settings = this.values;
    const { part } = settings;
    this.#predictions[part].commit();
    this.#reports[part] = null;
    this.#asked[part] = settings;
    await this.work(async () => {
      const show = (report: AnyReport) => {
        this.#reports = { ...this.#reports, [part]: report };
        this.progress = report.progress;
        this.requestUpdate();
      };
      const report = await this.#measure(settings, show);
      show(report);
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${kTitles[part]}`;
    });
  }

  #measure(settings: Settings, show: (report: AnyReport) => void): Promise<AnyReport> {
    const { part, storage, weights, mode, threads, context, to } = settings;
    const decoder: DecoderSettings = { ...kExactDecoder, storage, weights, mode };
    const shared = { model: kModels[settings.model].asset, decoder, threads, repetitions: kRepetitions };
    switch (part) {
      case 'short':
      case 'prefill': {
        const cases = part === 'short' ? kShortCases : kPrefillCases;
        return engine.run<typeof loads>('03-memory/caching-limits/loads', { ...shared, cases }, show);
      }
      case 'memory': {
        const positions = kReadPositions.filter((at) => at <= to);
        return engine.run<typeof reading>('03-memory/caching-limits/reading', { ...shared, positions }, show);
      }
      case 'batch': {
        const options = { ...shared, batches: kBatches, context };
        return engine.run<typeof batches>('03-memory/caching-limits/batches', options, show);
      }
    }
  }

  override render(): TemplateResult {
    const { part } = this.values;
    const content = this.#renderContent(part);
    return html`<div class="card">
      ${this.renderHead(this.#isFixed ? kTitles[part] : 'When caching hurts')} ${this.#renderSettings(part)}
      ${this.#renderStart(part)} ${this.renderProgress('Progress of the measurement')}
      <div class="section result" ?hidden=${content === nothing}>${content}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(part: Part): TemplateResult {
    return html`<div class="section">
      ${this.#isFixed ? nothing : this.#renderParts(part)}
      <div class="row">
        ${this.renderField('model')} ${part === 'batch' ? this.renderField('context') : nothing}
        ${part === 'memory' ? this.renderField('to') : nothing}
        ${this.renderFields('storage', 'weights', 'mode', 'threads')}
      </div>
    </div>`;
  }

  #renderParts(part: Part): TemplateResult {
    return html`<fieldset class="parts">
      <legend>What to measure</legend>
      <div class="chips">
        ${Object.entries(kParts).map(
          ([name, title]) =>
            html`<label class="chip"
              ><input
                type="radio"
                name="part"
                .checked=${name === part}
                ?disabled=${this.working}
                @change=${() => this.change({ part: name as Part })}
              />${title}</label
            >`,
        )}
      </div>
    </fieldset>`;
  }

  #renderStart(part: Part): TemplateResult {
    // Counting needs no engine.
    const start =
      part === 'memory'
        ? { verb: 'Count', busy: 'measuring…', run: () => this.#count(), offline: true }
        : { verb: 'Measure', busy: 'measuring…', run: () => this.#run() };
    return this.renderStart(kQuestions[part], this.#predictions[part], start);
  }

  #count(): void {
    this.#counted = true;
    this.requestUpdate();
  }

  #renderContent(part: Part): TemplateResult | typeof nothing {
    const width = this.#width.value;
    const { short, prefill, memory, batch } = this.#reports;
    switch (part) {
      case 'short':
        return short === null || !hasRows(short) ? nothing : this.#renderReport(part, short, renderShort(short, width));
      case 'prefill':
        return prefill === null || !hasRows(prefill)
          ? nothing
          : this.#renderReport(part, prefill, renderPrefill(prefill));
      case 'memory':
        return this.#counted || memory !== null ? this.#renderMemory(memory, width) : nothing;
      case 'batch':
        return batch === null || batchFigures(batch).length === 0
          ? nothing
          : this.#renderReport(part, batch, renderBatches(batch, width));
    }
  }

  #renderReport(part: Part, report: AnyReport, content: TemplateResult): TemplateResult {
    return html`${report.done ? this.#renderVerdict(part, report.stopped) : nothing} ${content}
    ${report.done ? this.#renderExport(part, report) : nothing}`;
  }

  #renderVerdict(part: Part, stopped: boolean): TemplateResult | typeof nothing {
    if (stopped) return html`<p>Stopped early.</p>`;
    const truth = truthOf(part, part === 'short' ? this.#reports.short : this.#reports.prefill, this.#reports.batch);
    if (truth === null) return nothing;
    const { before, after } = kQuestions[part];
    const measured =
      part === 'memory' ? `${truth}` : part === 'prefill' ? `${threeDigits(truth)} %` : `${truth.toFixed(2)} times`;
    return html`<p>
      ${before[0]!.toUpperCase()}${before.slice(1)} <strong>${measured}</strong> ${after}.
      ${renderOutcome(kQuestions[part], this.#predictions[part], nearestChoice(part, truth))}
    </p>`;
  }

  #renderMemory(report: ReadReport | null, width: number): TemplateResult {
    const { memory, published, model } = this.values;
    const ready = engine.running !== null && !this.blocked && !this.working;
    return html`${this.#renderVerdict('memory', false)}
      <div class="row actions">${this.renderFields('memory', 'published')}</div>
      ${renderFits(memory, published, kOwn[model])}
      <div class="row actions">
        <button ?disabled=${!ready} @click=${() => this.#run()}>Measure a growing cache</button>
        <span class="muted small">A token of the chosen model, while its cache grows beyond the processor’s.</span>
      </div>
      ${report === null ? nothing : renderReading(report, width)}
      ${report?.done ? this.#renderExport('memory', report) : nothing}`;
  }

  #renderExport(part: Part, report: AnyReport): TemplateResult {
    const content = () => ({ settings: this.#asked[part], ...report, figures: figuresOf(part, report) });
    return this.renderExport(`caching-limits-${part}`, `limits-${part}`, content, {
      label: 'Figures as CSV',
      file: `optlab-limits-${part}.csv`,
      csv: () => rowsCsv(figuresOf(part, report)),
    });
  }
}

const hasRows = (report: LoadReport): boolean => report.rows.some((row) => loadFigures(row) !== null);

function figuresOf(part: Part, report: AnyReport): Record<string, number | null>[] {
  if (part === 'memory') return readFigures((report as ReadReport).points).map((row) => ({ ...row }));
  if (part === 'batch') return batchFigures(report as BatchReport).map((row) => ({ ...row }));
  return (report as LoadReport).rows.flatMap((row) => {
    const figures = loadFigures(row);
    return figures === null ? [] : [{ prompt: row.prompt, count: row.count, ...figures }];
  });
}

/** The page's own models, as models/README.md has them. */
const kOwn: Record<Settings['model'], PublishedModel> = {
  moby: {
    name: kModels.moby.title,
    config: { vocab: 2048, dim: 192, layers: 5, heads: 6, kvHeads: 3, hidden: 528, positions: 256, tied: true },
  },
  tiny: {
    name: kModels.tiny.title,
    config: { vocab: 2048, dim: 96, layers: 3, heads: 6, kvHeads: 3, hidden: 240, positions: 256, tied: true },
  },
};

customElements.define('caching-limits', CachingLimits);
