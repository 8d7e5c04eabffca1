// What exact mode is proved on. Runs in Node and, with its types stripped, in a worker of a web page; so it imports only types.
import type { OptLabModule } from '../../web/src/lab/types.ts';

/** M, K, N: a row by a matrix, odd sizes across the edges of every tile, and more than one block in each direction. */
export const kShapes: readonly [number, number, number][] = [
  [1, 300, 65],
  [67, 129, 53],
  [131, 515, 259],
];

/** One digest: of what, computed by whom. */
export interface Vector {
  what: string;
  rung: string;
  digest: string;
}

export const shapeName = ([M, K, N]: readonly [number, number, number]): string => `gemm ${M}x${K}x${N}`;
export const kLogits = 'logits of the MLP';

/** The digests of every exact rung of a started module, on operands that the library draws itself. */
export function computeVectors(
  library: OptLabModule,
  threads: number,
  model: Uint8Array,
  images: Uint8Array,
): { threads: number; vectors: Vector[] } {
  const started = library.setThreads(threads);
  const rungs = library.gemmVariants().filter(({ mode }) => mode === 'exact');
  const vectors: Vector[] = [];
  for (const shape of kShapes) {
    for (const { name: rung } of rungs) {
      const race = new library.GemmRace(...shape, [rung], 0.01);
      race.step(); // the first call computes the digest
      vectors.push({ what: shapeName(shape), rung, digest: race.digest(0) });
      race.delete();
    }
  }
  const mlp = new library.Mlp(model);
  // The slow rungs have been seen above; 2,000 images take them seconds.
  const fast = rungs.filter(({ name, isa, prepacked }) => !prepacked && (isa !== 'scalar' || name === 'packed'));
  for (const { name: rung } of fast) {
    vectors.push({ what: kLogits, rung, digest: mlp.classify(images, rung).logitsDigest });
  }
  mlp.delete();
  return { threads: started, vectors };
}
