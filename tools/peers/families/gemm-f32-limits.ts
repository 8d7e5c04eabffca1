// The targets that compare f32 products with the device's own limits, and one thread with two.
import type { Limit } from '../family.ts';
import type { Peak } from '../types.ts';

const kFused = (threads: number) => (peak: Peak) => peak.kind === 'compute' && peak.fused && peak.threads === threads;
const kMulAdd = (peak: Peak) =>
  peak.kind === 'compute' && !peak.fused && peak.name.startsWith('wasm128') && peak.threads === 1;
const kRead = (bytes: number) => (peak: Peak) => peak.kind === 'memory' && peak.bytes === bytes && peak.threads === 1;

const share = ([ours = NaN, limit = NaN]: readonly number[]) => ours / limit;
/** A product with a vector does two FLOPs for every four bytes of B. */
const kBytesPerFlop = 2;

function scaling(shape: string): Limit {
  return {
    shape,
    what: 'fast: gain by the second thread ÷ the probe’s',
    target: 0.95,
    samples: ({ lane, peak }) => [lane('ours/2/fast'), lane('ours/1/fast'), peak(kFused(2)), peak(kFused(1))],
    value: ([two = NaN, one = NaN, peakTwo = NaN, peakOne = NaN]) => two / one / (peakTwo / peakOne),
  };
}

/** What no kernel could exceed: where this is below the target, the target is beyond this hardware. */
function ceiling(shape: string, target: number): Limit {
  return {
    shape,
    what: 'ceiling: relaxed-SIMD peak ÷ LiteRT.js, one thread',
    target,
    samples: ({ lane, peak }) => [peak(kFused(1)), lane('litert/1/-')],
    value: share,
  };
}

export const kLimits: readonly Limit[] = [
  ceiling('512³', 1.5),
  ceiling('1024³', 1.4),
  {
    shape: '1024³',
    what: 'fast, one thread ÷ relaxed-SIMD peak',
    target: 0.84,
    samples: ({ lane, peak }) => [lane('ours/1/fast'), peak(kFused(1))],
    value: share,
  },
  {
    shape: '1024³',
    what: 'exact, one thread ÷ mul + add peak',
    target: 0.8,
    samples: ({ lane, peak }) => [lane('ours/1/exact'), peak(kMulAdd)],
    value: share,
  },
  scaling('512³'),
  scaling('1024³'),
  {
    shape: '1024³',
    what: 'fast ÷ LiteRT.js, two threads',
    target: 1.35,
    samples: ({ lane }) => [lane('ours/2/fast'), lane('litert/2/-')],
    value: share,
  },
  {
    shape: '1×2048²',
    what: 'fast, bytes of B read ÷ probe reading 16 MiB, one thread',
    target: 0.9,
    samples: ({ lane, peak }) => [lane('ours/1/fast').map((x) => x * kBytesPerFlop), peak(kRead(2 ** 24))],
    value: share,
  },
];
