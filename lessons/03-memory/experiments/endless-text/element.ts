import { html, nothing, type TemplateResult } from 'lit';
import { kExactDecoder } from '#lab/generation.ts';
import type generate from '../token-race/task.ts';
import type { GenerateReport, GenerationLane, LaneOptions } from '../token-race/task.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { oneOf } from '#kit/fields.ts';
import { labStyles } from '#kit/styles.ts';
import { renderLane } from '../token-race/view.ts';
import { tokenRaceStyles } from '../token-race/styles.ts';

const kPrompt = 'Call me';
const kFields = {
  window: oneOf('Window', [16, 64, 128, 252], 64),
  sinks: oneOf('Sinks', [0, 1, 4], 4),
};
/** Nobody waits for the last one. */
const kMost = 10_000_000;
/** Tokens of each text that are kept, and characters of its end that are shown. */
const kShown = 600;
const kTail = 500;

/**
 * The same window with positions in the text and with positions in the cache: the first ends with the model's positions, the second when
 * the reader has had enough.
 */
export class EndlessText extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'endless';

  #report: GenerateReport | null = null;

  static override styles = [labStyles, tokenRaceStyles];

  async #run(): Promise<void> {
    this.#report = null;
    const decoder = { ...kExactDecoder, ...this.values };
    const lanes: LaneOptions[] = [
      { name: 'with positions in the text', cached: true, decoder },
      { name: 'with positions in the cache', cached: true, decoder: { ...decoder, stream: true } },
    ];
    await this.work(async () => {
      const files = { model: 'lm', tokenizer: 'tokenizer' } as const;
      const sampling = { temperature: 0.8, topK: 0, topP: 0.95, repetitionPenalty: 1, seed: 1 };
      const asked = { ...files, prompt: kPrompt, sampling, stopTexts: [], threads: 1, lanes };
      const options = { ...asked, count: kMost, latest: kShown };
      const report = await this.runTask<typeof generate>('03-memory/token-race', options, (partial) => {
        this.#report = partial;
      });
      this.announcement = `Stopped after ${written(report)} tokens.`;
    });
  }

  override render(): TemplateResult {
    const report = this.#report;
    const ready = engine.running !== null && !this.blocked;
    return html`<div class="card">
      ${this.renderHead('A text without an end')}
      <div class="section row">
        ${this.renderFields('window', 'sinks')}
        ${
          this.working
            ? html`${this.renderStop()}<span class="muted small">writing until you stop it…</span>`
            : html`<button class="primary" ?disabled=${!ready} @click=${() => this.#run()}>Write on and on</button>
                ${this.renderBlocked()}`
        }
      </div>
      <span class="sr" role="status" aria-live="polite">${this.announcement}</span>
      ${
        report === null
          ? nothing
          : html`<div class="section result">
              <div class="lanes">${report.lanes.map(renderEnd)}</div>
              <p class="small muted">
                The model was trained with ${report.positions} positions. Of a longer text the end is shown, and the
                rate of at least its latest ${kShown} tokens.
              </p>
            </div>`
      }
      ${this.renderError()}
    </div>`;
  }
}

/** A lane, or the end of a long one. */
function renderEnd(lane: GenerationLane, index: number): TemplateResult {
  if (lane.dropped === 0) return renderLane(lane, index, kPrompt);
  return renderLane({ ...lane, text: lane.text.slice(-kTail) }, index, '… ');
}

const written = ({ lanes }: GenerateReport): number =>
  Math.max(...lanes.map(({ ids, dropped }) => ids.length + dropped), 0);

customElements.define('endless-text', EndlessText);
