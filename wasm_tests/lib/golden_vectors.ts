// What exact mode is proved on. Runs in Node and, with its types stripped, in a worker of a web page; so it imports only types.
import type { KernelModule, ModelModule } from '#lab/types.ts';

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

/** Of the weights after 100 steps of training on 64 test images, as src/image/golden_test.cpp has them. */
export const kTrained = { mlp: '223113563245b835', cnn: 'a8f0d0b762b2c69e' } as const;
export const trainingName = (kind: keyof typeof kTrained): string => `training the ${kind}`;

/** The digest of the weights after 100 steps with 8 images each. */
function train(library: ModelModule, kind: keyof typeof kTrained, images: Uint8Array, labels: Uint8Array): string {
  const settings = { epochs: 13, batch: 8, learningRate: 0.001, cosine: true, weightDecay: 0, seed: 1, fast: false };
  const trainer = new library.Trainer(kind, images, labels, settings);
  for (let step = 0; step < 100; ++step) trainer.step();
  const model = kind === 'mlp' ? new library.Mlp(trainer.checkpoint()) : new library.Cnn(trainer.checkpoint());
  const digest = model.digest();
  trainer.delete();
  model.delete();
  return digest;
}

/** The digests of every exact rung of the started modules, on operands that the library draws itself, on test images and their labels. */
export function computeVectors(
  library: KernelModule,
  models: ModelModule,
  threads: number,
  model: Uint8Array,
  images: Uint8Array,
  labels: Uint8Array,
): { threads: number; vectors: Vector[] } {
  const started = Math.min(library.setThreads(threads), models.setThreads(threads));
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
  const mlp = new models.Mlp(model);
  // The slow rungs have been seen above; 2,000 images take them seconds.
  const fast = rungs.filter(({ name, isa, prepacked }) => !prepacked && (isa !== 'scalar' || name === 'packed'));
  for (const { name: rung } of fast) {
    vectors.push({ what: kLogits, rung, digest: mlp.classify(images, rung).logitsDigest });
  }
  mlp.delete();
  for (const kind of ['mlp', 'cnn'] as const) {
    const digest = train(models, kind, images.subarray(0, 64 * 784), labels.subarray(0, 64));
    vectors.push({ what: trainingName(kind), rung: 'the dispatcher', digest });
  }
  return { threads: started, vectors };
}
