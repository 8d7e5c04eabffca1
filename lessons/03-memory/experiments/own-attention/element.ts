import { css, html, nothing, type TemplateResult } from 'lit';
import { browserName } from '#lab/export.ts';
import { kDecoderSlots, kExactDecoder, medianRate, type DecoderSettings, type DecoderSlot } from '#lab/generation.ts';
import { threeDigits, times } from '#lab/text.ts';
import { engine, session } from '#kit/context.ts';
import { LabElement, saveFile } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';
import type task from './task.ts';
import type { GuestDecoderReport } from './task.ts';

const kStepTexts: Record<DecoderSlot, string> = {
  attend: 'attention of a token',
  kv_append: 'keys and values appended',
  slot_of: 'slots of a window',
};

const kPolicies: Record<string, { title: string; window: number; sinks: number }> = {
  all: { title: 'all positions', window: 0, sinks: 0 },
  window: { title: 'a window of 64, 4 sinks', window: 64, sinks: 4 },
};
const kCounts = [32, 64, 128, 200];
const kPrompt = 'Call me';

interface Settings {
  policy: string;
  count: number;
}
const kDefaults: Settings = { policy: 'all', count: 128 };

/**
 * The language model with the reader's own attention, append and slots in its decoder, beside the library's decoder on the same tokens: text,
 * tokens a second, and how far the logits are apart.
 */
export class OwnAttention extends LabElement {
  #settings = { ...kDefaults };
  #report: GuestDecoderReport | null = null;
  /** The steps that were the reader's in that report, and its settings. */
  #asked: { steps: DecoderSlot[]; settings: Settings } | null = null;

  static override styles = [
    labStyles,
    css`
      .steps {
        margin: 0;
        padding-inline-start: 1.2rem;
        font-size: 0.875rem;
      }
      .text {
        max-height: 11.5em;
        margin-top: 0.7rem;
        overflow-y: auto;
        padding: 0.5rem 0.7rem;
        border-radius: 0.4rem;
        background: var(--lab-surface-2);
        font-size: 0.8125rem;
      }
      .text p {
        margin: 0;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0.2rem 1rem;
        margin: 0.5rem 0;
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }
      dd {
        margin: 0;
        text-align: end;
      }
    `,
  ];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const { policy = '', count } = this.settings(this.settingsKey);
    this.#settings = {
      policy: Object.hasOwn(kPolicies, policy) ? policy : kDefaults.policy,
      count: kCounts.includes(Number(count)) ? Number(count) : kDefaults.count,
    };
  }

  protected override get settingsKey(): string {
    return this.id || 'own-attention';
  }

  #change(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    const { policy, count } = this.#settings;
    this.saveSettings(this.settingsKey, { policy, count: `${count}` });
    this.requestUpdate();
  }

  /** The reader's steps that such a decoder asks for. */
  #steps({ policy }: Settings): DecoderSlot[] {
    const needed = kDecoderSlots.filter((step) => step !== 'slot_of' || kPolicies[policy]?.window !== 0);
    return needed.filter((step) => session.guests.has(step));
  }

  async #run(): Promise<void> {
    const settings = this.#settings;
    const steps = this.#steps(settings);
    const guests = session.guestsFor(steps);
    const { window, sinks } = kPolicies[settings.policy]!;
    this.#report = null;
    this.#asked = { steps, settings };
    await this.work(async () => {
      const decoder: DecoderSettings = { ...kExactDecoder, mode: 'fast', window, sinks };
      const files = { model: 'lm', tokenizer: 'tokenizer' } as const;
      const options = { ...files, prompt: kPrompt, count: settings.count, decoder, threads: 1 };
      const show = (report: GuestDecoderReport) => {
        this.#report = report;
        this.progress = report.progress;
        this.requestUpdate();
      };
      const report = await engine.run<typeof task>('03-memory/own-attention', options, show, guests);
      show(report);
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${sameText(report)}`;
    });
  }

  override render(): TemplateResult {
    const report = this.#report;
    const isReady = session.guests.has('attend');
    return html`<div class="card">
      ${this.renderHead('Your code in the model')}
      <div class="section">
        <ul class="steps">
          ${kDecoderSlots.map(
            (step) =>
              html`<li>
                ${kStepTexts[step]}: <code>${step}</code>,
                ${
                  session.guests.has(step)
                    ? html`<strong class="good">yours</strong>`
                    : step === 'attend'
                      ? 'not yet: pass its exercise first'
                      : 'the library’s'
                }
              </li>`,
          )}
        </ul>
      </div>
      ${isReady ? this.#renderSettings() : nothing} ${this.renderProgress('Progress of the generation')}
      ${report !== null && report.ids.length > 0 ? this.#renderResult(report) : nothing} ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    if (this.working) return html`<div class="section row">${this.renderStop()}</div>`;
    const { policy, count } = this.#settings;
    const policies = Object.entries(kPolicies).map(([name, { title }]): [string, string] => [name, title]);
    const counts = kCounts.map((each): [string, string] => [`${each}`, `${each}`]);
    return html`<div class="section row">
      ${select('Keeps', policy, policies, (value) => this.#change({ policy: value }))}
      ${select('New tokens', `${count}`, counts, (value) => this.#change({ count: Number(value) }))}
      <button class="primary" ?disabled=${engine.running === null || this.blocked} @click=${() => this.#run()}>
        Write with your code
      </button>
      ${this.renderBlocked()}
    </div>`;
  }

  #renderResult(report: GuestDecoderReport): TemplateResult {
    const [own, library] = [medianRate(report.ownSeconds), medianRate(report.librarySeconds)];
    const rate = (value: number | null) => (value === null ? '–' : `${threeDigits(value)} tokens/s`);
    const steps = this.#asked?.steps ?? [];
    return html`<div class="section">
      ${report.done ? renderVerdict(report) : nothing}
      <dl>
        <dt>with your ${steps.map((step, i) => html`${i > 0 ? ', ' : ''}<code>${step}</code>`)}</dt>
        <dd>${rate(own)}</dd>
        <dt>the library’s decoder</dt>
        <dd>${rate(library)}</dd>
        <dt>yours to the library’s</dt>
        <dd>${own === null || library === null ? '–' : times(own / library)}</dd>
        <dt>largest difference of a logit, of the largest logit</dt>
        <dd>${differenceText(report)}</dd>
      </dl>
      <p class="small muted">
        Of ${report.ids.length} tokens after ${report.prompt} of the prompt; medians, one thread. A token reads all
        weights of the model, whoever attends: attention’s share of its time grows with the text.
      </p>
      <div class="text" tabindex="0" role="region" aria-label="Text written with your code">
        <p><b>${kPrompt}</b>${report.text}</p>
      </div>
      ${report.done ? this.#renderExport(report) : nothing}
    </div>`;
  }

  #renderExport(report: GuestDecoderReport): TemplateResult {
    const record = () => ({
      kind: 'own-attention',
      schema: 1,
      recorded: new Date().toISOString(),
      browser: browserName(navigator.userAgent),
      page: location.href,
      engine: engine.running?.info,
      ...this.#asked,
      ...report,
    });
    return html`<div class="row actions">
      <button @click=${() => saveFile('optlab-own-attention.json', JSON.stringify(record(), null, 1))}>
        Export as JSON
      </button>
    </div>`;
  }
}

