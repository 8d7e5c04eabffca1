import { fetchVerified, gunzip, parseIdx, type DataFile } from './data.ts';
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

/** Downloads and checks images and their labels. Throws DataError naming the file that is wrong. */
export async function loadTestSet(
  base: string,
  imagesFile: DataFile,
  labelsFile: DataFile,
  signal?: AbortSignal,
): Promise<TestSet> {
  const [images, labels] = await Promise.all([
    fetchVerified(base, imagesFile, signal).then((bytes) => parseImages(bytes, imagesFile.path)),
    fetchVerified(base, labelsFile, signal).then((bytes) => parseLabels(bytes, labelsFile.path)),
  ]);
  return { count: labels.length, images, labels };
}

/** How many predictions equal the labels. */
export function countRight(predictions: Uint8Array, labels: Uint8Array): number {
  let right = 0;
  for (let i = 0; i < labels.length; ++i) right += predictions[i] === labels[i] ? 1 : 0;
  return right;
}

/** "1,817 of 2,000" */
export function countOf(part: number, whole: number): string {
  return `${part.toLocaleString('en')} of ${whole.toLocaleString('en')}`;
}

/** "90.85 %": one image of 2,000 is 0.05 %. */
export function percent(fraction: number, decimals = 2): string {
  return `${(100 * fraction).toFixed(decimals)} %`;
}

/** Where a reader of pages is: "1–36 of 2,000", "none" of nothing. */
export function pagePosition(page: number, perPage: number, count: number): string {
  if (count === 0) return 'none';
  const last = Math.min(count, (page + 1) * perPage);
  return `${(page * perPage + 1).toLocaleString('en')}–${countOf(last, count)}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Probabilities from logits, for display. */
export function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
