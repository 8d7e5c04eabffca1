// Products with sparse weights in each of the four WebAssembly builds, held against three loops over float32.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BuildName } from '#lab/types.ts';
import { keepsMemory } from './lib/checks.ts';
import { isThreaded, kBuilds, loadModule, type Peers } from './lib/library.ts';
import { filled, kFusedRungs, refuses } from './lib/products.ts';
import { multiplyInOrder, randomValues } from './lib/reference.ts';

function describeBuild(build: BuildName): void {
  let library: Peers;
  before(async () => {
    library = await loadModule(build, 'peers', 2);
    library.setThreads(isThreaded(build) ? 2 : 1);
  });

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
    const dense = library.gemmVariants().map(({ name }) => name);
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
}

for (const build of kBuilds) describe(`products by sparse weights in the ${build} build`, () => describeBuild(build));
