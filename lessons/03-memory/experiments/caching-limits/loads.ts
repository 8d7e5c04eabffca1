import { html, nothing, type TemplateResult } from 'lit';
import { kPays, kShortPrompts, loadFigures, paysFrom } from './limits.ts';
import type { LoadReport } from './loads.task.ts';
import { renderSign, renderXyPlot } from '#kit/xy-plot.ts';
import { cell, renderTable } from '#kit/table.ts';
import { byteSize, duration, threeDigits, times } from '#lab/text.ts';

/** Short texts after short prompts, and long prompts with few new tokens. */

export function renderShort(report: LoadReport, width: number): TemplateResult {
  const series = kShortPrompts.map((prompt) => ({
    name: `prompt of ${prompt}`,
    points: report.rows.flatMap((row) => {
      const figures = row.prompt === prompt ? loadFigures(row) : null;
      return figures === null ? [] : [{ x: row.count, y: figures.speedUp, low: figures.low, high: figures.high }];
    }),
  }));
  const largest = report.rows.at(-1)!;
  const used = largest.bytesInUse / report.footprint.total;
  return html`<figure>
      <figcaption>
        <strong>Speed-up by the cache</strong> over new tokens, after a prompt of
        ${kShortPrompts.map((prompt, i) => html`${i > 0 ? ', ' : ''}${renderSign(i)} ${prompt}`)} tokens. 1× is no gain.
        Strokes reach from the fastest against the other way’s slowest to the reverse; where one leaves the chart, the
        table has it.
      </figcaption>
      ${renderXyPlot({
        series,
        xTitle: 'new tokens',
        yTitle: 'times as fast',
        xText: (value) => `${value}`,
        yText: (value) => `${value}×`,
        log: false,
        width,
        label:
          'Speed-up by the cache over the number of new tokens, for three prompts. The table below has the figures.',
      })}
    </figure>
    ${
      report.done && !report.stopped
        ? html`<ul class="small findings">
              ${kShortPrompts.map((prompt) => {
                const from = paysFrom(report.rows, prompt);
                return html`<li>
                  Prompt of ${prompt}:
                  ${
                    from === null
                      ? html`the cache gained less than ${kPays}× even with 16 new tokens.`
                      : html`the cache pays from <strong>${from}</strong> new tokens on (at least ${kPays}×).`
                  }
                </li>`;
              })}
            </ul>
            <p class="small">
              One new token is the same work in both ways. And the memory is taken at once: the cache has
              ${byteSize(report.footprint.total)} for ${report.positions} positions, of which a prompt of
              ${largest.prompt} and ${largest.count} new tokens use ${byteSize(largest.bytesInUse)},
              <strong>${threeDigits(100 * used)} %</strong>.
            </p>`
        : nothing
    }
    ${renderLoadTable(report, false)}`;
}

function renderLoadTable({ rows, done }: LoadReport, open: boolean): TemplateResult | typeof nothing {
  if (!done) return nothing;
  const table = renderTable({
    label: 'Times of the generations',
    caption:
      'The fastest of five repetitions; the range of the speed-up is the fastest against the slowest of the other way',
    columns: ['Prompt + new', 'prompt', 'other tokens', 'prompt’s share', 'without cache', 'speed-up', 'range'],
    rows: rows.map((row) => {
      const figures = loadFigures(row);
      const name = `${row.prompt} + ${row.count}`;
      if (figures === null) return [name, cell('not measured', { columns: 6 })];
      return [
        name,
        duration(figures.prefill),
        row.count === 1 ? '–' : duration(figures.decode),
        `${threeDigits(100 * figures.prefillShare)} %`,
        duration(figures.uncached),
        html`<strong>${figures.speedUp.toFixed(2)}×</strong>`,
        `${figures.low.toFixed(2)} – ${figures.high.toFixed(2)}`,
      ];
    }),
  });
  return open
    ? table
    : html`<details>
        <summary>All figures as a table</summary>
        ${table}
      </details>`;
}

/** Bars: what part of the time is the prompt's. */
export function renderPrefill(report: LoadReport): TemplateResult {
  const known = report.rows.flatMap((row) => {
    const figures = loadFigures(row);
    return figures === null ? [] : [{ ...row, figures }];
  });
  const longest = Math.max(...known.map(({ figures }) => figures.cached));
  const last = known.at(-1);
  return html`<figure>
      <figcaption>
        <strong>Time with the cache</strong>: <span class="key prompt"></span> the prompt,
        <span class="key new"></span> the new tokens after the first.
      </figcaption>
      <div class="bars">
        ${known.map(
          ({ prompt, count, figures }) =>
            html`<span class="name">${prompt} + ${count}</span>
              <span class="bar" style="--length:${figures.cached / longest}">
                <span class="prompt" style="flex-grow:${figures.prefillShare}"></span>
                ${count === 1 ? nothing : html`<span class="new" style="flex-grow:${1 - figures.prefillShare}"></span>`}
              </span>
              <span class="figure">${threeDigits(100 * figures.prefillShare)} % of ${duration(figures.cached)}</span>`,
        )}
      </div>
    </figure>
    ${last === undefined || !report.done ? nothing : renderReuse(last)} ${renderLoadTable(report, true)}`;
}

function renderReuse({ prompt, figures }: { prompt: number; figures: NonNullable<ReturnType<typeof loadFigures>> }) {
  return html`<p class="small">
    What helps a long prompt is to have seen it: asked once more, all but its last token are found in the cache, and the
    first new token comes after <strong>${duration(figures.again)}</strong> instead of ${duration(figures.prefill)}
    (${times(figures.prefill / figures.again)} as fast, ${prompt} tokens).
  </p>`;
}
