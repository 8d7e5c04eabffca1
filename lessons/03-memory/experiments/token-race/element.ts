import { html, nothing, type TemplateResult } from 'lit';
import { ownFile, type Asset, type OwnFile } from '#lab/assets.ts';
import { kDecoderSlots, kExactDecoder, totalSeconds } from '#lab/generation.ts';
import { nearestFactor } from '#lab/statistics.ts';
import { byteSize, duration, times } from '#lab/text.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { session } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { Prediction, renderOutcome } from '#kit/question.ts';
import { labStyles } from '#kit/styles.ts';
import { renderCharts, renderDrop, renderLane, renderChartTable } from './view.ts';
import type task from './task.ts';
import type { GenerateOptions, GenerateReport, LaneOptions } from './task.ts';
import { kFields, kModels, kQuestion, type ModelName, type Settings } from './settings.ts';
import { tokenRaceStyles } from './styles.ts';
import { Width } from '#kit/width.ts';

const kMostBytes = 400e6;

/**
 * A language model goes on with a text, with its cache and without, side by side: text as it comes, tokens a second, time and bytes by position.
 *
 * Attributes: `model` (moby, tiny), `count`, `id` (names its settings in the address; default `generate`).
 */
export class TokenRace extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'generate';
  static override address = 'changed' as const;

  #own: OwnFile | null = null;
  #ownTokenizer: OwnFile | null = null;
  #over = false;
  readonly #prediction = new Prediction();
  #report: GenerateReport | null = null;
  /** What the report is of. */
  #asked: { settings: Settings; name: string } | null = null;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, tokenRaceStyles];

  async #run(): Promise<void> {
    this.#report = null;
    const settings = this.values;
    await this.work(async () => {
      const { model, tokenizer, name } = this.#modelFiles();
      this.#asked = { settings, name };
      const { temperature, topK, topP, repetitionPenalty, seed, count, threads } = settings;
      const options: GenerateOptions = {
        model,
        tokenizer,
        prompt: tokenizer === null ? [1] : settings.prompt,
        count,
        sampling: { temperature, topK, topP, repetitionPenalty, seed },
        stopTexts: [],
        threads,
        lanes: this.#lanes(),
      };
      const guests = session.guests.has('attend') ? session.guestsFor(kDecoderSlots) : undefined;
      const show = (partial: GenerateReport) => {
        this.#report = partial;
      };
      const report = await this.runTask<typeof task>('03-memory/token-race', options, show, guests);
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${this.#speedText(report)}`;
    });
  }

  #modelFiles(): { model: Asset; tokenizer: Asset | null; name: string } {
    const { model } = this.values;
    if (model !== 'own') return { model: kModels[model].asset, tokenizer: 'tokenizer', name: kModels[model].title };
    if (this.#own === null) throw new RangeError('No checkpoint has been chosen: drop one, or take a Moby-Dick model');
    return { model: this.#own, tokenizer: this.#ownTokenizer, name: this.#own.name };
  }

  #lanes(): LaneOptions[] {
    const { weights, fast } = this.values;
    const decoder = { ...kExactDecoder, weights, mode: fast ? ('fast' as const) : ('exact' as const) };
    return [
      { name: 'with the cache', cached: true, decoder },
      { name: 'without', cached: false, decoder },
      // The reader's own attention, with the cache, once there is one.
      ...(session.guests.has('attend')
        ? [{ name: 'with your attention', cached: true, decoder: { ...decoder, guest: true } }]
        : []),
    ];
  }

  async #take(list: FileList | null | undefined): Promise<void> {
    await this.attempt(async () => {
      for (const file of list ?? []) {
        if (file.size > kMostBytes) {
          throw new RangeError(
            `${file.name} has ${byteSize(file.size)}; up to ${byteSize(kMostBytes)} fit into a page’s memory`,
          );
        }
        // Read now: the file may change or go.
        const own = ownFile(file.name, new Blob([await file.arrayBuffer()]));
        if (/tokenizer|\.bpe$/i.test(file.name)) this.#ownTokenizer = own;
        else this.#own = own;
      }
      this.#over = false;
      if (this.#own !== null) this.change({ model: 'own' });
    });
  }

  override render(): TemplateResult {
    const report = this.#report;
    const shows = report !== null && report.lanes.some(({ ids }) => ids.length > 0);
    return html`<div class="card">
      ${this.renderHead('The same text, with the cache and without')} ${this.#renderSettings()}
      ${this.renderStart(kQuestion, this.#prediction, { verb: 'Write', busy: 'writing…', run: () => this.#run() })}
      ${this.renderProgress('Progress of the generation')}
      <div class="section result" ?hidden=${!shows}>${shows ? this.#renderResult(report) : nothing}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const { model, prompt } = this.values;
    const models = Object.entries(kModels).map(([name, { title }]): [string, string] => [name, title]);
    if (this.#own !== null) models.push(['own', this.#own.name]);
    const takesText = model !== 'own' || this.#ownTokenizer !== null;
    return html`<div class="section">
      <div class="row">
        ${this.renderSelect('Model', model, models, (value) => this.change({ model: value as ModelName }))}
        <label class="field prompt"
          >Prompt
          <input
            type="text"
            maxlength="300"
            .value=${takesText ? prompt : 'token 1'}
            ?disabled=${this.working || !takesText}
            @change=${(event: Event) => this.change({ prompt: (event.target as HTMLInputElement).value })}
        /></label>
        ${this.renderField('count')}
      </div>
      <details>
        <summary>More settings, or a checkpoint of your own</summary>
        <div class="row">
          ${this.renderFields('weights', 'fast', 'temperature', 'topK', 'topP', 'repetitionPenalty', 'seed', 'threads')}
        </div>
        <p class="small muted note">
          A temperature of 0 takes the likeliest token; top-k of 0 and top-p of 1 leave all of them.
        </p>
        ${this.#renderDrop()}
      </details>
    </div>`;
  }

  #renderDrop(): TemplateResult {
    return renderDrop({
      over: this.#over,
      busy: this.working,
      checkpoint: this.#own,
      tokenizer: this.#ownTokenizer,
      hover: (over) => {
        this.#over = over;
        this.requestUpdate();
      },
      take: (list) => this.#take(list),
    });
  }

  #speedUp(report: GenerateReport): number | null {
    const [cached, without] = report.lanes;
    if (!cached?.stop || !without?.stop || cached.ids.length !== without.ids.length) return null;
    return totalSeconds(without) / totalSeconds(cached);
  }

  #speedText(report: GenerateReport): string {
    const speedUp = this.#speedUp(report);
    const tokens = report.lanes[0]?.ids.length ?? 0;
    return speedUp === null ? '' : `${tokens} tokens come ${times(speedUp)} as fast with the cache.`;
  }

  #renderResult(report: GenerateReport): TemplateResult {
    const prompt =
      this.#asked?.settings.model === 'own' && this.#ownTokenizer === null ? '' : (this.#asked?.settings.prompt ?? '');
    return html`${this.#renderVerdict(report)}
      <div class="lanes">${report.lanes.map((lane, i) => renderLane(lane, i, prompt))}</div>
      ${renderCharts(report.lanes, report.prompt, this.#width.value)}
      ${report.done ? html`${renderChartTable(report.lanes, report.prompt)} ${this.#renderExport(report)}` : nothing}`;
  }

  #renderVerdict(report: GenerateReport): TemplateResult | typeof nothing {
    if (!report.done) return nothing;
    if (report.stopped) return html`<p class="verdict">Stopped early.</p>`;
    const [cached, without] = report.lanes;
    const speedUp = this.#speedUp(report);
    if (cached === undefined || without === undefined || speedUp === null) return nothing;
    const same = cached.ids.every((id, i) => id === without.ids[i]);
    return html`<p class="verdict">
      <strong>${times(speedUp)}</strong> as fast with the cache: ${report.prompt} + ${cached.ids.length} tokens in
      ${duration(totalSeconds(cached))} instead of ${duration(totalSeconds(without))}.
      ${
        same
          ? html`<strong class="good">Both wrote the same text</strong>, token by token.`
          : html`<strong class="bad">The texts differ</strong>: fused arithmetic rounds differently for one token than
              for many.`
      }
      ${renderOutcome(kQuestion, this.#prediction, nearestFactor(speedUp, kQuestion.values))}
    </p>`;
  }

  #renderExport(report: GenerateReport): TemplateResult {
    const content = () => ({ model: this.#asked?.name, settings: this.#asked?.settings, ...report });
    return this.renderExport('generation', 'generation', content);
  }
}

customElements.define('token-race', TokenRace);
