/** What a cache of keys and values weighs, in whole numbers of any size, and what it would with the mistakes that people make. */

export const kStorages = ['f32', 'fp16', 'int8'] as const;
export type Storage = (typeof kStorages)[number];
const kNumberBytes: Record<Storage, number> = { f32: 4, fp16: 2, int8: 1 };

export interface CacheShape {
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  positions: number;
  window: number;
  sinks: number;
  storage: Storage;
}

/** Factors in place of the right ones. */
export interface Change {
  heads?: (shape: CacheShape) => number;
  layers?: number;
  headSize?: number;
  /** 2: a key and a value. */
  arrays?: number;
  numberBytes?: number;
  /** Bytes of the scales of a vector. */
  scale?: (shape: CacheShape) => number;
  slots?: (shape: CacheShape) => number;
}

export function slotsOf({ positions, window, sinks }: CacheShape): number {
  return window === 0 ? positions : Math.min(positions, window + sinks);
}

/** Bytes of one position. */
export function tokenBytes(shape: CacheShape, change: Change = {}): bigint {
  const { storage } = shape;
  const numbers = BigInt(change.headSize ?? shape.headSize) * BigInt(change.numberBytes ?? kNumberBytes[storage]);
  const scale = storage === 'int8' ? BigInt((change.scale ?? (() => 4))(shape)) : 0n;
  const vectors = BigInt(change.arrays ?? 2) * BigInt(change.layers ?? shape.layers);
  return vectors * BigInt((change.heads ?? (({ kvHeads }) => kvHeads))(shape)) * (numbers + scale);
}

export function cacheBytes(shape: CacheShape, change: Change = {}): bigint {
  return BigInt((change.slots ?? slotsOf)(shape)) * tokenBytes(shape, change);
}

const kMost = 2n ** 31n - 1n;

function whole(count: bigint): number {
  return Number(count > kMost ? kMost : count < 0n ? 0n : count);
}

export function longestSequence(budget: number, shape: CacheShape, change: Change = {}): number {
  const token = tokenBytes(shape, change);
  if (token === 0n) return Number(kMost);
  const slots = BigInt(shape.window) + BigInt(shape.sinks);
  if (shape.window > 0 && slots * token <= BigInt(budget)) return Number(kMost);
  return whole(BigInt(budget) / token);
}

export function mostSequences(budget: number, weights: number, shape: CacheShape, change: Change = {}): number {
  const bytes = cacheBytes(shape, change);
  return bytes === 0n ? Number(kMost) : whole(BigInt(Math.max(0, budget - weights)) / bytes);
}

export const kMistakes: readonly { change: Change; sentence: string }[] = [
  {
    change: { slots: ({ positions, window, sinks }) => Math.min(positions, window + sinks) },
    sentence: 'A window of 0 keeps all positions, whatever the sinks are.',
  },
  {
    change: { slots: ({ positions }) => positions },
    sentence: 'That keeps all positions: with a window there are never more than window + sinks.',
  },
  {
    change: { slots: ({ positions, window }) => (window === 0 ? positions : Math.min(positions, window)) },
    sentence: 'That forgets the sinks: they are kept beside the window.',
  },
  {
    change: {
      slots: ({ positions, window, sinks }) => (window === 0 ? positions : Math.min(positions, window) + sinks),
    },
    sentence: 'That adds the sinks to a sequence that is shorter: there are never more slots than positions.',
  },
  {
    change: { slots: ({ window, sinks }) => window + sinks },
    sentence: 'There are never more slots than positions; and a window of 0 keeps all of them.',
  },
  {
    change: {
      slots: ({ positions, window, sinks }) => (window === 0 ? positions : Math.min(positions, (window + sinks) | 0)),
    },
    sentence: 'window + sinks has no place in an int here, which ends at 2147483647: add doubles.',
  },
  {
    change: { heads: ({ heads }) => heads },
    sentence: 'That counts query heads: only the kv_heads heads of keys and values are kept.',
  },
  { change: { heads: () => 1 }, sentence: 'That is one head only.' },
  { change: { layers: 1 }, sentence: 'That is one layer only: each has keys and values of its own.' },
  { change: { arrays: 1 }, sentence: 'That is the keys alone, or the values: both are kept.' },
  { change: { headSize: 1 }, sentence: 'That counts a vector as one number: it has head_size of them.' },
  { change: { numberBytes: 1, scale: () => 4 }, sentence: 'Those are numbers, not bytes: see `storage`.' },
  { change: { numberBytes: 4 }, sentence: 'That takes 4 bytes for each number: see `storage`.' },
  { change: { scale: () => 0 }, sentence: 'That leaves out the scales: each int8 vector has one, of 4 bytes.' },
  { change: { scale: () => 1 }, sentence: 'A scale is a float32: 4 bytes, not one.' },
  {
    change: { scale: () => 2 },
    sentence:
      'That has a scale for key and value together, or scales of 2 bytes: each vector has one of its own, a float32.',
  },
  {
    change: { scale: ({ headSize }) => 4 * headSize },
    sentence: 'That has a scale for each number: it is one for each vector of head_size.',
  },
];
