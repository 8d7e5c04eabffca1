import { html, nothing, svg, type TemplateResult } from 'lit';
import { estimatesOf, groupsOf, histogramOf, kGroup, spreadOf, type Estimates } from './timing.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { renderTable } from '#kit/table.ts';
import { bars, marker, rule } from '#kit/plot/marks.ts';
import { kLeastWidth, renderPlot } from '#kit/plot/plot.ts';
import { linear } from '#kit/plot/scale.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { oneOf } from '#kit/fields.ts';
import { labStyles } from '#kit/styles.ts';
import { Width } from '#kit/width.ts';
import type task from './task.ts';
import type { TimingReport } from './task.ts';
import { timerStyles } from './styles.ts';
import { deviation, mean, median, quantile } from '#lab/statistics.ts';
import { duration, threeDigits } from '#lab/text.ts';

const kFields = { size: oneOf('Product', [16, 32, 64, 128, 256], 64, (size) => `${size}³`) };
const kCalls = 20 * kGroup;
/** One rung whose work per call doesn't depend on what ran before. */
const kRung = 'simd';
const kGuesses = ['the single calls', 'the means', 'the medians', 'the batches'];

/** One product, timed as people time things: once, by a mean, by a median, in batches. Attribute: `size` (rows and columns). */
export class TimerDemo extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'timer';

  #guess = '';
  #committed = '';
  #report: TimingReport | null = null;
  readonly #width = new Width(this, '.plots');

  static override styles = [labStyles, chartStyles, timerStyles];

  async #run(): Promise<void> {
    this.#committed = this.#guess;
    this.#report = null;
    this.change({});
    await this.work(async () => {
      const options = { ...this.values, variant: kRung, count: kCalls, threads: 1 } as const;
      const report = await this.runTask<typeof task>('01-profiling/timer-demo', options, () => {});
      this.#report = report.calls.length >= kGroup ? report : null;
      const best = this.#report === null ? '' : ` Narrowest: ${narrowest(estimatesOf(report))}.`;
      this.announcement = report.stopped ? `Stopped.${best}` : `Finished.${best}`;
    });
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.renderHead('One product, timed in four ways')} ${this.#renderStart()}
      ${this.renderProgress('Progress of the timing')}
      <div class="section plots" ?hidden=${this.#report === null}>
        ${this.#report === null ? nothing : this.#renderResult(this.#report)}
      </div>
      ${this.renderError()}
    </div>`;
  }

  #renderStart(): TemplateResult {
    const ready = engine.running !== null && !this.blocked;
    return html`<div class="section">
      <div class="row">
        ${this.renderField('size')}
        <label class="field"
          >Predict: which differ least from each other?
          <select
            ?disabled=${this.working}
            @change=${(event: Event) => {
              this.#guess = (event.target as HTMLSelectElement).value;
              this.requestUpdate();
            }}
          >
            <option value="" .selected=${this.#guess === ''}>choose…</option>
            ${kGuesses.map((guess) => html`<option value=${guess} .selected=${guess === this.#guess}>${guess}</option>`)}
          </select></label
        >
      </div>
      <div class="row actions">
        ${
          this.working
            ? html`${this.renderStop()}<span class="muted small">timing…</span>`
            : html`<button class="primary" ?disabled=${!ready || this.#guess === ''} @click=${() => this.#run()}>
                  Time it
                </button>
                <button class="link" ?hidden=${this.#guess !== ''} ?disabled=${!ready} @click=${() => this.#run()}>
                  Time it without a prediction
                </button>
                <span class="muted small">about 2 seconds</span>${this.renderBlocked()}`
        }
      </div>
    </div>`;
  }

  #renderResult(report: TimingReport): TemplateResult {
    const rows = estimatesOf(report);
    const calls = report.calls;
    const middle = median(calls);
    const slowest = Math.max(...calls);
    return html`<p class="verdict">
        ${report.stopped ? 'Stopped early. ' : nothing}The clock moves in steps of
        <strong>${duration(report.tick)}</strong>; the first call took ${duration(calls[0]!)}, the slowest
        ${duration(slowest)}, half of them at most ${duration(middle)}.
        ${rows.length < 4 ? nothing : this.#renderGuess(rows)}
      </p>
      ${this.#renderHistogram(report)} ${this.#renderStrips(report, rows)} ${this.#renderTable(report, rows)}`;
  }

  #renderGuess(rows: readonly Estimates[]): TemplateResult {
    const best = narrowest(rows);
    const names: Record<string, string> = {
      'the single calls': 'one call',
      'the means': `mean of ${kGroup}`,
      'the medians': `median of ${kGroup}`,
      'the batches': 'one batch',
    };
    const guess = names[this.#committed];
    return html`Closest together: <strong>${best}</strong>.${
        guess === undefined
          ? nothing
          : html` You predicted ${guess}:
              <strong class=${guess === best ? 'good' : 'bad'}>${guess === best ? 'right' : 'not here'}</strong>.`
      }`;
  }

  /** Single calls on the clock's own steps. */
  #renderHistogram(report: TimingReport): TemplateResult {
    const { calls, tick } = report;
    const upTo = Math.max(quantile(calls, 0.97) + tick, Math.min(...calls) + 4 * tick);
    const histogram = histogramOf(calls, tick, upTo);
    const { from, width, counts, beyond } = histogram;
    const end = from + counts.length * width;
    const ticks = Array.from({ length: 5 }, (_, i) => from + (i * (end - from)) / 4);
    return html`<figure>
      <figcaption class="small">
        ${calls.length} single calls, in steps of the
        clock${beyond === 0 ? '' : `; ${beyond} slower ones are not drawn`}
      </figcaption>
      ${renderPlot({
        label: `Histogram of ${calls.length} single calls. The table below has its figures.`,
        ...{ width: Math.max(kLeastWidth, this.#width.value), height: 150 },
        margin: { left: 8, right: 8, top: 6, bottom: 28 },
        x: { scale: linear(from, end, ticks), text: duration, grid: 'none', inside: true },
        y: { scale: linear(0, (116 / 104) * Math.max(...counts), []) },
        marks: [
          rule(0),
          bars(histogram, { name: 'bar' }),
          marker(mean(calls), 'mean', { name: 'marker mean' }),
          // To the left of its line: the mean is mostly to the right.
          marker(median(calls), 'median', { name: 'marker median', before: true }),
        ],
      })}
    </figure>`;
  }

  /** What each rule would have told several people. */
  #renderStrips(report: TimingReport, rows: readonly Estimates[]): TemplateResult {
    const all = rows.flatMap(({ values }) => values);
    const middle = median(report.calls);
    const low = Math.min(...all, middle) * 0.95;
    // A clock that is coarser than the calls makes most of them 0.
    const slowest = Math.max(...all);
    const limit = middle > 0 ? Math.min(slowest, 3 * middle) : slowest;
    const high = Math.max(1.05 * limit, low + report.tick);
    const [w, left, line] = [Math.max(280, this.#width.value), 112, 30];
    const h = rows.length * line + 30;
    const x = (seconds: number) => left + 8 + ((w - left - 24) * (Math.min(seconds, high) - low)) / (high - low);
    const people = groupsOf(report.calls).length;
    return html`<figure>
      <figcaption class="small">
        What ${people} people would report who call it ${kGroup} times each, by their rule; and the library’s batches
      </figcaption>
      <svg
        class="chart"
        viewBox="0 0 ${w} ${h}"
        role="img"
        aria-label="The figures that each rule gives. The table below has their spread."
      >
        ${rows.map(({ name, values }, row) => {
          const y = row * line + 15;
          return svg`<line class="grid" x1=${left} x2=${w - 8} y1=${y} y2=${y} />
            <text class="name" x=${left - 8} y=${y + 4} text-anchor="end">${name}</text>
            ${values.map((value) =>
              value > high
                ? svg`<path class="off" d="M ${w - 16} ${y - 5} l 8 5 l -8 5 z" />`
                : svg`<circle class="estimate" cx=${x(value)} cy=${y} r="4.5" />`,
            )}`;
        })}
        <text class="tick" x=${left + 8} y=${h - 8}>${duration(low)}</text>
        <text class="tick" x=${w - 8} y=${h - 8} text-anchor="end">${duration(high)}</text>
      </svg>
    </figure>`;
  }

  #renderTable(report: TimingReport, rows: readonly Estimates[]): TemplateResult {
    return html`<details>
      <summary>As a table</summary>
      ${renderTable({
        label: 'The rules as a table',
        caption: `${report.options.size}³ by ${kRung}, one thread; single calls: mean ${duration(mean(report.calls))}, median ${duration(median(report.calls))}, MAD ${duration(deviation(report.calls))}`,
        columns: ['Rule', 'Figures', 'Smallest', 'Median', 'Largest', 'Spread'],
        rows: rows.map(({ name, values }) => [
          name,
          values.length,
          timeText(Math.min(...values)),
          timeText(median(values)),
          timeText(Math.max(...values)),
          percentText(spreadOf(values)),
        ]),
      })}
      <p class="small muted">Spread: largest less smallest, of the median.</p>
    </details>`;
  }
}

/** A clock's step may be all there is: 0. */
const timeText = (seconds: number): string => (seconds === 0 ? '0' : duration(seconds));
const percentText = (fraction: number): string =>
  Number.isFinite(fraction) ? `${threeDigits(100 * fraction)} %` : 'the median is 0';

function narrowest(rows: readonly Estimates[]): string {
  const finite = rows.filter(({ values }) => values.length > 1 && Number.isFinite(spreadOf(values)));
  return (
    finite.reduce<Estimates | null>(
      (best, row) => (best === null || spreadOf(row.values) < spreadOf(best.values) ? row : best),
      null,
    )?.name ?? 'none'
  );
}

customElements.define('timer-demo', TimerDemo);
