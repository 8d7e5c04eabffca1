import { type Buffer, defineGrader, expectExplained, type Fault, type Kernel } from '#lab/grading/author.ts';
import { linesOf, makeAccesses, missesOf, type AccessParams, type Cache } from '../../accesses.ts';

type Params = AccessParams & { ask: string; line: number; sets?: number; ways?: number };

interface Operands {
  kernel: Kernel;
  list: Int32Array;
  addresses: Buffer;
  cache: Cache;
}

const kFloats = 'Addresses are in bytes: a line holds `line_bytes` of them, not as many floats.';

function missFaults(list: Int32Array, cache: Cache): Fault[] {
  const misses = missesOf(list, cache);
  const { line, sets, ways } = cache;
  const isZeroFree = !list.some((address) => address < line);
  return [
    [list.length, 'Those are all accesses: some find their line.'],
    [list.length - misses, 'Those are the hits.'],
    [misses - 1, isZeroFree ? '' : 'At first the cache is empty: a 0 in `held` must not pass for line 0.'],
    [missesOf(list, cache, 'fifo'), 'That is first in, first out: a hit makes a line the most recently used one.'],
    [missesOf(list, { line: 4 * line, sets, ways }), kFloats],
    [missesOf(list, { line: 1, sets, ways }), 'Neighbouring bytes share a line: divide addresses by its length.'],
    [linesOf(list, line), 'Those are the different lines: some are fetched again after another one took their place.'],
    [missesOf(list, { line, sets: 1, ways: sets * ways }), 'That lets a line stand anywhere: it has to be in its set.'],
    [missesOf(list, { line, sets, ways: 1 }), 'That is a cache with one way: each set has room for `ways` lines.'],
    [missesOf(list, { line: line * sets, sets: 1, ways }), 'The set is the line modulo `sets`.'],
  ];
}

function checkLines({ kernel, list, addresses, cache: { line } }: Operands): void {
  const scratch = kernel.inout('scratch', new Int32Array(list.length));
  const got = kernel.call('lines_touched', addresses, list.length, line, scratch);
  const changes = list.filter(
    (address, i) => i === 0 || Math.floor(address / line) !== Math.floor((list[i - 1] ?? 0) / line),
  ).length;
  expectExplained(
    `lines_touched() of ${list.length} accesses, lines of ${line} bytes`,
    got,
    linesOf(list, line),
    () => [
      [list.length, 'Those are all accesses.'],
      [linesOf(list, 1), 'Those are different addresses: neighbours share a line.'],
      [changes, 'That counts a line again when it comes back later: put equal ones side by side first.'],
      [linesOf(list, 4 * line), kFloats],
      [Math.max(0, linesOf(list, line) - 1), 'One is missing: the first, the last, or line 0?'],
    ],
  );
}

function checkDirect({ kernel, list, addresses, cache }: Operands): void {
  const { line, sets } = cache;
  const held = kernel.inout('held', new Int32Array(sets));
  const got = kernel.call('direct_misses', addresses, list.length, line, sets, held);
  const direct = { line, sets, ways: 1 };
  const what = `direct_misses() of ${list.length} accesses, ${sets} sets of one line of ${line} bytes`;
  expectExplained(what, got, missesOf(list, direct), () => missFaults(list, direct));
}

function checkLru({ kernel, list, addresses, cache }: Operands): void {
  const { line, sets, ways } = cache;
  const held = kernel.inout('held', new Int32Array(sets * ways), [sets, ways]);
  const got = kernel.call('lru_misses', addresses, list.length, line, sets, ways, held);
  const what = `lru_misses() of ${list.length} accesses, ${sets} sets of ${ways} lines of ${line} bytes`;
  expectExplained(what, got, missesOf(list, cache), () => missFaults(list, cache));
}

const kChecks: Record<string, (operands: Operands) => void> = {
  lines: checkLines,
  direct: checkDirect,
  lru: checkLru,
};

export default defineGrader<Params>({
  run(kernel, params, random) {
    const list = makeAccesses(params, random);
    const addresses = kernel.input('addresses', list);
    const cache = { line: params.line, sets: params.sets ?? 1, ways: params.ways ?? 1 };
    const checks = params.ask === 'all' ? Object.values(kChecks) : [kChecks[params.ask]];
    for (const check of checks) {
      if (check === undefined) throw new Error(`exercise.json asks for '${params.ask}'`);
      check({ kernel, list, addresses, cache });
    }
  },
});
