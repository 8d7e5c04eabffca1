import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { gemmF32 } from './families/gemm-f32.ts';
import { type Entry, measureTask } from './rotation.ts';
import type { Check, Method, Session } from './types.ts';

const kMethod: Method = { repetitionSeconds: 0.001, wanted: 2, warmSeconds: 0.001, patienceSeconds: 0.1, quick: true };
const task = gemmF32.tasks[0]!;

/** A session that does nothing but write down what it was asked. */
function fake(
  name: string,
  diary: string[],
  { check = { ok: true, worst: 0.1 } as Check, threads = 1, fails = false } = {},
) {
  const session: Session = {
    loaded: { threads, details: '' },
    pids: () => [],
    prepare: async () => check,
    warm: async () => {
      diary.push(`warm ${name}`);
      return { calls: 1, seconds: 1 };
    },
    repeat: async () => {
      if (fails) throw new Error('out of order');
      diary.push(name);
      return { calls: 10, seconds: 2 };
    },
    release: async () => void diary.push(`release ${name}`),
    close: async () => {},
  };
  const lane = { id: name, label: name, threads: 1, role: 'peer', set: 'x', row: '-' } as const;
  return { lane, session } satisfies Entry;
}

async function measure(entries: readonly Entry[]) {
  return measureTask(task, { entries, method: kMethod, onLane: () => {} });
}

describe('the rotation', { skip: process.platform !== 'linux' }, () => {
  it('gives every lane its turn in each round, shifted by one, after all are warm', async () => {
    const diary: string[] = [];
    const { lanes } = await measure([fake('a', diary), fake('b', diary), fake('c', diary)]);
    assert.deepEqual(diary.slice(0, 9), ['warm a', 'warm b', 'warm c', 'a', 'b', 'c', 'b', 'c', 'a']);
    assert.deepEqual(diary.slice(-3), ['release a', 'release b', 'release c']);
    for (const { repetitions } of lanes) {
      const quiet = repetitions.filter((repetition) => repetition.quiet).length;
      assert.ok(quiet === 2 || repetitions.length === 6, 'two quiet ones, or three rounds for each');
      assert.deepEqual([repetitions[0]!.calls, repetitions[0]!.seconds], [10, 2]);
    }
  });

  it('measures no lane that computes something else, uses other threads or fails, and goes on with the rest', async () => {
    const diary: string[] = [];
    const { lanes } = await measure([
      fake('wrong', diary, { check: { ok: false, worst: 7 } }),
      fake('two', diary, { threads: 2 }),
      fake('broken', diary, { fails: true }),
      fake('good', diary),
    ]);
    assert.deepEqual(
      lanes.map(({ problem }) => problem),
      ['wrong result', 'uses 2 threads', 'out of order', null],
    );
    assert.deepEqual(
      lanes.map(({ repetitions }) => repetitions.length > 0),
      [false, false, false, true],
    );
    assert.deepEqual(lanes[0]!.check, { ok: false, worst: 7 });
  });
});