function select(
  label: string,
  value: string,
  options: [string, string][],
  change: (value: string) => void,
): TemplateResult {
  return html`<label class="field"
    >${label}
    <select @change=${(event: Event) => change((event.target as HTMLSelectElement).value)}>
      ${options.map(([name, text]) => html`<option value=${name} .selected=${name === value}>${text}</option>`)}
    </select></label
  >`;
}

function differenceText({ largestDifference, largestLogit }: GuestDecoderReport): string {
  if (Number.isNaN(largestDifference)) return 'yours are not numbers (NaN)';
  return `${largestDifference.toPrecision(2)} of ${largestLogit.toPrecision(3)}`;
}

/** The first token at which the library would have gone another way; -1 if it never would. */
function firstOther({ ids, libraryIds }: GuestDecoderReport): number {
  return ids.findIndex((id, i) => id !== libraryIds[i]);
}

function sameText(report: GuestDecoderReport): string {
  const at = firstOther(report);
  return at < 0 ? 'Both decoders choose the same tokens.' : `From token ${at + 1} on the decoders choose differently.`;
}

function renderVerdict(report: GuestDecoderReport): TemplateResult {
  const at = firstOther(report);
  if (at < 0) {
    return html`<p class="verdict">
      <strong class="good">The same tokens</strong>: at each of ${report.ids.length} positions the library’s decoder
      finds the same one likeliest.
    </p>`;
  }
  return html`<p class="verdict">
    <strong class="bad">Another token</strong>: at number ${at + 1} of ${report.ids.length} the library’s decoder would
    have gone on differently. If the logits differ in their last digits only, two tokens were as good as equally likely.
  </p>`;
}

customElements.define('own-attention', OwnAttention);
