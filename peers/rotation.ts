// The measuring itself: for each task all lanes in turn, again and again, each repetition on a quiet machine or not at all.
import process from 'node:process';
import { judge, quietMoment, readBooks } from './quiet.ts';
import type { Lane, LaneResult, Method, Peak, Repetition, Session, Task, TaskResult } from './types.ts';

/** Rounds per wanted repetition; then the machine is too busy, and the lane keeps what it has. */
const kRoundsPerRepetition = 3;
const kProbeSeconds = 1.2;
/** What is still waited once a task's patience is used up. */
const kLastPatienceSeconds = 1;

export interface Entry {
  lane: Lane;
  session: Session;
}

export interface Rotation {
  entries: readonly Entry[];
  method: Method;
  /** Measures limits of the device, once a round. */
  probe?: Session;
  onLane(task: Task, result: LaneResult): void;
}

/** A function that waits for quiet, and that has less patience the more it has waited. */
function makePatience(seconds: number): () => Promise<void> {
  let left = seconds;
  return async () => {
    const start = performance.now();
    const enough = await quietMoment(Math.max(kLastPatienceSeconds, Math.min(left, seconds / 4)));
    if (!enough) left -= (performance.now() - start) / 1000;
  };
}

/** Runs something of a session and says what disturbed it. */
async function observed<T>(session: Session, work: () => Promise<T>) {
  const pids = [process.pid, ...session.pids()];
  const before = readBooks(pids);
  const value = await work();
  return { value, ...judge(before, readBooks(pids)) };
}

async function repetition({ lane, session }: Entry, seconds: number): Promise<Repetition> {
  const { value, quiet, others, waited } = await observed(session, () => session.repeat(lane.row, seconds));
  return { ...value, quiet, others, waited };
}

function quietOnes({ repetitions }: LaneResult): number {
  return repetitions.filter(({ quiet }) => quiet).length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs the task once and checks the result, then warms up. What fails or computes something else gets no repetitions. */
async function start(task: Task, { lane, session }: Entry, warmSeconds: number): Promise<LaneResult> {
  const result: LaneResult = { ...lane, check: null, problem: null, repetitions: [] };
  if (session.loaded.threads !== lane.threads) {
    result.problem = `uses ${session.loaded.threads} thread${session.loaded.threads > 1 ? 's' : ''}`;
    return result;
  }
  try {
    result.check = await session.prepare(task, lane.row);
    if (result.check.ok) await session.warm(lane.row, warmSeconds);
    else result.problem = 'wrong result';
  } catch (error) {
    result.problem = messageOf(error);
  }
  return result;
}

export async function measureTask(task: Task, rotation: Rotation): Promise<TaskResult> {
  const { entries, method, probe } = rotation;
  const lanes: LaneResult[] = [];
  for (const entry of entries) lanes.push(await start(task, entry, method.warmSeconds));
  const patience = makePatience(method.patienceSeconds);
  const peaks: Peak[][] = [];

  let wasQuiet = false; // a quiet repetition is itself the quiet moment before the next
  const isOpen = (result: LaneResult) => result.problem === null && quietOnes(result) < method.wanted;
  for (let round = 0; round < kRoundsPerRepetition * method.wanted && lanes.some(isOpen); round++) {
    for (let i = 0; i < entries.length; i++) {
      const index = (i + round) % entries.length;
      const [entry, result] = [entries[index]!, lanes[index]!];
      if (!isOpen(result)) continue;
      if (!wasQuiet) await patience();
      try {
        const taken = await repetition(entry, method.repetitionSeconds);
        result.repetitions.push(taken);
        wasQuiet = taken.quiet;
      } catch (error) {
        result.problem = messageOf(error);
      }
    }
    if (probe?.probe && peaks.length < method.wanted) {
      if (!wasQuiet) await patience();
      const { value, quiet } = await observed(probe, () => probe.probe!(kProbeSeconds));
      if (quiet) peaks.push(value);
      wasQuiet = quiet;
    }
  }
  for (const { session } of entries) await session.release().catch(() => {}); // a lane that failed has its problem already
  for (const result of lanes) rotation.onLane(task, result);
  return { task, lanes, peaks };
}
