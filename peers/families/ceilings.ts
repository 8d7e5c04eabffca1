// What the machine could do at best: how much of it ours uses, and what ratio to a peer no kernel could exceed.
import { kCappedSet, kFullSet, kVnniSet, kWebSet, type Limit } from '../family.ts';
import type { Peak } from '../types.ts';

/** A limit that was measured, in units of the family's figures. */
export interface Roof {
  /** "relaxed-SIMD peak" */
  label: string;
  /** The first of these that was measured counts; or, with `best`, the highest. */
  names: readonly string[];
  best?: boolean;
  /** Of a read probe: its size and how many operations a byte is worth. */
  bytes?: number;
  perByte?: number;
}

/** Who is compared with it: lanes' ids, of the peers the best counts. */
export interface Contest {
  set: string;
  threads?: number;
  ours: string;
  oursLabel?: string;
  peers: readonly string[];
}

const matches =
  ({ bytes }: Roof, name: string, threads: number) =>
  (peak: Peak) =>
    peak.threads === threads &&
    (bytes === undefined
      ? peak.kind !== 'memory' && peak.name === name
      : peak.kind === 'memory' && peak.bytes === bytes);

/** Two rows for a shape: the share of the roof that ours reaches, and the ceiling that the roof sets to a target. */
export function underRoof(shape: string, target: number | undefined, roof: Roof, contest: Contest): Limit[] {
  const { set, threads = 1, ours, oursLabel = 'ours', peers } = contest;
  const { label, names, best = false, bytes, perByte = 1 } = roof;
  const where = set === kWebSet ? `${threads} thread${threads > 1 ? 's' : ''}` : set;
  const measured = (samples: number[][]) => {
    const known = samples.filter(({ length }) => length > 0);
    return best ? known : known.slice(0, 1);
  };
  const common = { shape, set, threads, optional: true };
  const roofs = (peak: (wanted: (peak: Peak) => boolean) => number[]) =>
    measured(names.map((name) => peak(matches(roof, name, threads)).map((value) => value * perByte)));
  const share: Limit = {
    ...common,
    kind: 'share',
    what: `${oursLabel} ÷ ${label}, ${where}`,
    samples: ({ lane, peak }) => [lane(ours), ...(roofs(peak).length > 0 ? roofs(peak) : [[]])],
    value: ([mine = NaN, ...limits]) => mine / Math.max(...limits),
  };
  if (target === undefined) return [share];
  const rivals = (lane: (id: string) => number[]) => peers.map(lane).filter(({ length }) => length > 0);
  return [
    share,
    {
      ...common,
      kind: 'ceiling',
      what: `ceiling: ${label}${bytes === undefined ? '' : ' (or ours where that is faster)'} ÷ best peer, ${where}`,
      target,
      samples: ({ lane, peak }) => {
        // A read by another loop is no law: prefetching may make a kernel faster than the probe.
        const [limits, theirs] = [roofs(peak), rivals(lane)];
        if (bytes !== undefined && limits.length > 0) limits.push(lane(ours));
        if (limits.some(({ length }) => length === 0)) return [[]];
        return limits.length > 0 && theirs.length > 0 ? [[limits.length], ...limits, ...theirs] : [[]];
      },
      // The first sample says how many of the others are roofs.
      value: ([count = 0, ...medians]) => Math.max(...medians.slice(0, count)) / Math.max(...medians.slice(count)),
    },
  ];
}

export const kRelaxedPeak: Roof = { label: 'relaxed-SIMD peak', names: ['wasm128+relaxed'] };
/** Which form of the dot product is taken is raced (gemm::best_int8). */
export const kRelaxedInt8Peak: Roof = {
  label: 'peak of the 8-bit dot',
  names: ['wasm128+relaxed int8 dot', 'wasm128+relaxed int8 fused'],
  best: true,
};
/** What the probe reads. */
const kReads = [2 ** 18, 2 ** 22, 2 ** 24, 2 ** 26];

/**
 * A product with a vector reads each weight once and does two operations with it. Of the sizes that the probe reads the largest that is no
 * larger than the weights, so that it is never the slower one.
 */
export function readRoof(weights: number, bytesPerWeight: number): Roof {
  const bytes = kReads.findLast((size) => size <= weights * bytesPerWeight) ?? kReads[0]!;
  const label = bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;
  return { label: `probe reading ${label}`, names: [''], bytes, perByte: 2 / bytesPerWeight };
}

export const kWebContest: Contest = { set: kWebSet, ours: 'ours/1/fast', peers: ['litert/1/-', 'ort/1/-', 'tfjs/1/-'] };

const kFloatPeaks: Readonly<Record<string, readonly string[]>> = {
  [kCappedSet]: ['avx2+fma'],
  [kFullSet]: ['avx512+fma', 'avx2+fma'],
};
const kInt8Peaks: Readonly<Record<string, readonly string[]>> = {
  [kCappedSet]: ['avx2 int8 dot'],
  [kVnniSet]: ['avx512+vnni int8 dot', 'avx2 int8 dot'],
  [kFullSet]: ['avx512+vnni int8 dot', 'avx2 int8 dot'],
};

/** The same natively, for every set of instructions. `peers`: program and row. */
export function underNativeRoofs(
  shape: string,
  target: number,
  kind: 'float' | 'int8',
  peers: readonly string[],
): Limit[] {
  const peaks = kind === 'float' ? kFloatPeaks : kInt8Peaks;
  return Object.entries(peaks).flatMap(([set, names]) => {
    const roof = { label: kind === 'float' ? 'multiply-add peak' : 'peak of our 8-bit dot', names };
    const ids = peers.map((peer) => peer.replace('/', `/${set}/`));
    return underRoof(shape, target, roof, { set, ours: `peer_ours/${set}/fast`, peers: ids });
  });
}
