import { files } from 'virtual:optlab-manifest';
import { html, nothing, type TemplateResult } from 'lit';
import { kStorages } from '#lab/cache-views.ts';
import { browserName } from '#lab/export.ts';
import { threeDigits } from '#lab/format.ts';
import { kExactDecoder, type DecoderSettings } from '#lab/generation.ts';
import {
  batchFigures,
  kBatches,
  kContexts,
  kMemories,
  kPrefillCases,
  kReadPositions,
  kShortCases,
  kWeightBits,
  loadFigures,
  readFigures,
  rowsCsv,
  type BatchReport,
  type LoadReport,
  type PublishedModel,
  type ReadReport,
  type WeightBits,
} from '#lab/limits.ts';
import { renderBatches } from './batch.ts';
import { renderPrefill, renderShort } from './loads.ts';
import { renderFits, renderReading } from './memory.ts';
import { kQuestions, nearestChoice, truthOf } from './questions.ts';
import { kDefaults, kLongest, kParts, kWeightNames, settingsOf, type Part, type Settings } from './settings.ts';
import { cachingLimitsStyles } from './styles.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { engine } from '#kit/context.ts';
import { download } from '#kit/downloads.ts';
import { LabElement, saveFile, texts } from '#kit/lab-element.ts';
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
export class CachingLimits extends LabElement {
  #settings: Settings = { ...kDefaults };
  #guesses: Record<Part, number> = { short: -1, prefill: -1, memory: -1, batch: -1 };
  #committed: Record<Part, number> = { ...this.#guesses };
  #reports: { [P in Part]: Reports[P] | null } = { short: null, prefill: null, memory: null, batch: null };
  /** What the reports are of. */
  #asked: Partial<Record<Part, Settings>> = {};
  /** The table of memory has been asked for. */
  #counted = false;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, xyStyles, cachingLimitsStyles];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.settings(this.settingsKey);
    this.#settings = settingsOf((name) => saved[name] ?? this.getAttribute(name), this.maxThreads);
    if (this.#isFixed) this.#settings.part = settingsOf((name) => this.getAttribute(name), 1).part;
  }

  protected override get settingsKey(): string {
    const part = this.getAttribute('part');
    return this.id || (part === null ? 'limits' : `limits-${part}`);
  }

