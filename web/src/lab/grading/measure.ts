/** Times a kernel against a reference, interleaved, on fresh operands for every call. The clock and all arithmetic are ours, not the kernel's. */
import type { Params } from './exercise.ts';
import type { Grader, TimedCall } from './grader.ts';
import { Kernel, type KernelOptions } from './kernel.ts';
import { Random } from './random.ts';
import type { Measurement } from './result.ts';

/** What the clock can tell apart, seconds: 5 µs in isolated pages, 100 µs in others. */
export function clockTick(): number {
  let tick = Infinity;
  for (let i = 0; i < 20; ++i) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    tick = Math.min(tick, now - start);
  }
  return tick / 1000;
}

/** Reading a clock twice must not matter: a sample is at least this many ticks long where the budget allows. */
const kTicksPerSample = 1000;
const kFewestRounds = 7;
const kMostRounds = 40;
/** Warm-up: engines replace a function by its optimized form after some calls, in the background. */
const kWarmUpCalls = 6;
const kWarmUpSeconds = 0.15;
export const kMostCalls = 8;

export interface MeasureOptions {
  reference: WebAssembly.Module;
  kernel: WebAssembly.Module;
  grader: Grader;
  params: Params;
  seed: string;
  seconds: number;
  /** Threads that both may use. */
  team: KernelOptions['team'];
}

interface Sample {
  seconds: number;
  calls: TimedCall[];
}

/** Throws what the grader's comparison throws: every timed call is checked. */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { reference, kernel, grader, params, seed, seconds, team } = options;
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const tick = clockTick();
  const lanes = [
    await Kernel.create({ module: reference, team, isReference: true }),
    await Kernel.create({ module: kernel, team }),
  ] as const;
  await team?.team.serve();
  let serial = 0;

  const sample = (lane: Kernel, name: string, count: number): Sample => {
    lane.reset();
    const calls: TimedCall[] = [];
    for (let i = 0; i < count; ++i) {
      const call = grader.timing?.(lane, params, new Random(`${seed}/timing/${name}/${i}`));
      if (call === undefined) throw new Error('a performance task needs grade.ts to have timing()');
      calls.push(call);
    }
    const begin = performance.now();
    for (const { call } of calls) call();
    return { seconds: (performance.now() - begin) / 1000, calls };
  };
  const verify = ({ calls }: Sample, lane: Kernel, expected: Sample) => {
    lane.check();
    for (const [i, call] of calls.entries()) call.compare(call.outputs(), expected.calls[i]?.outputs() ?? []);
  };

  // The reference's outputs stay in its own memory until its next sample, so each pair is compared before that.
  let fastest = Infinity;
  for (const [index, lane] of lanes.entries()) {
    const begun = elapsed();
    for (let i = 0; i < kWarmUpCalls || elapsed() - begun < kWarmUpSeconds; ++i) {
      const took = sample(lane, `warm-up ${index} ${i}`, 1).seconds;
      fastest = Math.min(fastest, took);
      if (elapsed() - begun > seconds / 4) break;
    }
  }
  const wanted = Math.ceil((kTicksPerSample * tick) / Math.max(fastest, tick));
  const callsPerSample = fitting(Math.max(1, Math.min(kMostCalls, wanted)), (count) => {
    for (const lane of lanes) sample(lane, 'room', count);
  });

  const rounds: [number, number][] = [];
  while (rounds.length < kFewestRounds || (rounds.length < kMostRounds && elapsed() < seconds * 0.9)) {
    if (rounds.length >= 3 && elapsed() > seconds) break;
    const first = `${serial++}`;
    const a1 = sample(lanes[0], first, callsPerSample);
    const b1 = sample(lanes[1], first, callsPerSample);
    verify(b1, lanes[1], a1);
    const second = `${serial++}`;
    const b2 = sample(lanes[1], second, callsPerSample);
    const a2 = sample(lanes[0], second, callsPerSample);
    verify(b2, lanes[1], a2);
    rounds.push([Math.min(a1.seconds, a2.seconds) / callsPerSample, Math.min(b1.seconds, b2.seconds) / callsPerSample]);
  }
  return { ...fastestRatio(rounds, tick / callsPerSample), rounds, callsPerSample, clockTick: tick };
}

/** The largest power-of-two part of `count` for which `attempt` finds room in memory: a kernel's own arrays leave it less. */
function fitting(count: number, attempt: (count: number) => void): number {
  for (; count > 1; count = Math.floor(count / 2)) {
    try {
      attempt(count);
      return count;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return count;
}

const kRedraws = 400;

/**
 * The ratio of the fastest times, and a 95 % interval (percentile bootstrap over rounds). Not of medians: whatever else runs on the machine only
 * ever adds time, unevenly. With ten programs to a core, medians of a kernel against itself lay between 0.7 and 1.4 and of one 3.5 times as
 * fast between 3.4 and 13.7; fastest times gave 0.95 to 1.02 and 3.4 to 3.5. No kernel can profit, since every call is of fresh operands and
 * checked.
 */
export function fastestRatio(
  rounds: readonly (readonly [number, number])[],
  shortest: number,
): { ratio: number; low: number; high: number } {
  const ratioOf = (chosen: readonly (readonly [number, number])[]) => {
    let [theirs, ours] = [Infinity, Infinity];
    for (const [a, b] of chosen) {
      theirs = Math.min(theirs, a);
      ours = Math.min(ours, b);
    }
    return theirs / Math.max(ours, shortest);
  };
  const random = new Random('redraw');
  const drawn = Array.from({ length: kRedraws }, () =>
    ratioOf(rounds.map((round) => rounds[random.integer(0, rounds.length - 1)] ?? round)),
  ).sort((a, b) => a - b);
  const at = (share: number) => drawn[Math.round(share * (kRedraws - 1))] ?? NaN;
  return { ratio: ratioOf(rounds), low: at(0.025), high: at(0.975) };
}
