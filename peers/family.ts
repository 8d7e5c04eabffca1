// What makes a family of tasks: what is computed, how it is checked, who does it, and what the report says of it. Families run in the
// browser too, so nothing here imports anything of Node's.
import type { Check, FamilyName, Lane, OperandsOf, Peak, Prepared, Task, TaskOf, Values } from './types.ts';

/** A way of one library to do the tasks. */
export interface LaneRow {
  role: Lane['role'];
  row: string;
  /** What the table's head says after the library's name: by default the role where it is ours, nothing where it isn't. */
  note?: string;
  only?(task: Task): boolean;
}

/** A table of the report: the lanes of one set at one number of threads. */
export interface Table {
  title: string;
  set: string;
  threads: number;
  /** Ours ÷ the best peer, by task. */
  targets: Readonly<Record<string, number>>;
}

export interface Part {
  /** By library. */
  rows: Readonly<Record<string, readonly LaneRow[]>>;
  /** By library, how it does these tasks. */
  how: Readonly<Record<string, string>>;
  /** What a reader has to know before the tables. */
  note: string;
  tables: readonly Table[];
}

type Samples = number[];

/** What a limit draws from: samples of one task, in units of 1e9 a second. */
export interface Source {
  lane(id: string): Samples;
  peak(wanted: (peak: Peak) => boolean): Samples;
}

/** A target other than the ratio to the best peer. */
export interface Limit {
  /** The task's name. */
  shape: string;
  what: string;
  /** None: the figure is shown for itself. */
  target?: number;
  /** The share of a measured limit that ours reaches, or the ratio to the best peer that the limit allows; of which table. */
  kind?: 'share' | 'ceiling';
  set?: string;
  threads?: number;
  /** Left out where it wasn't measured. */
  optional?: boolean;
  samples(source: Source): Samples[];
  value(medians: readonly number[]): number;
}

/** A target that speaks of one peer instead of the best. */
export function against(
  peer: string,
  shape: string,
  target: number,
  { threads = 1, row = '-', label = peer } = {},
): Limit {
  return {
    shape,
    what: `ours ÷ ${label}, ${threads} thread${threads > 1 ? 's' : ''}`,
    target,
    samples: ({ lane }) => [lane(`ours/${threads}/fast`), lane(`${peer}/${threads}/${row}`)],
    value: ([ours = NaN, theirs = NaN]) => ours / theirs,
  };
}

export interface Family<F extends FamilyName = FamilyName> {
  name: F;
  title: string;
  /** What is computed and what the figures count, one paragraph. */
  what: string;
  /** How results are checked, one sentence. */
  checked: string;
  /** Of the figures: 1e9 operations a second. */
  unit: string;
  tasks: readonly TaskOf[F][];
  /** The name that the command line takes. */
  shortName(task: TaskOf[F]): string;
  /** Operations of a call. */
  work(task: TaskOf[F]): number;
  operands(task: TaskOf[F]): OperandsOf[F];
  /** `allowed`, `reference`: see Prepared. */
  check(
    task: TaskOf[F],
    operands: OperandsOf[F],
    output: Values,
    allowed?: number,
    reference?: Prepared['reference'],
  ): Check;
  web: Part;
  native: Part;
  /** In the browser. */
  limits: readonly Limit[];
  /** The tasks in whose rotation the device's own limits are measured. */
  probed: ReadonlySet<string>;
}

// The sets that peers are compared within. Natively: all within AVX2 and FMA, which most CPUs have; then each with whatever it can
// use. A session takes part in the families that have a table for its set.
export const kWebSet = 'browser';
export const kCappedSet = 'AVX2+FMA';
/** What oneDNN would do without the matrix unit (AMX), which it alone uses. */
export const kVnniSet = 'AVX-512+VNNI';
export const kFullSet = 'all instructions';

export const kPeerRow: readonly LaneRow[] = [{ role: 'peer', row: '-' }];
export const kFastAndExact: readonly LaneRow[] = [
  { role: 'fast', row: 'fast' },
  { role: 'exact', row: 'exact' },
];
/** Where all our rungs give the same numbers. */
export const kOneRow: readonly LaneRow[] = [{ role: 'fast', row: 'fast', note: '' }];

/** The browser's two tables. */
export function webTables(one: Table['targets'], two: Table['targets'] = {}): Table[] {
  return [
    { title: 'One thread', set: kWebSet, threads: 1, targets: one },
    { title: 'Two threads', set: kWebSet, threads: 2, targets: two },
  ];
}

export function nativeTables(targets: Table['targets']): Table[] {
  return [
    { title: 'AVX2 and FMA', set: kCappedSet, threads: 1, targets },
    { title: 'All instructions of this CPU', set: kFullSet, threads: 1, targets },
  ];
}

/** The same for integers, whose products a CPU may have a matrix unit for. */
export function integerTables(targets: Table['targets']): Table[] {
  const [capped, full] = nativeTables(targets) as [Table, Table];
  return [capped, { title: 'AVX-512 with VNNI, without AMX', set: kVnniSet, threads: 1, targets }, full];
}