  get #isFixed(): boolean {
    return this.hasAttribute('part');
  }

  #change(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    const changed = Object.entries(this.#settings).filter(
      ([name, value]) => value !== kDefaults[name as keyof Settings] && !(name === 'part' && this.#isFixed),
    );
    const texts = changed.map(([name, value]) => [name, `${value}`]);
    this.saveSettings(this.settingsKey, Object.fromEntries(texts) as Record<string, string>);
    this.requestUpdate();
  }

  async #run(): Promise<void> {
    const settings = this.#settings;
    const { part } = settings;
    this.#committed[part] = this.#guesses[part];
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

  async #measure(settings: Settings, show: (report: AnyReport) => void): Promise<AnyReport> {
    const { part, storage, weights, mode, threads, context, to } = settings;
    const model = await download(files[kModels[settings.model].asset]);
    const decoder: DecoderSettings = { ...kExactDecoder, storage, weights, mode };
    const shared = { model, decoder, threads, repetitions: kRepetitions };
    switch (part) {
      case 'short':
        return engine.measureLoads({ ...shared, cases: kShortCases }, show);
      case 'prefill':
        return engine.measureLoads({ ...shared, cases: kPrefillCases }, show);
      case 'memory':
        return engine.measureReading({ ...shared, positions: kReadPositions.filter((at) => at <= to) }, show);
      case 'batch':
        return engine.measureBatches({ ...shared, batches: kBatches, context }, show);
    }
  }

  override render(): TemplateResult {
    const { part } = this.#settings;
    const content = this.#renderContent(part);
    return html`<div class="card">
      ${this.renderHead(this.#isFixed ? kTitles[part] : 'When caching hurts')} ${this.#renderSettings(part)}
      ${this.#renderStart(part)} ${this.renderProgress('Progress of the measurement')}
      <div class="section result" ?hidden=${content === nothing}>${content}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(part: Part): TemplateResult {
    const { model, storage, weights, mode, threads, context, to } = this.#settings;
    const models = Object.entries(kModels).map(([name, { title }]): [string, string] => [name, title]);
    return html`<div class="section">
      ${this.#isFixed ? nothing : this.#renderParts(part)}
      <div class="row">
        ${this.renderSelect('Model', model, models, (value) => this.#change({ model: value as Settings['model'] }))}
        ${
          part === 'batch'
            ? this.renderSelect('Tokens before', `${context}`, texts(kContexts), (value) =>
                this.#change({ context: Number(value) }),
              )
            : nothing
        }
        ${
          part === 'memory'
            ? this.renderSelect('Cache up to position', `${to}`, texts(kLongest), (value) =>
                this.#change({ to: Number(value) }),
              )
            : nothing
        }
        ${this.renderSelect('Keys and values', storage, texts(kStorages), (value) =>
          this.#change({ storage: value as Settings['storage'] }),
        )}
        ${this.renderSelect('Weights', weights, texts(kWeightNames), (value) =>
          this.#change({ weights: value as Settings['weights'] }),
        )}
        ${this.renderSelect('Arithmetic', mode, texts(['exact', 'fast']), (value) =>
          this.#change({ mode: value as Settings['mode'] }),
        )}
        ${this.renderThreads(threads, (value) => this.#change({ threads: value }))}
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
                @change=${() => this.#change({ part: name as Part })}
              />${title}</label
            >`,
        )}
      </div>
    </fieldset>`;
  }

  #renderStart(part: Part): TemplateResult {
    if (this.working) {
      return html`<div class="section row">${this.renderStop()}<span class="muted small">measuring…</span></div>`;
    }
    const { before, after, values, text } = kQuestions[part];
    const guess = this.#guesses[part];
    const counts = part === 'memory';
    // Counting needs no engine.
    const ready = counts || (engine.running !== null && !this.blocked);
    const start = () => (counts ? this.#count() : this.#run());
    const verb = counts ? 'Count' : 'Measure';
    return html`<div class="section predict row">
      <label class="field"
        ><strong>Predict:</strong> ${before}
        <select
          @change=${(event: Event) => {
            this.#guesses[part] = Number((event.target as HTMLSelectElement).value);
            this.requestUpdate();
          }}
        >
          <option value="-1" .selected=${guess < 0}>choose…</option>
          ${values.map((value, i) => html`<option value=${i} .selected=${i === guess}>${text(value)}</option>`)}
        </select>
        ${after}</label
      >
      <button class="primary" ?disabled=${!ready || guess < 0} @click=${start}>${verb}</button>
      <button class="link" ?hidden=${guess >= 0} ?disabled=${!ready} @click=${start}>
        ${verb} without a prediction
      </button>
      ${counts ? nothing : this.renderBlocked()}
    </div>`;
  }

  #count(): void {
    this.#committed.memory = this.#guesses.memory;
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
    const { before, after, values, text } = kQuestions[part];
    const committed = this.#committed[part];
    const nearest = nearestChoice(part, truth);
    const measured =
      part === 'memory' ? `${truth}` : part === 'prefill' ? `${threeDigits(truth)} %` : `${truth.toFixed(2)} times`;
    return html`<p>
      ${before[0]!.toUpperCase()}${before.slice(1)} <strong>${measured}</strong> ${after}.
      ${
        committed < 0
          ? nothing
          : html`You predicted “${text(values[committed]!)}”:
              <strong class=${nearest === committed ? 'good' : 'bad'}
                >${nearest === committed ? 'nearest of all' : `“${text(values[nearest]!)}” is nearer`}</strong
              >.`
      }
    </p>`;
  }

  #renderMemory(report: ReadReport | null, width: number): TemplateResult {
    const { memory, published, model } = this.#settings;
    const ready = engine.running !== null && !this.blocked && !this.working;
    const memories = kMemories.map(({ name, text }): [string, string] => [name, text]);
    return html`${this.#renderVerdict('memory', false)}
      <div class="row actions">
        ${this.renderSelect('Memory', memory, memories, (value) => this.#change({ memory: value }))}
        ${this.renderSelect('Weights in', published, texts(Object.keys(kWeightBits)), (value) =>
          this.#change({ published: value as WeightBits }),
        )}
      </div>
      ${renderFits(memory, published, kOwn[model])}
      <div class="row actions">
        <button ?disabled=${!ready} @click=${() => this.#run()}>Measure a growing cache</button>
        <span class="muted small">A token of the chosen model, while its cache grows beyond the processor’s.</span>
      </div>
      ${report === null ? nothing : renderReading(report, width)}
      ${report?.done ? this.#renderExport('memory', report) : nothing}`;
  }

  #renderExport(part: Part, report: AnyReport): TemplateResult {
    const record = () => ({
      kind: `caching-limits-${part}`,
      schema: 1,
      recorded: new Date().toISOString(),
      browser: browserName(navigator.userAgent),
      page: location.href,
      engine: engine.running?.info,
      settings: this.#asked[part],
      ...report,
      figures: figuresOf(part, report),
    });
    return html`<div class="row actions">
      <button @click=${() => saveFile(`optlab-limits-${part}.json`, JSON.stringify(record(), null, 1))}>
        Export as JSON
      </button>
      <button @click=${() => saveFile(`optlab-limits-${part}.csv`, rowsCsv(figuresOf(part, report)), 'text/csv')}>
        Figures as CSV
      </button>
      <span class="muted small">The address of this page now carries these settings.</span>
    </div>`;
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
