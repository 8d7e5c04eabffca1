// Who takes part: the libraries, their numbers of threads, and the rows that each fills.
import { join } from 'node:path';
import { kNativeBuild } from './install.ts';
import { openNativeSession } from './native-session.ts';
import type { Entry } from './rotation.ts';
import type { Lane, Session, Task } from './types.ts';
import { kChromiumFlags } from '../lib/browser.ts';
import { openWebSession } from './web-session.ts';

export const kWebSet = 'browser';

interface WebLibrary {
  library: string;
  label: string;
  threads: readonly number[];
  rows: readonly Pick<Lane, 'role' | 'row'>[];
}

const kPeerRow = [{ role: 'peer', row: '-' }] as const;
const kWebLibraries: readonly WebLibrary[] = [
  {
    library: 'ours',
    label: 'OptLab',
    threads: [1, 2],
    rows: [
      { role: 'fast', row: 'fast' },
      { role: 'exact', row: 'exact' },
    ],
  },
  { library: 'litert', label: 'LiteRT.js', threads: [1, 2], rows: kPeerRow },
  { library: 'ort', label: 'onnxruntime-web', threads: [1, 2], rows: kPeerRow },
  // Asked for two threads it says that it uses one (setThreadsCount has no effect), and then gets no row.
  { library: 'tfjs', label: 'TensorFlow.js', threads: [1, 2], rows: kPeerRow },
];

export interface Field {
  entries: Entry[];
  /** Session by session what it says of itself. */
  settings: Record<string, string>;
  /** What can't take part, and why. */
  notes: string[];
  probe?: Session;
  browser?: string;
  close(): Promise<void>;
}

function labelOf(label: string, role: Lane['role']): string {
  return role === 'fast' || role === 'exact' ? `${label} ${role}` : label;
}

/** Opens a browser for every library and number of threads. One that doesn't start is noted and left out; ours must start. */
export async function openWebField(url: string): Promise<Field> {
  const field: Field = { entries: [], settings: {}, notes: [], close: async () => {} };
  const sessions: Session[] = [];
  field.close = async () => void (await Promise.allSettled(sessions.map((session) => session.close())));
  field.settings['Chromium'] = `headless, ${kChromiumFlags.join(' ')}`;
  for (const { library, label, threads: counts, rows } of kWebLibraries) {
    for (const threads of counts) {
      const name = `${label}, ${threads} thread${threads > 1 ? 's' : ''}`;
      try {
        const session = await openWebSession({ url, library, threads });
        sessions.push(session);
        field.browser = session.browser;
        if (session.loaded.threads !== threads) {
          field.notes.push(`${name}: it says that it uses ${session.loaded.threads}, so it has no row.`);
          continue;
        }
        field.settings[name] = session.loaded.details;
        if (library === 'ours') field.probe = session; // the last one, whose pool has every number of threads
        for (const { role, row } of rows) {
          const lane = { id: `${library}/${threads}/${row}`, label: labelOf(label, role), threads, role, row };
          field.entries.push({ lane: { ...lane, set: kWebSet }, session });
        }
      } catch (error) {
        if (library === 'ours') {
          await field.close();
          throw error;
        }
        field.notes.push(`${name}: did not start (${error instanceof Error ? error.message : String(error)}).`);
      }
    }
  }
  return field;
}

interface NativeProgram {
  program: string;
  label: string;
  set: string;
  env?: Record<string, string>;
  rows: readonly (Pick<Lane, 'role' | 'row'> & { note?: string; only?: (task: Task) => boolean })[];
}

/** All within AVX2 and FMA, which most CPUs have; then each with whatever it can use of this one. */
export const kCappedSet = 'AVX2+FMA';
export const kFullSet = 'all instructions';

const isVector = ({ m }: Task) => m === 1;
const kBlasRows: NativeProgram['rows'] = [
  { role: 'peer', row: 'sgemm', only: (task) => !isVector(task) },
  { role: 'peer', row: 'sgemv', only: isVector },
];
const kOneDnnRows: NativeProgram['rows'] = [
  { role: 'peer', row: 'plain' },
  { role: 'extra', row: 'packed', note: 'weights packed beforehand' },
];
const kOurRows: NativeProgram['rows'] = [
  { role: 'fast', row: 'fast' },
  { role: 'exact', row: 'exact' },
  { role: 'extra', row: 'fast_prepacked', note: 'fast, weights packed beforehand' },
];
const kNativePrograms: readonly NativeProgram[] = [
  { program: 'peer_ours', label: 'OptLab', set: kCappedSet, env: { OPTLAB_ISA: 'avx2' }, rows: kOurRows },
  {
    program: 'peer_openblas',
    label: 'OpenBLAS',
    set: kCappedSet,
    env: { OPENBLAS_CORETYPE: 'Haswell' },
    rows: kBlasRows,
  },
  {
    program: 'peer_onednn',
    label: 'oneDNN',
    set: kCappedSet,
    env: { ONEDNN_MAX_CPU_ISA: 'AVX2', DNNL_MAX_CPU_ISA: 'AVX2' },
    rows: kOneDnnRows,
  },
  { program: 'peer_eigen_avx2', label: 'Eigen', set: kCappedSet, rows: kPeerRow },
  { program: 'peer_ours', label: 'OptLab', set: kFullSet, rows: kOurRows },
  { program: 'peer_openblas', label: 'OpenBLAS', set: kFullSet, rows: kBlasRows },
  { program: 'peer_onednn', label: 'oneDNN', set: kFullSet, rows: kOneDnnRows },
  { program: 'peer_eigen_native', label: 'Eigen', set: kFullSet, rows: kPeerRow },
];

/** Which rows a task has: a vector goes through other calls than a matrix. */
export function takesPart(task: Task, lane: Lane): boolean {
  for (const { rows } of kNativePrograms) {
    const row = rows.find((candidate) => candidate.row === lane.row);
    if (row?.only) return row.only(task);
  }
  return true;
}

export async function openNativeField(): Promise<Field> {
  const field: Field = { entries: [], settings: {}, notes: [], close: async () => {} };
  const sessions: Session[] = [];
  field.close = async () => void (await Promise.allSettled(sessions.map((session) => session.close())));
  try {
    for (const { program, label, set, env = {}, rows } of kNativePrograms) {
      const session = await openNativeSession(join(kNativeBuild, program), env);
      sessions.push(session);
      const given = Object.entries(env).map(([key, value]) => ` (${key}=${value})`);
      field.settings[`${label}, ${set}`] = session.loaded.details + (given[0] ?? '');
      for (const { role, row, note } of rows) {
        const shown = note ? `${label}, ${note}` : labelOf(label, role);
        const lane: Lane = { id: `${program}/${set}/${row}`, label: shown, threads: 1, role, set, row };
        field.entries.push({ lane, session });
      }
    }
  } catch (error) {
    await field.close();
    throw error;
  }
  return field;
}
