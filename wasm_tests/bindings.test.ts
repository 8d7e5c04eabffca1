// What JavaScript sees of the kernels: optlab.mjs in each of the four WebAssembly builds, loaded by Node.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kGuestRung } from '../web/src/lab/guest.ts';
import type { BuildName, VariantInfo } from '../web/src/lab/types.ts';
import { isThreaded, kBuilds, loadLibrary, type Library, type Tensor } from './lib/library.ts';
import { multiplyInOrder, randomValues } from './lib/reference.ts';

const kExactVariants = ['naive', 'reordered', 'blocked', 'packed', 'simd', 'simd_threads'];
/** With those that exist in races only. */
const kExactRungs = kExactVariants.toSpliced(5, 0, 'simd_prepacked');
const kFusedRungs = ['relaxed', 'relaxed_prepacked', 'relaxed_threads'];
const kWideRungs = ['int8_wide', 'int8_wide_threads'];
const kInt8Rungs = {
  simd: kWideRungs,
  relaxed: [...kWideRungs, 'int8_dot', 'int8_dot_threads', 'int8_fused', 'int8_fused_threads'],
};
const kMostThreads = 4;

/** Expects a RangeError or DataError with this text, and then a library that still computes. */
function refuses(library: Library, name: 'RangeError' | 'DataError', message: RegExp, call: () => unknown): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof Error, `${String(error)} is no Error`);
    assert.equal(error.name, name, error.message);
    assert.equal(error instanceof RangeError, name === 'RangeError');
    assert.match(error.message, message);
    return true;
  });
  assert.equal(product(library, 2, 3, 4).length, 8);
}

/** A·B of the reference operands by a rung, as a copy. */
function product(library: Library, M: number, K: number, N: number, rung = ''): Float32Array {
  const a = filled(library, M, K, randomValues(M * K, 1));
  const b = filled(library, K, N, randomValues(K * N, 2));
  const c = new library.Tensor(M, N);
  try {
    library.gemmMultiply(a, b, c, rung);
    return c.view().slice();
  } finally {
    for (const tensor of [a, b, c]) tensor.delete();
  }
}

function filled(library: Library, rows: number, columns: number, values: Float32Array): Tensor {
  const tensor = new library.Tensor(rows, columns);
  tensor.view().set(values);
  return tensor;
}

function blockingOf(library: Library): [number, number, number] {
  const { depth, rows, columns } = library.gemmBlocking();
  return [depth, rows, columns];
}

/** Runs `cycle` often; the heap must hold as many bytes afterwards as after the first few. */
function keepsMemory(library: Library, times: number, cycle: () => void): void {
  for (let i = 0; i < 3; ++i) cycle();
  const before = library.memoryInUse();
  for (let i = 0; i < times; ++i) cycle();
  assert.equal(library.memoryInUse() - before, 0, `bytes lost in ${times} cycles`);
}

