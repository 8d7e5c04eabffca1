// A short training whose outcome is known: the MLP, three epochs over the compact training set, batch 128, rate 0.001, seed 1, exact.
// `optlab train mlp --epochs 3 --data data/fashion-mnist` comes to the same weights.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { kRoot } from './library.ts';

/** Of the weights at the end. */
export const kTrainedDigest = '845ac340ed6dcd58';
/** Test images of 2,000 that are right after each epoch. */
export const kTrainedRight = [1661, 1691, 1696];

/** All 10,000 training images of the compact set, and their labels. */
export function readTrainingSet(): { images: Uint8Array; labels: Uint8Array } {
  const read = (name: string, header: number) =>
    Uint8Array.from(gunzipSync(readFileSync(join(kRoot, 'data/fashion-mnist', name))).subarray(header));
  return { images: read('train-images-idx3-ubyte.gz', 16), labels: read('train-labels-idx1-ubyte.gz', 8) };
}
