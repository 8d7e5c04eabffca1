import { html, nothing, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { solutions, type exercises } from 'virtual:optlab-exercises';
import { hintsUsed, kHints, maySeeSolution, withHint, type ExerciseProgress } from '#lab/progress.ts';
import { when } from './view.ts';

/** Null where the site has none. */
export async function loadSolution(exercise: string): Promise<string | null> {
  return (await solutions[exercise]?.())?.default ?? null;
}

export interface HelpContext {
  exercise: string;
  content: Awaited<ReturnType<(typeof exercises)[string]>>['default'];
  progress: ExerciseProgress;
  /** Once it was opened. */
  solution: string | null;
  /** In the editor. */
  code: string;
  save(progress: ExerciseProgress): void;
  /** Puts other code into the editor; the present one can be restored. */
  replace(code: string): void;
}

/** Hints one by one, the solution once it is open, earlier code, and what is handed in. */
export function renderHelp(context: HelpContext): TemplateResult {
  return html`<div class="section">
      <div class="row">${renderHintButton(context)} ${renderSolutionButton(context)}</div>
      ${renderHints(context)} ${renderSolution(context)}
    </div>
    <div class="section row files">
      ${renderReset(context)} ${renderVersions(context)}
      <submission-form class="grow"></submission-form>
    </div>`;
}

function renderHintButton({ progress, save }: HelpContext): TemplateResult | typeof nothing {
  const next = hintsUsed(progress) + 1;
  if (next > kHints) return nothing;
  return html`<button @click=${() => save(withHint(progress, next, Date.now()))}>
    ${next === 1 ? 'Give me a hint' : `Hint ${next} of ${kHints}`}
  </button>`;
}

function renderHints({ content, progress }: HelpContext): TemplateResult[] {
  return content.hints.slice(0, hintsUsed(progress)).map(
    (text, i) =>
      html`<div class="hint" role="note">
        <div class="kicker">Hint ${i + 1} of ${kHints}</div>
        ${unsafeHTML(text) /* made from hints.md by the build */}
      </div>`,
  );
}

function renderSolutionButton({ exercise, progress, save }: HelpContext): TemplateResult | typeof nothing {
  if (solutions[exercise] === undefined || progress.solutionSeen !== null) return nothing;
  const isOpen = maySeeSolution(progress);
  return html`<button ?disabled=${!isOpen} @click=${() => save({ ...progress, solutionSeen: Date.now() })}>
      Show the solution
    </button>
    ${isOpen ? nothing : html`<span class="muted small">opens with all points, or after three hints</span>`}`;
}

function renderSolution({ solution }: HelpContext): TemplateResult | typeof nothing {
  if (solution === null) return nothing;
  return html`<details class="memory">
    <summary>One solution</summary>
    <pre tabindex="0">${solution}</pre>
  </details>`;
}

function renderReset({ content, progress, code, replace }: HelpContext): TemplateResult | typeof nothing {
  if (progress.code === null && code === content.starter) return nothing;
  // A <details> is the confirmation: opened, it says what happens and what does not.
  return html`<details class="reset">
    <summary>Start over</summary>
    <div class="asking">
      <p>
        The editor goes back to the starter. Your code is kept under <em>Earlier code</em>, and your best result stays.
      </p>
      <div class="row">
        <button
          @click=${(event: Event) => {
            (event.target as HTMLElement).closest('details')?.removeAttribute('open');
            replace(content.starter);
          }}
        >
          Put the starter back
        </button>
      </div>
    </div>
  </details>`;
}

function renderVersions({ progress, code, replace }: HelpContext): TemplateResult | typeof nothing {
  const { best, previous } = progress;
  const offersBest = best !== null && best.code !== code;
  const others = previous.filter((version) => version.code !== code);
  if (!offersBest && others.length === 0) return nothing;
  return html`<details class="earlier">
    <summary>Earlier code</summary>
    <ul class="versions">
      ${
        offersBest
          ? html`<li>
              <button class="link" @click=${() => replace(best.code)}>Restore your best</button>
              <span class="muted">${best.points} points, ${when(best.when)}</span>
            </li>`
          : nothing
      }
      ${others.map(
        (version) =>
          html`<li>
            <button class="link" @click=${() => replace(version.code)}>Restore</button>
            <span class="muted">${version.code.split('\n').length} lines, replaced on ${when(version.when)}</span>
          </li>`,
      )}
    </ul>
  </details>`;
}