function describeBuild(build: BuildName): void {
  let library: Library;
  /** All rungs of a race. */
  let rungs: VariantInfo[];
  /** Those that a product can name. */
  let variants: VariantInfo[];
  before(async () => {
    library = await loadLibrary(build, kMostThreads);
    library.setThreads(isThreaded(build) ? 2 : 1);
    rungs = library.gemmVariants().filter(({ name }) => name !== kGuestRung); // which is empty: guest.test.ts fills it
    variants = rungs.filter(({ prepacked }) => !prepacked);
  });

  it('says what it is', () => {
    const info = library.buildInfo();
    assert.equal(info.build, build);
    assert.equal(info.threads, isThreaded(build));
    assert.equal(info.isa, build.startsWith('relaxed') ? 'wasm128+relaxed' : 'wasm128');
    assert.match(info.version, /^\d+\.\d+\.\d+$/);
    assert.ok(info.memoryBytes >= 1 << 20);
    if (isThreaded(build)) assert.equal(info.memoryBytes, 256 << 20);
  });

  it('lists the ladder', () => {
    const names = rungs.map(({ name }) => name);
    const relaxed = build.startsWith('relaxed');
    const int8 = kInt8Rungs[relaxed ? 'relaxed' : 'simd'];
    assert.deepEqual(names, [...kExactRungs, ...(relaxed ? kFusedRungs : []), ...int8]);
    for (const { name, idea, mode, threaded, prepacked, supported } of rungs) {
      assert.equal(mode, int8.includes(name) ? 'int8' : kFusedRungs.includes(name) ? 'fast' : 'exact', name);
      assert.equal(threaded, name.endsWith('_threads'), name);
      assert.equal(prepacked, name.endsWith('_prepacked') || int8.includes(name), name);
      assert.ok(supported, name);
      assert.ok(idea.length > 5, name);
    }
    const tick = library.clockTick();
    assert.ok(tick > 0 && tick < 0.1, `the clock's tick is ${tick} s`);
  });

  describe('refuses bad arguments', () => {
    it('dimensions of tensors', () => {
      refuses(library, 'RangeError', /\[-1,3.*negative/, () => new library.Tensor(-1, 3));
      refuses(library, 'RangeError', /\[65536,65536.*more than 2147483647/, () => new library.Tensor(65536, 65536));
      for (const odd of [2 ** 32 + 2, -(2 ** 32), 2 ** 31, 1e300, Infinity, NaN, 2.5]) {
        refuses(library, 'RangeError', /whole number/, () => new library.Tensor(odd, 3));
        refuses(library, 'RangeError', /whole number/, () => new library.Tensor(3, odd));
      }
    });

    it('more memory than there is', () => {
      // 1.1 GB: above the most of any build, and refused before it is touched.
      refuses(library, 'RangeError', /out of memory/, () => new library.Tensor(20_000, 14_000));
    });

    it('zero, negative and overflowing dimensions of a race', () => {
      const race = (m: number, k: number, n: number) => new library.GemmRace(m, k, n, ['naive'], 1);
      refuses(library, 'RangeError', /\[0,4,4\].*>= 1/, () => race(0, 4, 4));
      refuses(library, 'RangeError', /\[4,0,4\].*>= 1/, () => race(4, 0, 4));
      refuses(library, 'RangeError', /\[4,4,-7\].*>= 1/, () => race(4, 4, -7));
      refuses(library, 'RangeError', /more than 2147483647/, () => race(50_000, 50_000, 1));
      refuses(library, 'RangeError', /out of memory/, () => race(20_000, 14_000, 1));
      refuses(library, 'RangeError', /whole number/, () => race(2 ** 32 + 4, 4, 4));
      refuses(library, 'RangeError', /whole number/, () => race(4, NaN, 4));
    });

    it('rungs and times', () => {
      refuses(library, 'RangeError', /"turbo".*naive, reordered/, () => new library.GemmRace(4, 4, 4, ['turbo'], 1));
      refuses(library, 'RangeError', /"turbo".*naive, reordered/, () => product(library, 2, 2, 2, 'turbo'));
      for (const seconds of [0, -1, NaN]) {
        refuses(library, 'RangeError', /seconds/, () => new library.GemmRace(4, 4, 4, ['naive'], seconds));
        refuses(library, 'RangeError', /seconds/, () => new library.RooflineProbe(seconds));
        refuses(library, 'RangeError', /seconds/, () => new library.BlockingTuner(seconds));
      }
    });

    it('block sizes', () => {
      const [depth, rows, columns] = blockingOf(library);
      for (const odd of [0, -1, 2 ** 20 + 1]) {
        const message = /blocking \[.*must be 1 to 1048576/;
        refuses(library, 'RangeError', message, () => library.setGemmBlocking(odd, 1, 1));
        refuses(library, 'RangeError', message, () => library.setGemmBlocking(1, odd, 1));
        refuses(library, 'RangeError', message, () => library.setGemmBlocking(1, 1, odd));
      }
      refuses(library, 'RangeError', /depth is .*whole number/, () => library.setGemmBlocking(2.5, 1, 1));
      refuses(library, 'RangeError', /rows is .*whole number/, () => library.setGemmBlocking(1, 2 ** 32 + 1, 1));
      assert.deepEqual(blockingOf(library), [depth, rows, columns], 'unchanged');
    });

    it('packed matrices that do not fit', () => {
      const [a, b, c] = [new library.Tensor(2, 3), new library.Tensor(3, 5), new library.Tensor(2, 5)];
      refuses(library, 'RangeError', /"turbo".*naive, reordered/, () => new library.PackedMatrix(b, 'turbo'));
      refuses(library, 'RangeError', /"simd_prepacked"/, () => new library.PackedMatrix(b, 'simd_prepacked'));
      const packed = new library.PackedMatrix(b, 'simd');
      const message = /A is \[2,5\], B \[3,5\] and C \[2,5\]/;
      const other = new library.Tensor(2, 5);
      refuses(library, 'RangeError', message, () => library.gemmMultiplyPacked(other, packed, c));
      refuses(library, 'RangeError', /same tensor/, () => library.gemmMultiplyPacked(a, packed, a));
      packed.delete();
      assert.throws(() => library.gemmMultiplyPacked(a, packed, c), /deleted/);
      for (const tensor of [a, b, c, other]) tensor.delete();
    });

    it('numbers of threads', () => {
      for (const threads of [0, -1, 257]) {
        refuses(library, 'RangeError', new RegExp(`${threads} threads; 1 to 256`), () => library.setThreads(threads));
      }
      refuses(library, 'RangeError', /threads is 4294967297.*whole number/, () => library.setThreads(2 ** 32 + 1));
    });

    it('shapes that do not match', () => {
      const [a, b, c] = [new library.Tensor(2, 3), new library.Tensor(4, 5), new library.Tensor(2, 5)];
      refuses(library, 'RangeError', /A is \[2,3\], B \[4,5\] and C \[2,5\]/, () => library.gemmMultiply(a, b, c, ''));
      const square = new library.Tensor(3, 3);
      refuses(library, 'RangeError', /same tensor/, () => library.gemmMultiply(a, square, a, ''));
      for (const tensor of [a, b, c, square]) tensor.delete();
    });

    it('a lane that is not there', () => {
      const race = new library.GemmRace(4, 4, 4, ['naive'], 1);
      for (const lane of [-1, 1, 2 ** 32, 0.5]) {
        refuses(library, 'RangeError', /./, () => race.samples(lane));
        refuses(library, 'RangeError', /./, () => race.digest(lane));
        refuses(library, 'RangeError', /./, () => race.packedBytes(lane));
      }
      race.delete();
    });
  });

  describe('loses no memory', () => {
    it('in 1,000 tensors', () => keepsMemory(library, 1000, () => new library.Tensor(37, 41).delete()));
    it('in 1,000 races', () => {
      keepsMemory(library, 1000, () => {
        const race = new library.GemmRace(9, 10, 11, ['naive', 'simd', 'simd_threads'], 0.01);
        race.step();
        race.lanes();
        race.delete();
      });
    });
    it('in 1,000 packed matrices', () => {
      const b = new library.Tensor(37, 41);
      keepsMemory(library, 1000, () => new library.PackedMatrix(b, 'simd').delete());
      b.delete();
    });
    it('in 20 races of block sizes', () => keepsMemory(library, 20, () => new library.BlockingTuner(1).delete()));
    // Fewer, as each allocates and fills 64 MiB; since not a byte may be lost, the number hardly matters.
    it('in 50 probes', () => keepsMemory(library, 50, () => new library.RooflineProbe(1).delete()));
    it('in 1,000 refusals', () => {
      keepsMemory(library, 1000, () => {
        assert.throws(() => new library.Tensor(-1, 1), RangeError);
        assert.throws(() => new library.GemmRace(1, 1, 1, ['turbo'], 1), RangeError);
      });
    });
  });

  describe('shows its memory', () => {
    it('and sees what is written there', () => {
      const [a, b] = [filled(library, 2, 2, Float32Array.of(1, 2, 3, 4)), filled(library, 2, 1, Float32Array.of(5, 6))];
      const c = new library.Tensor(2, 1);
      assert.deepEqual([...c.view()], [0, 0]);
      assert.deepEqual([a.rows(), a.columns(), b.rows(), b.columns()], [2, 2, 2, 1]);
      library.gemmMultiply(a, b, c, 'naive');
      assert.deepEqual([...c.view()], [17, 39]);
      a.view()[3] = 10;
      library.gemmMultiply(a, b, c, 'naive');
      assert.deepEqual([...c.view()], [17, 75]);
      for (const tensor of [a, b, c]) tensor.delete();
    });

    it('but not after delete', () => {
      const [tensor, other] = [new library.Tensor(2, 2), new library.Tensor(2, 2)];
      tensor.delete();
      assert.throws(() => tensor.view(), /deleted/);
      assert.throws(() => tensor.rows(), /deleted/);
      assert.throws(() => tensor.delete(), /deleted/);
      assert.throws(() => library.gemmMultiply(tensor, other, other, ''), /deleted/);
      other.delete();
      const race = new library.GemmRace(4, 4, 4, ['naive'], 1);
      race.delete();
      assert.throws(() => race.step(), /deleted/);
      assert.throws(() => race.lanes(), /deleted/);
    });
  });

  describe('multiplies', () => {
    const sizes: [number, number, number][] = [
      [1, 1, 1],
      [3, 5, 7],
      [1, 300, 33],
      [17, 64, 1],
      [67, 129, 53],
      [5, 0, 6],
      [0, 4, 4],
    ];
    it('bit for bit as three loops over float32 do, by every exact rung', () => {
      for (const [M, K, N] of sizes) {
        const want = multiplyInOrder(randomValues(M * K, 1), randomValues(K * N, 2), M, K, N).product;
        for (const rung of ['', ...kExactVariants]) {
          assert.deepEqual(product(library, M, K, N, rung), want, `${rung || 'the dispatcher'}, ${M}x${K}x${N}`);
        }
      }
    });

    it('a packed matrix to the same bits, by every rung', () => {
      for (const { name } of variants) {
        for (const [M, K, N] of [...sizes, [5, 700, 41] as const]) {
          const a = filled(library, M, K, randomValues(M * K, 1));
          const b = filled(library, K, N, randomValues(K * N, 2));
          const [want, got] = [new library.Tensor(M, N), new library.Tensor(M, N)];
          const packed = new library.PackedMatrix(b, name);
          b.view().fill(NaN); // it is a copy
          assert.ok(packed.bytes() >= 4 * K * N && packed.bytes() <= 4 * K * (N + 3), `${packed.bytes()} bytes`);
          library.gemmMultiplyPacked(a, packed, got);
          b.view().set(randomValues(K * N, 2));
          library.gemmMultiply(a, b, want, name);
          assert.deepEqual(got.view().slice(), want.view().slice(), `${name}, ${M}x${K}x${N}`);
          for (const handle of [a, b, want, got, packed]) handle.delete();
        }
      }
    });

    it('the same bits whatever the blocks', () => {
      const before = blockingOf(library);
      const want = product(library, 67, 129, 53, 'naive');
      for (const [depth, rows, columns] of [
        [1, 1, 1],
        [7, 5, 9],
        [64, 200, 16],
      ] as const) {
        library.setGemmBlocking(depth, rows, columns);
        assert.deepEqual(blockingOf(library), [depth, rows, columns]);
        for (const rung of kExactVariants) assert.deepEqual(product(library, 67, 129, 53, rung), want, rung);
      }
      library.setGemmBlocking(...before);
    });

    it('within K·ε of it by every fused rung', () => {
      for (const { name } of variants.filter(({ mode }) => mode === 'fast')) {
        for (const [M, K, N] of sizes) {
          const want = multiplyInOrder(randomValues(M * K, 1), randomValues(K * N, 2), M, K, N);
          product(library, M, K, N, name).forEach((value, i) => {
            const bound = 2 * K * 2 ** -24 * want.magnitude[i]!;
            assert.ok(Math.abs(value - want.product[i]!) <= bound, `${name}, ${M}x${K}x${N}, element ${i}: ${value}`);
          });
        }
      }
    });

    it('NaN and infinity as IEEE 754 says, and only where they belong', () => {
      const [M, K, N] = [6, 40, 35];
      const [left, right] = [randomValues(M * K, 1), randomValues(K * N, 2)];
      left[2 * K + 7] = NaN;
      left[4 * K + 3] = Infinity;
      right[3 * N + 1] = 0;
      const want = multiplyInOrder(left, right, M, K, N).product;
      assert.equal(want.filter(Number.isNaN).length, N + 1, 'a whole row, and 0·∞');
      const [a, b] = [filled(library, M, K, left), filled(library, K, N, right)];
      const c = new library.Tensor(M, N);
      for (const { name, mode } of variants) {
        library.gemmMultiply(a, b, c, name);
        const got = c.view();
        if (mode === 'exact') assert.deepEqual(got.slice(), want, name);
        got.forEach((value, i) => assert.equal(Number.isNaN(value), Number.isNaN(want[i]), `${name}, element ${i}`));
      }
      for (const tensor of [a, b, c]) tensor.delete();
    });
  });

  describe('multiplies by sparse weights', () => {
    const formats = ['csr', 'block1x4', 'block4x4'] as const;
    type Format = (typeof formats)[number];
    const sizes: [number, number, number][] = [
      [1, 1, 1],
      [1, 300, 133],
      [2, 37, 70],
      [19, 64, 33],
      [67, 29, 301],
      [5, 0, 6],
      [0, 4, 4],
    ];

    /** Random weights of which one in four is left, in bundles of four outputs. */
    function pruned(K: number, N: number): Float32Array {
      const keep = randomValues(K * N, 9);
      return randomValues(K * N, 2).map((value, i) => (keep[i - ((i % N) % 4)]! < -0.5 ? value : 0));
    }

    function sparseProduct(M: number, K: number, N: number, format: Format, variant: string): Float32Array {
      const a = filled(library, M, K, randomValues(M * K, 1));
      const w = filled(library, K, N, pruned(K, N));
      const sparse = new library.SparseMatrix(w, format, variant);
      const c = new library.Tensor(M, N);
      try {
        library.sparseMultiply(a, sparse, c);
        return c.view().slice();
      } finally {
        for (const handle of [a, w, sparse, c]) handle.delete();
      }
    }

    it('by a ladder of rungs', () => {
      const rungs = library.sparseVariants();
      const dense = variants.map(({ name }) => name);
      assert.equal(rungs[0]!.name, 'naive');
      for (const { name, idea, isa, mode, threaded, supported } of rungs) {
        assert.ok(dense.includes(name), `${name} has a dense rung beside it`);
        assert.equal(mode, kFusedRungs.includes(name) ? 'fast' : 'exact', name);
        assert.equal(threaded, name.endsWith('_threads'), name);
        assert.ok(supported && idea.length > 5 && isa.length > 3, name);
      }
      assert.ok(rungs.some(({ name }) => name === (build.startsWith('relaxed') ? 'relaxed_threads' : 'simd_threads')));
    });

    it('bit for bit as the dense product with the zeros, by every exact rung', () => {
      for (const [M, K, N] of sizes) {
        const want = multiplyInOrder(randomValues(M * K, 1), pruned(K, N), M, K, N);
        for (const format of formats) {
          assert.deepEqual(sparseProduct(M, K, N, format, ''), want.product, `dispatcher, ${format}, ${M}x${K}x${N}`);
          for (const { name, mode } of library.sparseVariants()) {
            const got = sparseProduct(M, K, N, format, name);
            if (mode === 'exact') assert.deepEqual(got, want.product, `${name}, ${format}, ${M}x${K}x${N}`);
            got.forEach((value, i) => {
              const bound = 2 * K * 2 ** -24 * want.magnitude[i]!;
              assert.ok(Math.abs(value - want.product[i]!) <= bound, `${name}, ${format}, element ${i}: ${value}`);
            });
          }
        }
      }
    });

    it('and says what they hold', () => {
      const w = filled(library, 4, 8, new Float32Array(32).fill(1, 8, 11));
      const bytes = { csr: 3 * 8 + 8 * 8 + 4, block1x4: 20 + 2 * 8 + 4, block4x4: 68 + 2 * 8 + 4 };
      const densities = { csr: 3 / 32, block1x4: 1 / 8, block4x4: 1 / 2 };
      for (const format of formats) {
        const sparse = new library.SparseMatrix(w, format, 'simd');
        assert.equal(sparse.bytes(), bytes[format], format);
        assert.equal(sparse.density(), densities[format], format);
        assert.equal(sparse.nonzeros(), 3, format);
        sparse.delete();
      }
      w.delete();
    });

    it('refusing what it cannot', () => {
      const [a, w, c] = [new library.Tensor(2, 3), new library.Tensor(3, 5), new library.Tensor(2, 4)];
      const sparse = new library.SparseMatrix(w, 'csr', '');
      refuses(
        library,
        'RangeError',
        /"coo"; there are csr, block1x4/,
        () => new library.SparseMatrix(w, 'coo' as Format, ''),
      );
      refuses(library, 'RangeError', /"turbo".*naive, simd/, () => new library.SparseMatrix(w, 'csr', 'turbo'));
      refuses(library, 'RangeError', /W \[3,5\] and C \[2,4\]/, () => library.sparseMultiply(a, sparse, c));
      refuses(library, 'RangeError', /same tensor/, () => library.sparseMultiply(a, sparse, a));
      const probe = (m: number, format: string, mode: string, seconds: number) => () =>
        new library.SparseCrossover(m, 4, 4, format as Format, mode as 'exact', seconds);
      refuses(library, 'RangeError', /\[0,4,4\].*>= 1/, probe(0, 'csr', 'exact', 1));
      refuses(library, 'RangeError', /"coo"/, probe(4, 'coo', 'exact', 1));
      refuses(library, 'RangeError', /"quick"; there are exact, fast/, probe(4, 'csr', 'quick', 1));
      refuses(library, 'RangeError', /seconds/, probe(4, 'csr', 'fast', 0));
      for (const handle of [a, w, c, sparse]) handle.delete();
    });

    it('without losing memory', () => {
      const w = filled(library, 37, 70, pruned(37, 70));
      keepsMemory(library, 300, () => {
        for (const format of formats) new library.SparseMatrix(w, format, '').delete();
        assert.throws(() => new library.SparseMatrix(w, 'coo' as Format, ''), RangeError);
      });
      w.delete();
    });

    it('from a density on that it measures', () => {
      const probe = new library.SparseCrossover(8, 64, 64, 'block1x4', 'exact', 0.3);
      assert.throws(() => probe.crossover(), /not every density/);
      for (let steps = 0; probe.step() && steps < 10_000; ++steps);
      assert.equal(probe.progress(), 1);
      const [dense, ...lanes] = probe.lanes();
      assert.equal(dense!.name, 'dense');
      const densities = probe.densities();
      assert.equal(densities.length, lanes.length);
      lanes.forEach((lane, i) => {
        assert.ok(Math.abs(lane.flops - dense!.flops * densities[i]!) < 1, lane.name);
        assert.ok(lane.statistics!.median > 0, lane.name);
      });
      const first = lanes[0]!.statistics!.median < dense!.statistics!.median;
      assert.equal(probe.crossover() > 0, first, 'sparse wins somewhere, or nowhere');
      assert.ok(probe.crossover() <= 1);
      probe.delete();
    });
  });

  describe('measures', () => {
    it('a race', () => {
      const names = ['naive', 'packed', 'simd', 'simd_prepacked'];
      const race = new library.GemmRace(48, 40, 56, names, 0.8);
      assert.equal(race.scratchHighWater(), 0);
      let progress = 0;
      let steps = 0;
      do {
        assert.ok(race.progress() >= progress, 'progress falls');
        progress = race.progress();
      } while (race.step() && ++steps < 10_000);
      assert.equal(race.progress(), 1);
      assert.equal(race.step(), false);
      const lanes = race.lanes();
      assert.deepEqual(
        lanes.map(({ name }) => name),
        names,
      );
      assert.deepEqual(
        names.map((_, i) => race.packedBytes(i)),
        [0, 0, 0, 4 * 40 * 56],
      );
      assert.ok(race.scratchHighWater() > 0 && race.scratchHighWater() < 1 << 20);
      lanes.forEach((lane, i) => {
        assert.equal(lane.flops, 2 * 48 * 40 * 56);
        assert.equal(lane.bytes, 4 * (48 * 40 + 40 * 56 + 48 * 56));
        const { count, min, low, median, high, max } = lane.statistics!;
        const samples = race.samples(i);
        assert.equal(samples.length, count);
        assert.equal(Math.min(...samples), min);
        assert.equal(Math.max(...samples), max);
        assert.ok(0 < min && min <= low && low <= median && median <= high && high <= max, lane.name);
        assert.ok(lane.flops / median > 1e6 && lane.flops / median < 1e13, `${lane.flops / median} FLOP/s`);
        assert.match(race.digest(i), /^[0-9a-f]{16}$/);
        assert.equal(race.digest(i), race.digest(0));
      });
      race.delete();
    });

    it('block sizes, and uses the best', () => {
      const before = blockingOf(library);
      const tuner = new library.BlockingTuner(0.4);
      assert.deepEqual(Object.values(tuner.best()), before, 'nothing measured: the default');
      let progress = 0;
      for (let steps = 0; tuner.step() && steps < 10_000; ++steps) {
        assert.ok(tuner.progress() >= progress, 'progress falls');
        progress = tuner.progress();
      }
      assert.equal(tuner.progress(), 1);
      const lanes = tuner.lanes();
      assert.equal(lanes.length, 8);
      assert.equal(lanes[0]!.name, before.join('/'), 'the default comes first');
      for (const { name, flops, statistics } of lanes) {
        assert.match(name, /^\d+\/\d+\/\d+$/);
        assert.equal(flops, 2 * 768 ** 3);
        assert.ok(statistics!.median > 0, name);
      }
      const { depth, rows, columns } = tuner.best();
      assert.ok(lanes.some(({ name }) => name === `${depth}/${rows}/${columns}`));
      assert.deepEqual(blockingOf(library), before, 'not applied yet');
      tuner.apply();
      assert.deepEqual(blockingOf(library), [depth, rows, columns]);
      tuner.delete();
      library.setGemmBlocking(...before);
    });

    it('its scratch memory', () => {
      const used = library.scratchHighWater();
      product(library, 300, 700, 300, 'simd'); // too many rows to read B in place
      assert.ok(library.scratchHighWater() >= Math.max(used, 4 * 512 * 300), `${library.scratchHighWater()} bytes`);
    });

    it('the roofline', () => {
      const probe = new library.RooflineProbe(0.5);
      for (let steps = 0; probe.step() && steps < 10_000; ++steps);
      assert.equal(probe.progress(), 1);
      const peaks = probe.peaks();
      const threads = library.setThreads(isThreaded(build) ? 2 : 1);
      assert.deepEqual([...new Set(peaks.map((peak) => peak.threads))].sort(), threads === 2 ? [1, 2] : [1]);
      for (const name of ['wasm128', ...(build.startsWith('relaxed') ? ['wasm128+relaxed'] : [])]) {
        assert.ok(
          peaks.some((peak) => peak.kind === 'compute' && peak.name === name),
          name,
        );
      }
      // Every rung of every mode has a roof.
      for (const { name, isa, threaded } of library.gemmVariants().filter(({ supported }) => supported)) {
        const own = (peak: (typeof peaks)[number]) =>
          peak.kind !== 'memory' && peak.name === isa && peak.threads === (threaded ? threads : 1);
        assert.ok(peaks.some(own), `${name}: ${isa}`);
      }
      assert.ok(peaks.some((peak) => peak.kind === 'memory' && peak.bytes >= 256 * 1024));
      for (const { name, value } of peaks) assert.ok(value > 1e7 && value < 1e14, `${name}: ${value} per second`);
      probe.delete();
    });
  });
}

for (const build of kBuilds) describe(`the ${build} build`, () => describeBuild(build));

describe('threads', () => {
  for (const build of kBuilds.filter(isThreaded)) {
    it(`${build}: starts with 1 to 4, with the same result`, async () => {
      let want: Float32Array | undefined;
      for (let threads = 1; threads <= kMostThreads; ++threads) {
        const library = await loadLibrary(build, threads);
        assert.equal(library.setThreads(threads), threads);
        const got = product(library, 70, 90, 110, 'simd_threads');
        want ??= got;
        assert.deepEqual(got, want, `${threads} threads`);
        assert.equal(library.setThreads(1), 1);
        assert.deepEqual(product(library, 70, 90, 110, 'simd_threads'), want, `one of ${threads} threads`);
        assert.equal(library.setThreads(threads), threads);
      }
    });

    // In a browser it may not; golden.test.ts looks at that.
    it(`${build}: starts more later, in Node`, async () => {
      const library = await loadLibrary(build, 2);
      const want = product(library, 64, 64, 64, 'naive');
      assert.equal(library.setThreads(4), 4);
      assert.deepEqual(product(library, 64, 64, 64, 'simd_threads'), want);
    });
  }

  for (const build of kBuilds.filter((name) => !isThreaded(name))) {
    it(`${build}: has one, whatever is asked for`, async () => {
      const library = await loadLibrary(build, 4);
      assert.equal(library.setThreads(4), 1);
      assert.equal(product(library, 64, 64, 64, 'simd_threads').length, 64 * 64);
    });
  }
});
