// The targets that compare f32 products with the device's own limits, and one thread with two.
import type { Limit } from '../family.ts';
import type { Peak } from '../types.ts';
import { kRelaxedPeak, kWebContest, readRoof, underNativeRoofs, underRoof } from './ceilings.ts';

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

/** Ours ÷ the best peer. */
export const kWebTargets: Readonly<Record<string, number>> = {
  '128³': 1.8,
  '256³': 1.5,
  '512³': 1.5,
  '1024³': 1.4,
  '64×784×256': 1.6,
  '1×512²': 1.5,
  '1×1024²': 1.4,
  '1×2048²': 1,
};
export const kNativeTargets: Readonly<Record<string, number>> = {
  '128³': 0.95,
  '256³': 0.95,
  '512³': 1,
  '1024³': 1,
  '64×784×256': 1,
  '1×1024²': 0.95,
  '1×2048²': 0.95,
};
const kVectors: Readonly<Record<string, number>> = { '1×512²': 512, '1×1024²': 1024, '1×2048²': 2048 };
const kNativePeers = ['peer_onednn/plain', 'peer_openblas/sgemm', 'peer_eigen_avx2/-', 'peer_eigen_native/-'];

export const kLimits: readonly Limit[] = [
  ...Object.entries(kWebTargets).flatMap(([shape, target]) => {
    const side = kVectors[shape];
    return underRoof(shape, target, side === undefined ? kRelaxedPeak : readRoof(side * side, 4), kWebContest);
  }),
  ...Object.entries(kNativeTargets)
    .filter(([shape]) => !(shape in kVectors))
    .flatMap(([shape, target]) => underNativeRoofs(shape, target, 'float', kNativePeers)),
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
