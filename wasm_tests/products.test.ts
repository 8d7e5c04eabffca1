// Products in each of the four WebAssembly builds, held against three loops over float32.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kGuestRung } from '#lab/guest.ts';
import type { BuildName, VariantInfo } from '#lab/types.ts';
import { isThreaded, kBuilds, type Library, loadModule } from './lib/library.ts';
import { blockingOf, filled, kExactVariants, kSizes, product } from './lib/products.ts';
import { multiplyInOrder, randomValues } from './lib/reference.ts';

function describeBuild(build: BuildName): void {
  let library: Library;
  /** The rungs that a product can name. */
  let variants: VariantInfo[];
  before(async () => {
    library = await loadModule(build, 'optlab', 2);
    library.setThreads(isThreaded(build) ? 2 : 1);
    variants = library.gemmVariants().filter(({ name, prepacked }) => !prepacked && name !== kGuestRung);
  });

  describe('multiplies', () => {
    it('bit for bit as three loops over float32 do, by every exact rung', () => {
      for (const [M, K, N] of kSizes) {
        const want = multiplyInOrder(randomValues(M * K, 1), randomValues(K * N, 2), M, K, N).product;
        for (const rung of ['', ...kExactVariants]) {
          assert.deepEqual(product(library, M, K, N, rung), want, `${rung || 'the dispatcher'}, ${M}x${K}x${N}`);
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
        for (const [M, K, N] of kSizes) {
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
}

for (const build of kBuilds) describe(`products in the ${build} build`, () => describeBuild(build));
