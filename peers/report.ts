// From the results, and nothing else, to docs/benchmarks.md.
import { kFamilies } from './families/index.ts';
import type { Family, Part, Table } from './family.ts';
import { figure, ratioText, speeds } from './figures.ts';
import { growthSummary } from './growth-summary.ts';
import { limitRows, limitsOf, limitValue } from './limits.ts';
import { kOthersAllowed } from './quiet.ts';
import { kEnough, kSpreadAllowed, ratioToBest, summarize, verdict } from './statistics.ts';
import type { FamilyResults, LaneResult, Results, Section, TaskResult } from './types.ts';
import { median } from '#lab/statistics.ts';

function cell(result: TaskResult, lane: LaneResult | undefined): string {
  if (!lane) return '–';
  if (lane.problem !== null) {
    const worst = lane.check && !lane.check.ok ? ` (${lane.check.worst.toPrecision(2)}× the allowed error)` : '';
    return `${lane.problem}${worst}`;
  }
  const values = speeds(result, lane);
  if (values.length === 0) return `no quiet repetition (0/${lane.repetitions.length})`;
  const { median: middle, low, high } = summarize(values);
  return `${figure(middle)} (${figure(low)}–${figure(high)}; ${values.length}/${lane.repetitions.length})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** Ours ÷ the best peer among those lanes: ratio, name of the best, target, verdict. */
function comparison(result: TaskResult, ours: LaneResult | undefined, peers: readonly LaneResult[], target?: number) {
  const none = ['–', '–', target === undefined ? '–' : `≥ ${target}`, '–'];
  if (!ours) return none;
  const mine = speeds(result, ours);
  const known = peers
    .map((lane) => ({ lane, values: speeds(result, lane) }))
    .filter(({ lane, values }) => lane.problem === null && values.length > 0)
    .sort((a, b) => median(b.values) - median(a.values));
  const best = known[0];
  if (mine.length === 0 || !best) return none;
  const ratio = ratioToBest(
    mine,
    known.map(({ values }) => values),
  );
  const decided = target === undefined ? '–' : verdict(ratio, target, [summarize(mine), summarize(best.values)]);
  return [ratioText(ratio), best.lane.label, none[2]!, decided];
}

function laneTable(section: Section, { threads, set, targets }: Table): string {
  const belongs = (lane: LaneResult) => lane.threads === threads && lane.set === set;
  const labels = [...new Set(section.tasks.flatMap(({ lanes }) => lanes.filter(belongs).map(({ label }) => label)))];
  const head = ['task', ...labels, 'ours ÷ best peer', 'best peer', 'target', 'verdict'];
  const rows = section.tasks.map((result) => {
    const lanes = result.lanes.filter(belongs);
    const ours = lanes.find(({ role }) => role === 'fast');
    const peers = lanes.filter(({ role }) => role === 'peer');
    const target = targets[result.task.name];
    const cells = labels.map((label) =>
      cell(
        result,
        lanes.find((lane) => lane.label === label),
      ),
    );
    return [result.task.name, ...cells, ...comparison(result, ours, peers, target)];
  });
  return table(head, rows);
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function provenance({ date, machine, versions, settings, method, notes }: Section): string {
  const { cpu, cores, memoryGiB, instructionSets, os } = machine;
  const lines = [
    `Date: ${date} UTC`,
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${instructionSets.join(' ')}; ${os}`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join('; ')}`,
    `Repetitions: ${method.wanted} quiet ones wanted, ≥ ${1000 * method.repetitionSeconds} ms each, after ≥ ${method.warmSeconds} s of warm-up`,
    ...Object.entries(settings).map(([name, details]) => `${name}: ${details}`),
    ...notes,
  ];
  const warning = method.quick ? '**A quick run, to try the tool: these are no figures to quote.**\n\n' : '';
  return warning + list(lines);
}

function limits(family: Family, part: 'web' | 'native', section: Section): string {
  const rows = limitRows(limitsOf(family, part), section.tasks);
  return rows.length === 0
    ? ''
    : `\n#### Against single peers, ourselves and this device’s own limits\n\nMeasured in the same rotation, the device’s limits by the library’s probe.\n\n${table(['task', 'what', 'value', 'target', 'verdict'], rows)}\n`;
}

/** The limits themselves, over all rounds of all shapes. */
function peaks({ tasks }: Section): string {
  const byName = new Map<string, number[]>();
  for (const { kind, name, fused, threads, value } of tasks.flatMap((task) => task.peaks.flat())) {
    const whats = {
      compute: `${name}, ${fused ? 'fused' : 'mul + add'}, GFLOP/s`,
      integer: `${name}, GOP/s`,
      memory: `read ${name}, GB/s`,
    };
    const what = whats[kind];
    const key = `${what} | ${threads}`;
    byName.set(key, [...(byName.get(key) ?? []), 1e-9 * value]);
  }
  if (byName.size === 0) return '';
  const rows = [...byName].map(([key, values]) => {
    const { median: middle, low, high } = summarize(values);
    return [...key.split(' | '), `${figure(middle)} (${figure(low)}–${figure(high)})`, String(values.length)];
  });
  return `\n${table(['limit', 'threads', 'median (interval)', 'rounds'], rows)}\n`;
}

