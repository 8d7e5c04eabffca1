// Who takes part: the libraries and their numbers of threads, each in a session of its own, and the rows that they fill in a family.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kChromiumFlags } from '../tools/lib/browser.ts';
import { type Family, kCappedSet, kFullSet, kVnniSet, kWebSet, type LaneRow } from './family.ts';
import { kNativeBuild } from './install.ts';
import { openNativeSession } from './native-session.ts';
import type { Entry } from './rotation.ts';
import type { Session, Task } from './types.ts';
import { openWebSession } from './web-session.ts';

interface Member {
  library: string;
  label: string;
  threads: number;
  set: string;
  /** The start of its lanes' ids. */
  id: string;
  /** In the settings. */
  name: string;
  details: string;
  session: Session;
}

export interface Field {
  members: Member[];
  /** What all have in common. */
  settings: Record<string, string>;
  /** What can't take part, and why. */
  notes: string[];
  probe?: Session;
  browser?: string;
  close(): Promise<void>;
}

function emptyField(): Field {
  const members: Member[] = [];
  const close = async () => void (await Promise.allSettled(members.map(({ session }) => session.close())));
  return { members, settings: {}, notes: [], close };
}

const kWebLibraries = [
  { library: 'ours', label: 'OptLab' },
  { library: 'litert', label: 'LiteRT.js' },
  { library: 'ort', label: 'onnxruntime-web' },
  // Asked for two threads it says that it uses one (setThreadsCount has no effect), and then gets no row.
  { library: 'tfjs', label: 'TensorFlow.js' },
  { library: 'wllama', label: 'wllama' },
] as const;

/**
 * Opens a browser for every library that the families want, at every number of threads. One that doesn't start is noted and left out; ours
 * must start.
 */
