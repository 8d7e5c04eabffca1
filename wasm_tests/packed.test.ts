// Matrices packed beforehand, in each of the four WebAssembly builds.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kGuestRung } from '#lab/guest.ts';
import type { BuildName } from '#lab/types.ts';
import { keepsMemory } from './lib/checks.ts';
import { isThreaded, kBuilds, loadModule, type Peers } from './lib/library.ts';
import { filled, kSizes, refuses } from './lib/products.ts';
import { randomValues } from './lib/reference.ts';

function describeBuild(build: BuildName): void {
  let library: Peers;
  before(async () => {
    library = await loadModule(build, 'peers', 2);
    library.setThreads(isThreaded(build) ? 2 : 1);
  });

  it('multiply to the same bits, by every rung', () => {
    const variants = library.gemmVariants().filter(({ name, prepacked }) => !prepacked && name !== kGuestRung);
    for (const { name } of variants) {
      for (const [M, K, N] of [...kSizes, [5, 700, 41] as const]) {
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

  it('are refused where they do not fit', () => {
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

  it('lose no memory', () => {
    const b = new library.Tensor(37, 41);
    keepsMemory(library, 1000, () => new library.PackedMatrix(b, 'simd').delete());
    b.delete();
  });
}

for (const build of kBuilds) describe(`packed matrices in the ${build} build`, () => describeBuild(build));
