/** Addresses that loops access, and caches that count their misses, for exercise cache-lines. */
import type { Random } from '#lab/grading/author.ts';

export type AccessParams = {
  trace: string;
  addresses?: number[];
  n?: number;
  /** Bytes from one access to the next. */
  stride?: number;
  /** Floats behind each row of a matrix that nobody uses. */
  padding?: number;
  range?: number;
};

const kFloat = 4;

/** The arrays lie one after the other, as in the lesson's simulator. */
export function makeAccesses(params: AccessParams, random: Random): Int32Array {
  const { trace, addresses = [], n = 0, stride = 1, padding = 0, range = 1 } = params;
  const pitch = n + padding;
  const element = (array: number, i: number, j: number) => kFloat * (array * n * pitch + i * pitch + j);
  const list: number[] = [];
  const each = (action: (i: number, j: number) => unknown) => {
    for (let i = 0; i < n; ++i) for (let j = 0; j < n; ++j) action(i, j);
  };
  switch (trace) {
    case 'list':
      return Int32Array.from(addresses);
    case 'stride':
      return Int32Array.from({ length: n }, (_, i) => i * stride);
    case 'rounds':
      return Int32Array.from({ length: 5 * n }, (_, i) => (i % n) * stride);
    case 'random':
      return Int32Array.from({ length: n }, () => random.integer(0, range));
    case 'column_sum':
      // The sum of a column stays in a register until it is complete.
      for (let j = 0; j < n; ++j) {
        for (let i = 0; i < n; ++i) list.push(element(0, i, j));
        list.push(element(1, 0, j));
      }
      break;
    case 'row_sum':
      // s[j] += A[i][j]: A is read, s is read and written.
      each((i, j) => list.push(element(0, i, j), element(1, 0, j), element(1, 0, j)));
      break;
    case 'matmul_ijk':
      each((i, j) => {
        for (let k = 0; k < n; ++k) list.push(element(0, i, k), element(1, k, j));
        list.push(element(2, i, j));
      });
      break;
    default:
      throw new Error(`no accesses '${trace}'`);
  }
  return Int32Array.from(list);
}

export interface Cache {
  line: number;
  sets: number;
  ways: number;
}

/** A list for each set; `policy` says whether a hit makes a line the youngest. */
export function missesOf(addresses: Int32Array, { line, sets, ways }: Cache, policy: 'lru' | 'fifo' = 'lru'): number {
  const held = new Map<number, number[]>();
  let misses = 0;
  for (const address of addresses) {
    const number = Math.floor(address / line);
    const set = held.get(number % sets) ?? [];
    held.set(number % sets, set);
    const at = set.indexOf(number);
    if (at < 0) ++misses;
    else if (policy === 'fifo') continue;
    else set.splice(at, 1);
    set.push(number);
    if (set.length > ways) set.shift();
  }
  return misses;
}

export function linesOf(addresses: Int32Array, line: number): number {
  return new Set([...addresses].map((address) => Math.floor(address / line))).size;
}