export async function openWebField(url: string, families: readonly Family[]): Promise<Field> {
  const field = emptyField();
  field.settings['Chromium'] = `headless, ${kChromiumFlags.join(' ')}`;
  const wanted = kWebLibraries.filter(({ library }) => families.some(({ web }) => web.rows[library]));
  for (const { library, label } of wanted) {
    for (const threads of [1, 2]) {
      const name = `${label}, ${threads} thread${threads > 1 ? 's' : ''}`;
      try {
        const session = await openWebSession({ url, library, threads });
        const id = `${library}/${threads}`;
        field.browser = session.browser;
        if (session.loaded.threads !== threads) {
          field.notes.push(`${name}: it says that it uses ${session.loaded.threads}, so it has no row.`);
          await session.close();
          continue;
        }
        const { details } = session.loaded;
        field.members.push({ library, label, threads, set: kWebSet, id, name, details, session });
        if (library === 'ours') field.probe = session; // the last one, whose pool has every number of threads
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
  library: string;
  program: string;
  label: string;
  set: string;
  env?: Record<string, string>;
}

const kNativePrograms: readonly NativeProgram[] = [
  { library: 'ours', program: 'peer_ours', label: 'OptLab', set: kCappedSet, env: { OPTLAB_ISA: 'avx2' } },
  {
    library: 'openblas',
    program: 'peer_openblas',
    label: 'OpenBLAS',
    set: kCappedSet,
    env: { OPENBLAS_CORETYPE: 'Haswell' },
  },
  {
    library: 'onednn',
    program: 'peer_onednn',
    label: 'oneDNN',
    set: kCappedSet,
    env: { ONEDNN_MAX_CPU_ISA: 'AVX2', DNNL_MAX_CPU_ISA: 'AVX2' },
  },
  { library: 'eigen', program: 'peer_eigen_avx2', label: 'Eigen', set: kCappedSet },
  { library: 'ours', program: 'peer_ours', label: 'OptLab', set: kVnniSet },
  {
    library: 'onednn',
    program: 'peer_onednn',
    label: 'oneDNN',
    set: kVnniSet,
    env: { ONEDNN_MAX_CPU_ISA: 'AVX512_CORE_VNNI', DNNL_MAX_CPU_ISA: 'AVX512_CORE_VNNI' },
  },
  { library: 'ours', program: 'peer_ours', label: 'OptLab', set: kFullSet },
  { library: 'openblas', program: 'peer_openblas', label: 'OpenBLAS', set: kFullSet },
  { library: 'onednn', program: 'peer_onednn', label: 'oneDNN', set: kFullSet },
  { library: 'eigen', program: 'peer_eigen_native', label: 'Eigen', set: kFullSet },
  {
    library: 'libtorch',
    program: 'peer_libtorch',
    label: 'libtorch',
    set: kCappedSet,
    env: {
      ATEN_CPU_CAPABILITY: 'avx2',
      OPENBLAS_CORETYPE: 'Haswell',
      ONEDNN_MAX_CPU_ISA: 'AVX2',
      DNNL_MAX_CPU_ISA: 'AVX2',
    },
  },
  { library: 'libtorch', program: 'peer_libtorch', label: 'libtorch', set: kFullSet },
];

/** Whether a family has rows for a library and a table for its set. */
function wants(family: Family, part: PartName, { library, set }: Pick<Member, 'library' | 'set'>): boolean {
  const { rows, tables } = family[part];
  return rows[library] !== undefined && tables.some((table) => table.set === set);
}

export async function openNativeField(families: readonly Family[]): Promise<Field> {
  const field = emptyField();
  const wanted = kNativePrograms.filter((program) => families.some((family) => wants(family, 'native', program)));
  try {
    for (const { library, program, label, set, env = {} } of wanted) {
      if (!existsSync(join(kNativeBuild, program))) {
        field.notes.push(`${label}, ${set}: is not installed, so it has no row.`);
        continue;
      }
      const session = await openNativeSession(join(kNativeBuild, program), env);
      const given = Object.entries(env).map(([key, value]) => ` (${key}=${value})`);
      const details = session.loaded.details + (given[0] ?? '');
      const id = `${program}/${set}`;
      field.members.push({ library, label, threads: 1, set, id, name: `${label}, ${set}`, details, session });
      if (library === 'ours') field.probe = session; // the last one, which may use all instructions
    }
  } catch (error) {
    await field.close();
    throw error;
  }
  return field;
}

export type PartName = 'web' | 'native';

function labelOf(label: string, { role, note = role === 'fast' || role === 'exact' ? role : '' }: LaneRow): string {
  if (note === '') return label;
  return note === role ? `${label} ${note}` : `${label}, ${note}`;
}

/** The rows of a task: of each library those that its family gives it. */
export function entriesOf(field: Field, family: Family, part: PartName, task: Task): Entry[] {
  const members = field.members.filter((member) => wants(family, part, member));
  return members.flatMap(({ library, label, threads, set, id, session }) => {
    const rows = (family[part].rows[library] ?? []).filter((row) => row.only?.(task) ?? true);
    return rows.map((row) => ({
      lane: { id: `${id}/${row.row}`, label: labelOf(label, row), threads, role: row.role, set, row: row.row },
      session,
    }));
  });
}

/** What took part in a family, library by library. */
export function settingsOf(field: Field, family: Family, part: PartName): Record<string, string> {
  const { how } = family[part];
  const members = field.members.filter((member) => wants(family, part, member));
  const own = members.map(({ library, name, details }) => [name, [details, how[library]].filter(Boolean).join('; ')]);
  return { ...field.settings, ...Object.fromEntries(own) };
}

/** The notes on those that the family wants. */
export function notesOf(field: Field, family: Family, part: PartName): string[] {
  const all = part === 'web' ? kWebLibraries : kNativePrograms;
  const labels = all.filter(({ library }) => family[part].rows[library]).map(({ label }) => label);
  return field.notes.filter((note) => labels.some((label) => note.startsWith(label)));
}
