import { html, nothing, type TemplateResult } from 'lit';
import type { ExerciseSpec, TaskSpec } from '#lab/grading/exercise.ts';
import type { GradeResult, Measurement, TaskResult, TestResult } from '#lab/grading/result.ts';
import { duration } from '#lab/text.ts';

export interface ResultsContext {
  spec: ExerciseSpec;
  /** So far, while a run goes on. */
  tests: readonly TestResult[];
  result: GradeResult | null;
  /** The code was changed since. */
  isStale: boolean;
  /** The editor lists what the compiler says. */
  isListed: boolean;
}

/** What the grader says, from the sum down to single elements. */
export function renderResults({ spec, tests, result, isStale, isListed }: ResultsContext): TemplateResult {
  const isError = result?.status === 'error';
  return html`<div class="section results">
    ${
      result === null
        ? nothing
        : html`<p class="total">
            ${summary(result)}${isStale ? html`<span class="muted small"> (before your latest change)</span>` : nothing}
          </p>`
    }
    ${isError && !isListed ? html`<pre tabindex="0">${result.message}</pre>` : nothing}
    ${renderTasks(spec, tests, isError ? null : result)}
  </div>`;
}

export function summary({ status, points, maxPoints: most }: GradeResult): string {
  if (status === 'error') return 'It does not compile yet.';
  return status === 'pass' ? `Solved: all ${most} points.` : `${points} of ${most} points.`;
}

const kSigns = { pass: '✓', fail: '✗', error: '–' } as const;
/** Signs of a task's state: not yet run, passed, some points, no points, never run. */
const kStates = { open: '·', pass: '✓', part: '◐', fail: '✗', blocked: '–' } as const;
const kWords = { pass: 'passed', fail: 'failed', error: 'not judged' } as const;

/** The tasks, each with its points, and under it what its cases say. */
function renderTasks(spec: ExerciseSpec, tests: readonly TestResult[], result: GradeResult | null): TemplateResult {
  return html`<ol class="tasks" aria-label="Tasks">
    ${spec.tasks.map((task) => {
      const own = tests.filter((test) => test.task_id === task.id);
      const graded = result?.tasks.find(({ id }) => id === task.id) ?? null;
      const state = graded === null ? 'open' : stateOf(graded, own);
      return html`<li class="task ${state}">
        <div class="line">
          <span class="sign" aria-hidden="true">${kStates[state]}</span>
          <span class="title">${task.title}</span>
          <span class="points"
            >${graded === null ? nothing : html`<strong>${graded.points}</strong> of `}${task.points}
            ${task.points === 1 ? 'point' : 'points'}</span
          >
        </div>
        ${own.length === 0 ? nothing : renderCases(task, own)}
      </li>`;
    })}
  </ol>`;
}

function stateOf({ status, points }: TaskResult, tests: readonly TestResult[]): keyof typeof kStates {
  if (status === 'pass') return 'pass';
  if (points > 0) return 'part';
  return tests.every((test) => test.status === 'error') ? 'blocked' : 'fail';
}

function renderCases(task: TaskSpec, tests: readonly TestResult[]): TemplateResult {
  if (task.kind === 'performance')
    return html`<div class="cases">${tests.map((test) => renderTimed(task, test))}</div>`;
  const bad = tests.filter(({ status }) => status !== 'pass');
  // Where all cases say the same (not run, stopped), once is enough.
  const same = bad.length === tests.length && new Set(bad.map(({ message }) => message)).size === 1 && bad.length > 1;
  return html`<div class="cases">
    <ul class="chips" aria-label="Cases">
      ${tests.map(
        ({ name, status }) =>
          html`<li class="case" data-status=${status}>
            <span aria-hidden="true">${kSigns[status]}</span>${name}<span class="sr">: ${kWords[status]}</span>
          </li>`,
      )}
    </ul>
    ${same && bad[0]?.output === null ? html`<p class="message">${bad[0].message}</p>` : renderFindings(bad)}
  </div>`;
}

/** One finding is enough to go on with; the others wait behind it. */
function renderFindings(bad: readonly TestResult[]): TemplateResult | typeof nothing {
  const [first, ...others] = bad;
  if (first === undefined) return nothing;
  if (others.length === 0) return renderFinding(first);
  return html`${renderFinding(first)}
    <details class="more">
      <summary>${others.length} more ${others.length === 1 ? 'case' : 'cases'}</summary>
      ${others.map(renderFinding)}
    </details>`;
}

function renderFinding({ name, message, output }: TestResult): TemplateResult {
  return html`<div class="finding">
    <p class="message"><strong>${name}:</strong> ${message ?? 'no reason given'}</p>
    ${output === null ? nothing : renderPicture(output)}
  </div>`;
}

/** Right and wrong elements as a grid, with the same as text. */
function renderPicture(text: string): TemplateResult | typeof nothing {
  const rows = text.split('\n');
  const cells = rows.flatMap((row) => [...row]);
  const wrong = cells.filter((cell) => cell === '×').length;
  if (wrong === cells.length) return nothing; // the message has said so
  const wide = Math.max(...rows.map((row) => [...row].length));
  const label = `${wrong} of ${cells.length} places in the picture are wrong; rows from top to bottom, columns from left to right`;
  return html`<div class="picture">
    <div class="grid" role="img" aria-label=${label} style="--columns:${wide}">
      ${rows.map((row) => [...row].map((cell) => html`<i class=${cell === '×' ? 'wrong' : ''}></i>`))}
    </div>
    <details>
      <summary>As text (× is wrong)</summary>
      <pre>${text}</pre>
    </details>
  </div>`;
}

function renderTimed(task: TaskSpec & { kind: 'performance' }, test: TestResult): TemplateResult {
  if (test.measurement === null) return html`<p class="message">${test.message ?? 'not measured'}</p>`;
  return html`${renderScale(task, test.measurement)}
    <p class="message">
      ${capital(test.message ?? '')}.
      <span class="muted"
        >${test.measurement.rounds.length} rounds of ${test.measurement.callsPerSample}
        ${test.measurement.callsPerSample === 1 ? 'call' : 'calls'} each, yours and the reference in turns.
        ${perCall(test.measurement)}</span
      >
    </p>`;
}

function perCall({ rounds }: Measurement): string {
  const fastest = (lane: 0 | 1) => Math.min(...rounds.map((round) => round[lane]));
  return `At best a call takes ${duration(fastest(1))}, the reference ${duration(fastest(0))}.`;
}

/** Times as fast as the reference: where the levels lie, and the measured ratio with its interval. */
function renderScale(
  { levels }: TaskSpec & { kind: 'performance' },
  { ratio, low, high }: Measurement,
): TemplateResult {
  const end = Math.max(high * 1.08, (levels.at(-1)?.ratio ?? 1) * 1.25);
  const at = (value: number) => `${(100 * Math.max(0, Math.min(1, value / end))).toFixed(2)}%`;
  return html`<div class="scale" aria-hidden="true">
    <div class="track">
      <span class="reached" style="width:${at(ratio)}"></span>
      <span class="interval" style="left:${at(low)};width:calc(${at(high)} - ${at(low)})"></span>
      <span class="measured" style="left:${at(ratio)}"></span>
      ${levels.map((level) => html`<span class="level" style="left:${at(level.ratio)}"></span>`)}
      <span class="level reference" style="left:${at(1)}"></span>
    </div>
    <div class="marks">
      <span style="left:${at(1)}">1×</span>
      ${levels.map((level) => html`<span class=${ratio >= level.ratio ? 'won' : ''} style="left:${at(level.ratio)}">${level.ratio}×</span>`)}
    </div>
  </div>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