/** Which targets were met, and of each that was missed how far it is from the machine's own limit. */
function targets(family: Family, name: 'web' | 'native', section: Section): string {
  const decided = family[name].tables.flatMap((block) =>
    section.tasks.flatMap((result) => {
      const target = block.targets[result.task.name];
      if (target === undefined) return [];
      const lanes = result.lanes.filter(({ threads, set }) => threads === block.threads && set === block.set);
      const ours = lanes.find(({ role }) => role === 'fast');
      const [ratio = '', , , outcome = ''] = comparison(
        result,
        ours,
        lanes.filter(({ role }) => role === 'peer'),
        target,
      );
      return [{ task: result.task.name, block, target, ratio: ratio.match(/[\d.]+/)?.[0] ?? '', outcome }];
    }),
  );
  const measured = decided.filter(({ outcome }) => outcome !== '–');
  if (measured.length === 0) return '';
  const reason = (shape: string, { set, threads }: Table) => {
    const value = (wanted: 'share' | 'ceiling') => {
      const of = limitsOf(family, name).find((limit) => {
        return limit.kind === wanted && limit.shape === shape && limit.set === set && (limit.threads ?? 1) === threads;
      });
      return of && limitValue(of, section.tasks)?.ratio.value;
    };
    const [share, ceiling] = [value('share'), value('ceiling')];
    const parts = [
      share === undefined ? '' : `ours is at ${Math.round(100 * share)} % of the device’s own limit`,
      ceiling === undefined ? '' : `no kernel within that limit could exceed ${ceiling.toFixed(2)}`,
    ];
    return parts.filter(Boolean).join(', and ');
  };
  const lines = measured
    .filter(({ outcome }) => outcome !== 'met')
    .map(({ task, block, target, ratio, outcome }) => {
      const why = reason(task, block);
      return `- ${task} (${block.title}): ${ratio} of ${target}, ${outcome}${why === '' ? '' : `: ${why}`}.`;
    });
  const met = measured.filter(({ outcome }) => outcome === 'met').length;
  const head = `${met} of ${measured.length} ratios to the best peer are at their targets or above${lines.length > 0 ? '; the others:' : '.'}`;
  return `\n${[head, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n')}\n`;
}

function part(title: string, { note, tables }: Part, section: Section): string {
  const shown = tables.filter(({ set, threads }) =>
    section.tasks.some(({ lanes }) => lanes.some((lane) => lane.set === set && lane.threads === threads)),
  );
  const blocks = shown.map((block) => `#### ${block.title}\n\n${laneTable(section, block)}\n`);
  return `### ${title}\n\n${provenance(section)}\n\n${note}\n\n${blocks.join('\n')}`;
}

function chapter(family: Family, { web, native }: FamilyResults): string {
  const head = `## ${family.title}\n\n${family.what} ${family.checked}\n`;
  const whole = (name: 'web' | 'native', title: string, section: Section) =>
    part(title, family[name], section) +
    targets(family, name, section) +
    (family.name === 'caching' ? growthSummary(section) : '') +
    limits(family, name, section) +
    peaks(section);
  return [head, web && whole('web', 'In the browser', web), native && whole('native', 'Native, one thread', native)]
    .filter(Boolean)
    .join('\n');
}

function method(): string {
  return `# Benchmarks

OptLab and other libraries, kernel family by kernel family, each measured when its own section says. Written by \`tools/bench-peers\`; every
repetition is in [benchmarks.json](benchmarks.json).

## Method

- Every library at every number of threads runs in a process of its own; in the browser, in a page (and worker) of its own in a Chromium of
  its own, cross-origin isolated.
- A repetition is the mean of calls that fill the time below. For each task the libraries take turns, repetition by repetition, the order
  shifting by one each round, so that whatever the machine does meets all of them.
- Before a repetition the tool waits for a quiet moment. A repetition counts as quiet if other processes took at most ${kOthersAllowed} cores
  meanwhile (\`/proc/stat\`, less the CPU time of the library's own processes in \`schedstat\`, one tick of 10 ms forgiven). Others are
  dropped.
- A cell is \`median (interval; quiet/all)\`: of the quiet repetitions the median and its 95 % interval by order statistics (minimum and
  maximum below 6), their number, and how many were taken in all.
- A ratio is ours ÷ the best peer of the same table, medians, with a 95 % interval by the bootstrap in which each resample chooses its own
  best peer.
- No verdict where a side has fewer than ${kEnough} quiet repetitions, or where its interval is wider than ${100 * kSpreadAllowed} % of its
  median and some pair of values from the two intervals is on the other side of the target.
- Every library's result is checked, as each family says. One that computes something else has no figure and is no peer.
- Models are written by the tool's own encoders, with weights from a seeded generator.
`;
}

export function markdown({ families }: Results): string {
  const chapters = kFamilies.map((family) => {
    const found = families[family.name];
    return found && (found.web || found.native) ? chapter(family, found) : '';
  });
  return [method(), ...chapters].filter(Boolean).join('\n');
}
