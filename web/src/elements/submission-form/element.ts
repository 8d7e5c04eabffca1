import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { messageOf } from '#lab/errors.ts';
import { makeSubmission, studentFolder } from '#lab/submission.ts';
import { book } from '#kit/compiler-host.ts';
import { saveFile } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';

const kNameKey = 'optlab-student';

/** A button that asks for a name and saves all exercises' code as the zip that an instructor's grader reads. */
class SubmissionForm extends LitElement {
  static override styles = [
    labStyles,
    css`
      :host {
        margin: 0;
      }
      form {
        margin-top: 0.6rem;
      }
      input {
        min-height: 2.25rem;
        min-width: 0;
        flex: 1 1 10rem;
        max-width: 16rem;
        padding: 0.25rem 0.5rem;
        border: 1px solid var(--lab-line);
        border-radius: 0.4rem;
        background: var(--lab-surface);
        color: var(--sl-color-white);
        font: inherit;
      }
      input:focus-visible {
        outline: 2px solid var(--sl-color-accent);
        outline-offset: 2px;
      }
      p {
        margin-top: 0.4rem;
      }
    `,
  ];

  #name = rememberedName();
  #message = '';
  #isBad = false;

  async #save(event: Event): Promise<void> {
    event.preventDefault();
    try {
      const all = await book.all();
      const code = new Map([...all].flatMap(([name, { code }]) => (code === null ? [] : [[name, code] as const])));
      const zip = makeSubmission(this.#name, code);
      saveFile(`${studentFolder(this.#name)}.zip`, zip, 'application/zip');
      rememberName(this.#name);
      this.#message = `Saved ${code.size} ${code.size === 1 ? 'exercise' : 'exercises'}: ${[...code.keys()].join(', ')}.`;
      this.#isBad = false;
    } catch (error) {
      this.#message = messageOf(error);
      this.#isBad = true;
    }
    this.requestUpdate();
  }

  override render(): TemplateResult {
    return html`<details>
        <summary>Export my submission</summary>
        <form class="row" @submit=${(event: Event) => this.#save(event)}>
          <label class="field grow"
            >Your name or number
            <input
              type="text"
              name="student"
              autocomplete="off"
              .value=${this.#name}
              @input=${(event: Event) => (this.#name = (event.target as HTMLInputElement).value)}
          /></label>
          <button type="submit">Save as zip</button>
        </form>
        <p class="small ${this.#isBad ? 'bad' : 'muted'}" role="status">
          ${this.#message === '' ? 'Holds the code of every exercise that you have changed. It goes nowhere by itself.' : this.#message}
        </p>
      </details>
      ${nothing}`;
  }
}

/** Storage may be refused; then the name is typed again. */
function rememberedName(): string {
  try {
    return localStorage.getItem(kNameKey) ?? '';
  } catch {
    return '';
  }
}
function rememberName(name: string): void {
  try {
    localStorage.setItem(kNameKey, name);
  } catch {
    // typed again next time
  }
}

customElements.define('submission-form', SubmissionForm);
