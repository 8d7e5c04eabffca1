// Runs one library in this worker as the orchestrator asks: load, prepare (with the check of the result), warm up, repeat.
import { familyOf } from '../families/index.ts';
import type { Check, Loaded, OperandsOf, Peak, Prepared, Task, Timing, WebPeer } from '../types.ts';

const kPeers: Readonly<Record<string, () => Promise<{ peer: WebPeer }>>> = {
  litert: () => import('./litert.ts'),
  ort: () => import('./ort.ts'),
  ours: () => import('./ours.ts'),
  tfjs: () => import('./tfjs.ts'),
  wllama: () => import('./wllama.ts'),
};
/** Brings caches and clock back after the turns of the other libraries; not timed. A call that is much longer hardly notices. */
const kPrerollSeconds = 0.02;
const kLongCallSeconds = 5 * kPrerollSeconds;
/** Warm-up ends when three windows in a row differ by less than this from their mean, or at three times its length. */
const kSettled = 0.03;

let peer: WebPeer | undefined;
/** What is ready to run, by row. */
const ready = new Map<string, { prepared: Prepared; secondsPerCall: number }>();

function loaded(): WebPeer {
  if (!peer) throw new Error('no library is loaded');
  return peer;
}

function find(row: string) {
  const found = ready.get(row);
  if (!found) throw new Error(`nothing is prepared for '${row}'`);
  return found;
}

async function runFor({ run }: Prepared, seconds: number, batch = 1): Promise<Timing> {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    for (let i = 0; i < batch; i++) {
      const pending = run();
      if (pending) await pending;
    }
    calls += batch;
    elapsed = (performance.now() - start) / 1000;
  } while (elapsed < seconds);
  return { calls, seconds: elapsed };
}

/** A family's own way with its own tasks; the compiler can't know that the three belong together. */
type AnyPreparation = (task: Task, operands: OperandsOf[Task['family']], row: string) => Prepared | Promise<Prepared>;

async function prepare(task: Task, row: string): Promise<Check> {
  ready.get(row)?.prepared.dispose();
  ready.delete(row);
  const make = loaded().prepare[task.family] as AnyPreparation | undefined;
  if (!make) throw new Error(`it has no ${task.family} here`);
  const family = familyOf(task);
  const operands = family.operands(task);
  const prepared = await make(task, operands, row);
  ready.set(row, { prepared, secondsPerCall: 1 });
  await prepared.run();
  return family.check(task, operands, await prepared.output(), prepared.allowed, prepared.reference);
}

async function warm(row: string, seconds: number): Promise<Timing> {
  const lane = find(row);
  const windows: number[] = [];
  const total = { calls: 0, seconds: 0 };
  for (;;) {
    const { calls, seconds: elapsed } = await runFor(lane.prepared, seconds / 5);
    windows.push(elapsed / calls);
    total.calls += calls;
    total.seconds += elapsed;
    lane.secondsPerCall = Math.min(...windows);
    const last = windows.slice(-3);
    const mean = last.reduce((sum, x) => sum + x, 0) / last.length;
    const settled = last.every((x) => Math.abs(x / mean - 1) < kSettled);
    if (total.seconds >= seconds && (settled || total.seconds >= 3 * seconds)) return total;
  }
}

/** Batches of calls that take a twentieth of the time each, the clock read between them, until the time is filled. */
async function repeat(row: string, seconds: number): Promise<Timing> {
  const { prepared, secondsPerCall } = find(row);
  if (secondsPerCall < kLongCallSeconds) await runFor(prepared, kPrerollSeconds);
  return runFor(prepared, seconds, Math.max(1, Math.floor(seconds / 20 / secondsPerCall)));
}

const kMethods = {
  async load(library: string, threads: number): Promise<Loaded> {
    const found = kPeers[library];
    if (!found) throw new Error(`no library '${library}'`);
    peer = (await found()).peer;
    return peer.load(threads);
  },
  prepare,
  warm,
  repeat,
  release(): void {
    for (const { prepared } of ready.values()) prepared.dispose();
    ready.clear();
  },
  probe(seconds: number): Peak[] {
    const measure = loaded().probe;
    if (!measure) throw new Error('this library measures no limits');
    return measure(seconds);
  },
};

export async function handle(method: string, args: unknown[]): Promise<unknown> {
  const found = (kMethods as Record<string, (...args: never[]) => unknown>)[method];
  if (!found) throw new Error(`no method '${method}'`);
  return found(...(args as never[]));
}
