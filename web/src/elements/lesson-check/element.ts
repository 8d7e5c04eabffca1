import { openAnswers, type Answer } from '#lab/answers.ts';
import {
  feedbackFor,
  isRightChoice,
  isRightNumber,
  parseNumber,
  parseTolerance,
  severalText,
  type CheckKind,
} from '#lab/check.ts';

/** One store for all questions of a page. */
const answers = openAnswers();
/** Tells the summary. */
export const kAnswered = 'optlab-answered';

/**
 * A short question with feedback to every answer. Its content, a fieldset, comes from the page (plugins/remark-checks.mjs) and is readable
 * without this; here it learns to judge, and to remember what was answered. No worker and no engine takes part.
 */
export class LessonCheck extends HTMLElement {
  #connected = false;

  connectedCallback(): void {
    if (this.#connected) return;
    this.#connected = true;
    this.#button('check').hidden = false;
    this.#button('check').addEventListener('click', () => void this.#submit());
    this.#button('again').addEventListener('click', () => void this.reset(true));
    for (const input of this.#inputs) {
      // A text's `change` comes when the focus leaves it, after the answer was judged.
      input.addEventListener(input.type === 'text' ? 'input' : 'change', () => this.#withdraw());
      input.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') {
          event.preventDefault();
          void this.#submit();
        }
      });
    }
    void this.#restore();
  }

  get isRight(): boolean {
    return this.dataset['state'] === 'right';
  }

  /** Forgets the answer. */
  async reset(focus = false): Promise<void> {
    for (const input of this.#inputs) {
      input.checked = false;
      if (input.type === 'text') input.value = '';
    }
    this.#withdraw();
    if (focus) this.#inputs[0]?.focus();
    await answers.delete(this.#key);
  }

  get #kind(): CheckKind {
    return this.dataset['kind'] as CheckKind;
  }
  get #key(): string {
    return this.dataset['key'] ?? this.id;
  }
  get #inputs(): HTMLInputElement[] {
    return [...this.querySelectorAll('input')];
  }
  #button(name: string): HTMLButtonElement {
    return this.querySelector<HTMLButtonElement>(`button.${name}`)!;
  }
  get #chosen(): number[] {
    return this.#inputs.filter((input) => input.checked).map((input) => Number(input.value));
  }
  get #right(): number[] {
    return this.#inputs.filter((input) => 'right' in input.dataset).map((input) => Number(input.value));
  }

  async #restore(): Promise<void> {
    const answer = await answers.get(this.#key).catch(() => null);
    if (answer === null) return;
    for (const input of this.#inputs) {
      if (input.type === 'text') input.value = answer.text;
      else input.checked = answer.chosen.includes(Number(input.value));
    }
    this.#judge();
  }

  async #submit(): Promise<void> {
    const answer = this.#judge();
    if (answer === null) return;
    // The element that had the focus stays: "Try again" comes beside it.
    await answers.set(this.#key, answer).catch(() => {});
  }

  /** Shows what there is to say of the answer as it stands; null if there is none yet. */
  #judge(): Answer | null {
    const answer = this.#kind === 'number' ? this.#judgeNumber() : this.#judgeChoice();
    if (answer === null) return null;
    this.dataset['state'] = answer.right ? 'right' : 'wrong';
    this.#button('again').hidden = false;
    this.#tell();
    return answer;
  }

  #judgeChoice(): Answer | null {
    const [chosen, right] = [this.#chosen, this.#right];
    if (chosen.length === 0) return this.#ask('Choose an answer first.');
    const isRight = isRightChoice(chosen, right);
    this.#show(feedbackFor(this.#kind, chosen, right).map(String));
    for (const input of this.#inputs) input.dataset['judged'] = this.#mark(Number(input.value), chosen, right);
    this.#say(isRight ? 'Right.' : this.#kind === 'several' ? severalText(chosen, right) : 'Not yet.');
    return { chosen, text: '', right: isRight };
  }

  #mark(choice: number, chosen: readonly number[], right: readonly number[]): string {
    if (!chosen.includes(choice)) return '';
    return right.includes(choice) ? 'right' : 'wrong';
  }

  #judgeNumber(): Answer | null {
    const text = this.#inputs[0]?.value ?? '';
    const typed = parseNumber(text);
    if (typed === null) return this.#ask(text.trim() === '' ? 'Type a number first.' : 'That is no number.');
    const value = Number(this.dataset['answer']);
    const tolerance = parseTolerance(this.dataset['tolerance'] ?? '0', value) ?? 0;
    const right = isRightNumber(typed, { value, tolerance });
    const expected = this.#feedback.map((part) => part.dataset['for'] ?? '');
    const known = expected.find((name) => {
      const number = parseNumber(name);
      return number !== null && isRightNumber(typed, { value: number, tolerance: Math.abs(number) * 0.005 });
    });
    this.#show([right ? 'right' : (known ?? 'wrong')]);
    this.#say(right ? 'Right.' : 'Not yet.');
    return { chosen: [], text, right };
  }

  #ask(message: string): null {
    this.#withdraw();
    this.#say(message);
    return null;
  }

  /** Back to a question that nobody has answered; what is typed or chosen stays. */
  #withdraw(): void {
    delete this.dataset['state'];
    for (const input of this.#inputs) delete input.dataset['judged'];
    this.#button('again').hidden = true;
    this.#show([]);
    this.#say('');
    this.#tell();
  }

  get #feedback(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>('.feedback')];
  }
  #show(names: readonly string[]): void {
    for (const part of this.#feedback) part.hidden = !names.includes(part.dataset['for'] ?? '');
  }
  #say(message: string): void {
    this.querySelector('.verdict')!.textContent = message;
  }
  #tell(): void {
    document.dispatchEvent(new Event(kAnswered));
  }
}

/** How many of the page's questions are answered right, and a button that forgets all answers. */
export class CheckSummary extends HTMLElement {
  readonly #onAnswer = () => this.#count();

  connectedCallback(): void {
    const [line, button] = [document.createElement('p'), document.createElement('button')];
    line.setAttribute('role', 'status');
    button.type = 'button';
    button.textContent = 'Forget my answers';
    button.addEventListener('click', () => this.#checks.forEach((check) => void check.reset()));
    this.replaceChildren(line, button);
    document.addEventListener(kAnswered, this.#onAnswer);
    this.#count();
  }
  disconnectedCallback(): void {
    document.removeEventListener(kAnswered, this.#onAnswer);
  }

  get #checks(): LessonCheck[] {
    return [...document.querySelectorAll<LessonCheck>('lesson-check')];
  }
  #count(): void {
    const right = this.#checks.filter((check) => check.isRight).length;
    this.querySelector('p')!.textContent =
      `${right} of ${this.#checks.length} checks on this page are right. Answers are kept in this browser only.`;
  }
}

customElements.define('lesson-check', LessonCheck);
customElements.define('check-summary', CheckSummary);
