import { html, nothing, type TemplateResult } from 'lit';

/** What a reader predicts before a run: one of `values`, in a sentence. */
export interface Question<T> {
  /** The sentence before and after the choice. */
  before: string;
  after?: string;
  values: readonly T[];
  text(value: T): string;
}

/** A reader's answer: the choice now, and as it was when the run began. An index of the question's values; -1: none. */
export class Prediction {
  chosen = -1;
  committed = -1;

  commit(): void {
    this.committed = this.chosen;
  }
}

/** The sentence with its choice. */
export function renderQuestion<T>(
  { before, after, values, text }: Question<T>,
  prediction: Prediction,
  changed: () => void,
): TemplateResult {
  const choose = (event: Event) => {
    prediction.chosen = Number((event.target as HTMLSelectElement).value);
    changed();
  };
  return html`<label class="field"
    ><strong>Predict:</strong> ${before}
    <select @change=${choose}>
      <option value="-1" .selected=${prediction.chosen < 0}>choose…</option>
      ${values.map((value, i) => html`<option value=${i} .selected=${i === prediction.chosen}>${text(value)}</option>`)}
    </select>
    ${after ?? nothing}</label
  >`;
}

/** After the run: whether another choice was nearer. Nothing if the reader predicted nothing. */
export function renderOutcome<T>(
  { values, text }: Question<T>,
  { committed }: Prediction,
  nearest: T,
): TemplateResult | typeof nothing {
  if (committed < 0) return nothing;
  const right = nearest === values[committed];
  return html`You predicted “${text(values[committed]!)}”:
    <strong class=${right ? 'good' : 'bad'}>${right ? 'nearest of all' : `“${text(nearest)}” is nearer`}</strong>.`;
}
