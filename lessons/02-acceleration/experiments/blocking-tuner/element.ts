import { css, html, nothing, type TemplateResult } from 'lit';
import {
  blockingLabel,
  gainOf,
  parseBlocking,
  sameBlocking,
  signedPercent,
  sizeOf,
  tuningVerdict,
  type TuneReport,
} from '#lab/blocking.ts';
import { flopsPerSecond } from '#lab/format.ts';
import type task from './task.ts';
import type { Lane } from '#lab/types.ts';
import { threeDigits } from '#lab/text.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { labStyles } from '#kit/styles.ts';

const kSeconds = 6;

/** Measures which blocks a matrix product is best cut into on this device, and lets every product of the page use them. */
export class BlockingTuner extends Experiment {
  #report: TuneReport | null = null;

  static override styles = [
    labStyles,
    css`
      tr.used > * {
        background: var(--lab-surface-2);
        color: var(--sl-color-white);
        font-weight: 650;
      }
      .mark {
        display: inline-block;
        width: 1.4em;
        color: var(--lab-good);
      }
      .verdict {
        margin-bottom: 0.4rem;
      }
    `,
  ];

  async #run(): Promise<void> {
    this.#report = null;
    await this.work(async () => {
      const options = { seconds: kSeconds, threads: this.maxThreads };
      const report = await this.runTask<typeof task>('02-acceleration/blocking-tuner', options, (partial) => {
        this.#report = partial;
      });
      if (report.best !== null) engine.blocking = report.best;
      this.announcement = tuningVerdict(report);
    });
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.renderHead('Block sizes for this device')}
      ${this.renderRun({
        verb: this.#report === null ? 'Measure the block sizes' : 'Measure again',
        busy: 'racing block sizes…',
        run: () => this.#run(),
        note: `about ${kSeconds + 1} seconds`,
      })}
      ${this.renderProgress('Progress of the race of block sizes')} ${this.#renderResult()} ${this.#renderInUse()}
      ${this.renderError()}
    </div>`;
  }

  #renderInUse(): TemplateResult | typeof nothing {
    const [inUse, standard] = [engine.blocking, engine.running?.info.blocking ?? null];
    if (inUse === null || standard === null) return nothing;
    const isDefault = sameBlocking(inUse, standard);
    return html`<div class="section row">
      <span class="small in-use"
        >In use: <strong>${blockingLabel(inUse)}</strong>${
          isDefault ? ', the default.' : ', measured here; by every experiment on this page, until you leave it.'
        }</span
      >
      ${
        isDefault
          ? nothing
          : html`<button ?disabled=${engine.task !== null} @click=${() => (engine.blocking = standard)}>
              Back to the default
            </button>`
      }
    </div>`;
  }

  #renderResult(): TemplateResult | typeof nothing {
    const report = this.#report;
    const first = report?.lanes[0];
    if (report === null || first === undefined) return nothing;
    const threads = report.threads === 1 ? 'one thread' : `${report.threads} threads`;
    return html`<div class="section">
      ${report.done ? html`<p class="verdict">${tuningVerdict(report)}</p>` : nothing}
      <div class="scroll" tabindex="0" role="region" aria-label="Block sizes as a table">
        <table>
          <caption>
            <span>${sizeOf(first)}³ by the fastest rung, ${threads}; ✓ in use</span>
          </caption>
          <thead>
            <tr>
              <th scope="col">Depth × rows × columns</th>
              ${['GFLOP/s', '95 % interval', 'Against the default', 'Samples'].map((title) => html`<th scope="col">${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${report.lanes.map((lane) => this.#renderRow(lane, report))}
          </tbody>
        </table>
      </div>
    </div>`;
  }

  #renderRow(lane: Lane, report: TuneReport): TemplateResult {
    const blocking = parseBlocking(lane.name);
    const used = report.done && sameBlocking(blocking, engine.blocking);
    const { statistics } = lane;
    const rate = flopsPerSecond(lane);
    const gain = gainOf(lane, report.lanes);
    const at = (seconds: number) => threeDigits(lane.flops / seconds / 1e9);
    return html`<tr class=${used ? 'used' : ''}>
      <th scope="row">
        <span class="mark" title=${used ? 'in use' : ''}>${used ? '✓' : ''}</span
        >${blocking === null ? lane.name : blockingLabel(blocking)}
      </th>
      <td>${rate === null ? '–' : threeDigits(rate / 1e9)}</td>
      <td>
        ${statistics === null ? '–' : `${at(statistics.high)} … ${at(statistics.low)}${statistics.intervalIsRange ? ' (range)' : ''}`}
      </td>
      <td>${gain === null ? '–' : lane === report.lanes[0] ? 'default' : signedPercent(gain)}</td>
      <td>${statistics?.count ?? 0}</td>
    </tr>`;
  }
}

customElements.define('blocking-tuner', BlockingTuner);
