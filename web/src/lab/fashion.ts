import { gunzip, parseIdx } from './data.ts';
import { DataError } from './errors.ts';
import { kPublished, type AssetName } from './assets.ts';
import type { TaskHost } from './task.ts';

/** Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 28×28 grey images of clothing in ten classes. */

export const kSide = 28;
export const kPixels = kSide * kSide;
export const kClasses: readonly string[] = [
  'T-shirt',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** Images with their labels, for a test or for training. */
export interface TestSet {
  count: number;
  /** count·784 bytes, 0 black … 255 white. */
  images: Uint8Array;
  labels: Uint8Array;
}

const kUncompressedLimit = 64 << 20;

async function parseImages(bytes: Uint8Array, what: string): Promise<Uint8Array> {
  const { shape, data } = parseIdx(await gunzip(bytes, what, kUncompressedLimit), 3, what);
  const [, rows, columns] = shape;
  if (rows !== kSide || columns !== kSide)
    throw new DataError(`${what} holds ${rows}×${columns} images instead of 28×28`);
  return data;
}

async function parseLabels(bytes: Uint8Array, what: string): Promise<Uint8Array> {
  const { data } = parseIdx(await gunzip(bytes, what, kUncompressedLimit), 1, what);
  const bad = data.findIndex((label) => label >= kClasses.length);
  if (bad !== -1) throw new DataError(`${what}: label ${bad} is ${data[bad]}, which is no class`);
  return data;
}

async function labelledImages(parse: TaskHost['parse'], images: AssetName, labels: AssetName): Promise<TestSet> {
  const [pixels, truth] = await Promise.all([parse(images, parseImages), parse(labels, parseLabels)]);
  const count = pixels.length / kPixels;
  if (truth.length !== count)
    throw new DataError(`${kPublished[labels]} holds ${truth.length} labels for ${count} images`);
  return { count, images: pixels, labels: truth };
}

/** Images and their labels, loaded by a task. Throws DataError naming the file that is wrong. */
export const testSet = (parse: TaskHost['parse']): Promise<TestSet> =>
  labelledImages(parse, 'testImages', 'testLabels');
export const trainingSet = (parse: TaskHost['parse']): Promise<TestSet> =>
  labelledImages(parse, 'trainImages', 'trainLabels');

/** How many predictions equal the labels. */
export function countRight(predictions: Uint8Array, labels: Uint8Array): number {
  let right = 0;
  for (let i = 0; i < labels.length; ++i) right += predictions[i] === labels[i] ? 1 : 0;
  return right;
}
