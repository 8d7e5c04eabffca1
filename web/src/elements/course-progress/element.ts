import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { exercises } from 'virtual:optlab-exercises';
import { messageOf } from '#lab/errors.ts';
import { maxPoints } from '#lab/grading/exercise.ts';
import { hintsUsed, isPassed, type ExerciseProgress } from '#lab/progress.ts';
import { book } from '#kit/compiler-host.ts';
import { kBase } from '#kit/context.ts';
import { saveFile } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';
import '../submission-form/element.ts';

interface Row {
  name: string;
  title: string;
  most: number;
}

/** All exercises with what was reached in them; export, import and reset of it. */
export class CourseProgress extends LitElement {
  static override styles = [
    labStyles,
    css`
      td button.link {
        min-height: 0;
        padding: 0 0.2rem;
        font-size: inherit;
      }
      tbody th {
        font-family: inherit;
      }
      /* What is only for screen readers scrolls with its table. */
      .scroll {
        position: relative;
      }
      @media (max-width: 30rem) {
        .detail {
          display: none;
        }
        tbody th {
          white-space: normal;
        }
      }
      a {
        color: var(--sl-color-text-accent);
      }
      .scroll {
        margin-top: 0;
      }
    `,
  ];

  #rows: Row[] = [];
  #progress = new Map<string, ExerciseProgress>();
  /** Whose "Forget" was pressed once; '*' is everything. */
  #sure: string | null = null;
  #message = '';
  #isBad = false;
  readonly #onChange = () => void this.#refresh();

  override connectedCallback(): void {
    super.connectedCallback();
    book.addEventListener('change', this.#onChange);
    void this.#load();
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    book.removeEventListener('change', this.#onChange);
  }

  async #load(): Promise<void> {
    this.#rows = await Promise.all(
      Object.entries(exercises).map(async ([name, load]) => {
        const { spec } = (await load()).default;
        return { name, title: spec.title, most: maxPoints(spec) };
      }),
    );
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    this.#progress = await book.all();
    this.requestUpdate();
  }

  #say(message: string, isBad = false): void {
    this.#message = message;
    this.#isBad = isBad;
    this.requestUpdate();
  }

  async #export(): Promise<void> {
    saveFile('optlab-progress.json', await book.export());
    this.#say('Saved as optlab-progress.json.');
  }

  async #import(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    if (file === undefined) return;
    try {
      const names = await book.import(await file.text());
      this.#say(
        `Added ${names.length} ${names.length === 1 ? 'exercise' : 'exercises'} from ${file.name}; nothing was lost.`,
      );
    } catch (error) {
      this.#say(messageOf(error), true);
    }
    input.value = '';
  }

  /** The first press asks, the second forgets. */
  async #forget(name: string): Promise<void> {
    if (this.#sure !== name) {
      this.#sure = name;
      this.#say(
        name === '*' ? 'This forgets your code and results of all exercises.' : 'This forgets its code and results.',
      );
      return;
    }
    this.#sure = null;
    await (name === '*' ? book.resetAll() : book.reset(name));
    this.#say('Forgotten.');
  }

  override render(): TemplateResult {
    const sum = (of: (row: Row) => number) => this.#rows.reduce((total, row) => total + of(row), 0);
    const reached = sum(({ name }) => this.#progress.get(name)?.best?.points ?? 0);
    return html`<section class="card" aria-label="Your exercises">
      <div class="head">
        <h3>Your exercises</h3>
        <span class="note">${reached} of ${sum(({ most }) => most)} points</span>
      </div>
      <div class="section">
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Exercise</th>
                <th>Best</th>
                <th class="detail">Attempts</th>
                <th class="detail">Hints</th>
                <th><span class="sr">Forget</span></th>
              </tr>
            </thead>
            <tbody>
              ${this.#rows.map((row) => this.#renderRow(row))}
            </tbody>
          </table>
        </div>
      </div>
      <div class="section row files">
        <button @click=${() => this.#export()} ?disabled=${this.#progress.size === 0}>Export progress</button>
        <button @click=${() => this.renderRoot.querySelector<HTMLElement>('input[type=file]')?.click()}>
          Import progress
        </button>
        <input
          type="file"
          hidden
          accept="application/json,.json"
          @change=${(event: Event) => this.#import(event.target as HTMLInputElement)}
        />
        ${
          this.#progress.size === 0
            ? nothing
            : html`<button class="link" @click=${() => this.#forget('*')}>
                ${this.#sure === '*' ? 'Really forget everything' : 'Forget everything'}
              </button>`
        }
      </div>
      <div class="section"><submission-form></submission-form></div>
      <div class="section small ${this.#isBad ? 'bad' : 'muted'}" role="status">
        ${this.#message || 'All of this is kept in this browser only.'}
      </div>
    </section>`;
  }

  #renderRow({ name, title, most }: Row): TemplateResult {
    const progress = this.#progress.get(name);
    const [lesson = ''] = name.split('/');
    return html`<tr>
      <th scope="row"><a href="${kBase}lessons/${lesson}/">${lesson.slice(0, 2)}</a> ${title}</th>
      <td class=${progress !== undefined && isPassed(progress) ? 'good' : ''}>
        ${progress?.best ? `${progress.best.points} of ${most}` : `– of ${most}`}
      </td>
      <td class="detail">${progress?.attemptCount ?? 0}</td>
      <td class="detail">${progress === undefined ? 0 : hintsUsed(progress)}</td>
      <td>
        ${
          progress === undefined
            ? nothing
            : html`<button class="link" @click=${() => this.#forget(name)}>
                ${this.#sure === name ? 'Really forget' : 'Forget'}<span class="sr"> ${title}</span>
              </button>`
        }
      </td>
    </tr>`;
  }
}

customElements.define('course-progress', CourseProgress);
