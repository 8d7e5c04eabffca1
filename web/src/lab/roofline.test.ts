import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUnsteadyProbe } from './roofline.ts';
import type { Lane, Peak } from './types.ts';

describe('a probe', () => {
  const peak = (kind: Peak['kind'], threads: number, value: number): Peak => ({
    name: kind,
    kind,
    threads,
    fused: false,
    value,
    bytes: 0,
  });
  const lanes = (settled: boolean[]): Lane[] =>
    settled.map((is) => ({ name: '', flops: 1, bytes: 1, settled: is, discarded: 0, statistics: null }));
  const report = (peaks: Peak[], settled = [true]) => ({
    peaks,
    lanes: lanes(settled),
    progress: 1,
    done: true,
    stopped: false,
  });

  it('is unsteady when all threads are slower than one', () => {
    const steady = [peak('compute', 1, 30), peak('compute', 2, 58), peak('memory', 1, 20), peak('memory', 2, 19)];
    assert.equal(isUnsteadyProbe(report(steady)), false);
    assert.equal(isUnsteadyProbe(report(steady.with(1, peak('compute', 2, 29)))), true);
    assert.equal(isUnsteadyProbe(report(steady.with(3, peak('memory', 2, 15)))), true);
  });

  it('is unsteady when fewer than half of the lanes settled, unless it was stopped', () => {
    assert.equal(isUnsteadyProbe(report([], [true, false])), false);
    assert.equal(isUnsteadyProbe(report([], [true, false, false])), true);
    assert.equal(isUnsteadyProbe({ ...report([], [false]), stopped: true }), false);
  });
});
