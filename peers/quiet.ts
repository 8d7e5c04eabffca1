// How much of the machine other processes take: Linux's own books, read around a repetition.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The unit of /proc/stat. */
const kTickSeconds = 0.01;
/** Others may take this many cores. */
export const kOthersAllowed = 0.1;
const kLookSeconds = 0.1;

export interface Books {
  seconds: number;
  /** CPU seconds of the whole machine, stolen ones included. */
  busy: number;
  /** CPU seconds of the processes under test. */
  own: number;
  /**
   * Seconds in which their threads were ready to run and had no core. Written down, but no reason to drop a repetition: a library whose
   * two threads land on one core while the other is idle waits for itself.
   */
  waited: number;
}

/** Busy seconds from the text of /proc/stat: user, nice, system, irq, softirq, steal (guest is in user already). */
export function busySeconds(stat: string): number {
  const fields = stat.split('\n', 1)[0]!.trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) * kTickSeconds;
}

/** Parents from the text of /proc/<pid>/stat; the name in parentheses may hold anything. */
export function parentOf(stat: string): number {
  return Number(
    stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .at(1),
  );
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process has ended
  }
}

/** A process and all that descend from it. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) continue;
    const parent = parentOf(stat);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`);
  } catch {
    return [];
  }
}

/** Reads the books. `schedstat` counts nanoseconds, where /proc/stat counts hundredths of a second. */
export function readBooks(pids: readonly number[]): Books {
  let own = 0;
  let waited = 0;
  for (const path of pids.flatMap(threadsOf)) {
    const [ran = 0, queued = 0] = (read(path) ?? '').split(' ').map(Number);
    own += ran * 1e-9;
    waited += queued * 1e-9;
  }
  return { seconds: performance.now() / 1000, busy: busySeconds(readFileSync('/proc/stat', 'utf8')), own, waited };
}

export interface Disturbance {
  others: number;
  waited: number;
  quiet: boolean;
}

/** What happened between two readings. One tick is forgiven, as /proc/stat knows no less. */
export function judge(before: Books, after: Books): Disturbance {
  const seconds = after.seconds - before.seconds;
  const seen = after.busy - before.busy - (after.own - before.own);
  const others = Math.max(0, seen) / seconds;
  const waited = Math.max(0, after.waited - before.waited) / seconds;
  return { others, waited, quiet: seen <= kOthersAllowed * seconds + kTickSeconds };
}

/** Waits until others leave the machine alone for a moment, or until the patience is over; returns whether it got quiet. */
export async function quietMoment(patienceSeconds: number): Promise<boolean> {
  const own = [process.pid];
  const deadline = performance.now() + 1000 * patienceSeconds;
  do {
    const before = readBooks(own);
    await sleep(1000 * kLookSeconds);
    if (judge(before, readBooks(own)).quiet) return true;
  } while (performance.now() < deadline);
  return false;
}
