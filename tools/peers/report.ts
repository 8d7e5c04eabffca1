// From the results, and nothing else, to docs/benchmarks.md.
import { kNativeTargets, kWebTargets } from './families/gemm-f32.ts';
import { kCappedSet, kFullSet, kWebSet } from './lanes.ts';
import { ratioText, speeds } from './figures.ts';
import { limitRows } from './limits.ts';
import { kOthersAllowed } from './quiet.ts';
import { kEnough, kSpreadAllowed, median, ratioToBest, summarize, verdict } from './statistics.ts';
import type { LaneResult, Results, Section, TaskResult } from './types.ts';

/** JSON with a line for each repetition and each peak, so that two runs can be compared line by line. */
export function encodeResults(results: Results): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  const text = JSON.stringify(results, rounded, 1);
  const flat = text.replace(/\{[^{}[\]]*\}/g, (leaf) => leaf.replace(/\n\s*/g, ' '));
  return `${flat}\n`;
}

function figure(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
}

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

interface Block {
  threads: number;
  set: string;
  targets: Readonly<Record<string, number>>;
}

function blockTable(section: Section, { threads, set, targets }: Block): string {
  const belongs = (lane: LaneResult) => lane.threads === threads && lane.set === set;
  const labels = [...new Set(section.tasks.flatMap(({ lanes }) => lanes.filter(belongs).map(({ label }) => label)))];
  const head = ['shape', ...labels, 'fast ÷ best peer', 'best peer', 'target', 'verdict'];
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

function limits(section: Section): string {
  const rows = limitRows(section.tasks);
  return rows.length === 0
    ? ''
    : `\n### Against this device’s own limits\n\nMeasured by the library’s probe in the same rotation.\n\n${table(['shape', 'what', 'value', 'target', 'verdict'], rows)}\n`;
}

/** The limits themselves, over all rounds of all shapes. */
function peaks({ tasks }: Section): string {
  const byName = new Map<string, number[]>();
  for (const { kind, name, fused, threads, value } of tasks.flatMap((task) => task.peaks.flat())) {
    const what = kind === 'compute' ? `${name}, ${fused ? 'fused' : 'mul + add'}, GFLOP/s` : `read ${name}, GB/s`;
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

function webPart(section: Section): string {
  const common = { set: kWebSet };
  const one: Block = { ...common, threads: 1, targets: kWebTargets };
  const two: Block = { ...common, threads: 2, targets: {} };
  return `## In the browser

${provenance(section)}

All four hold B as a constant, packed before the clock starts. onnxruntime-web copies A in and C out in every call and TensorFlow.js copies C out, because their interfaces have no other way; LiteRT.js and OptLab leave C in
WebAssembly memory, where JavaScript can read it.

### One thread

${blockTable(section, one)}

### Two threads

${blockTable(section, two)}
${limits(section)}${peaks(section)}`;
}

function nativePart(section: Section): string {
  const like: Block = {
    threads: 1,
    set: kCappedSet,
    targets: kNativeTargets,
  };
  const full: Block = { ...like, set: kFullSet };
  return `## Native, one thread

${provenance(section)}

The first table holds all libraries to AVX2 and FMA, the second lets each use what it can of this CPU. Weights packed beforehand are shown
for the two libraries that can, but don't count for the ratio: in the others' interfaces B is an operand like A.

### AVX2 and FMA

${blockTable(section, like)}

### All instructions of this CPU

${blockTable(section, full)}
`;
}

function method(): string {
  return `# Benchmarks

f32 matrix products, C[M,N] = A[M,K]·B[K,N], GFLOP/s (a multiply-add counts as two), OptLab and other libraries. Written by
\`tools/bench-peers\`; every repetition is in [benchmarks.json](benchmarks.json).

## Method

- Every library at every number of threads runs in a process of its own; in the browser, in a page (and worker) of its own in a Chromium of
  its own, cross-origin isolated.
- A repetition is the mean of calls that fill the time below. For each shape the libraries take turns, repetition by repetition, the order
  shifting by one each round, so that whatever the machine does meets all of them.
- Before a repetition the tool waits for a quiet moment. A repetition counts as quiet if other processes took at most ${kOthersAllowed} cores
  meanwhile (\`/proc/stat\`, less the CPU time of the library's own processes in \`schedstat\`, one tick of 10 ms forgiven). Others are
  dropped.
- A cell is \`median (interval; quiet/all)\`: of the quiet repetitions the median and its 95 % interval by order statistics (minimum and
  maximum below 6), their number, and how many were taken in all.
- A ratio is ours ÷ the best peer of the same table, medians, with a 95 % interval by the bootstrap in which each resample chooses its own
  best peer.
- No verdict where either side's interval is wider than ${100 * kSpreadAllowed} % of its median, or has fewer than ${kEnough} quiet
  repetitions.
- Every library's result is compared with sums in float64: |error| ≤ 2·K·ε·Σ|ab| in every element, or its cell says so and it is no peer.
- Models are written by the tool's own encoders, with weights from a seeded generator.
`;
}

export function markdown({ web, native }: Results): string {
  return [method(), web && webPart(web), native && nativePart(native)].filter(Boolean).join('\n');
}
