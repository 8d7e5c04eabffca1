import { files } from 'virtual:optlab-manifest';
import type { DataFile } from '#lab/data.ts';
import { kPixels, loadTestSet, type TestSet } from '#lab/fashion.ts';
import { kOpening } from '#lab/moby.ts';
import type { BatchUnit, ProfileInput, ProfileReport } from '#lab/protocol.ts';
import type { VariantInfo } from '#lab/types.ts';
import { engine, kBase } from './context.ts';
import { download } from './downloads.ts';

export interface ProfiledModel {
  title: string;
  file: DataFile;
  about: string;
  unit: BatchUnit;
  /** For the prediction, before a run has told them: names of layers; kinds of layers of a language model, which repeats them. */
  parts: readonly string[];
}

/** The models that can be profiled, and what one run of them is. */
export const kModels: Readonly<Record<string, ProfiledModel>> = {
  mlp: {
    title: 'MLP',
    file: files.mlp,
    about: '784-256-128-10, three Linear layers',
    unit: 'image',
    parts: ['layers.0', 'layers.1', 'layers.2'],
  },
  cnn: {
    title: 'CNN',
    file: files.cnn,
    about: 'two convolutions, two Linear layers',
    unit: 'image',
    parts: ['conv1', 'norm1', 'pool1', 'conv2', 'norm2', 'pool2', 'linear1', 'linear2'],
  },
  lm: {
    title: 'LM',
    file: files.lmTiny,
    about: 'a language model, three transformer blocks',
    unit: 'token',
    parts: ['Embedding', 'RmsNorm', 'SelfAttention', 'SwiGlu', 'Linear'],
  },
};

let images: Promise<TestSet> | null = null;

/** The test images, downloaded once for all experiments of the page; a failed download is tried again. */
export function testImages(): Promise<TestSet> {
  images ??= loadTestSet(kBase, files.testImages, files.testLabels).catch((error: unknown) => {
    images = null;
    throw error;
  });
  return images;
}

async function inputOf(unit: BatchUnit, batch: number): Promise<ProfileInput> {
  if (unit === 'token') return { text: kOpening, tokenizer: await download(files.tokenizer) };
  const { images: all } = await testImages();
  return { images: all.slice(0, batch * kPixels) }; // a copy: a view would travel with all the images behind it
}

export interface ProfileSettings {
  model: string;
  batch: number;
  variant: string;
  threads: number;
}

/** Measures a model on real images, or on the beginning of a real text. */
export async function runProfile(
  { model, batch, variant, threads }: ProfileSettings,
  seconds: number,
  onProgress: (report: ProfileReport) => void,
): Promise<ProfileReport> {
  const { title, file, unit } = kModels[model]!;
  const [input, bytes] = await Promise.all([inputOf(unit, batch), download(file)]);
  const options = {
    title,
    model: bytes,
    input,
    batch,
    variant,
    threads,
    seconds,
  };
  return engine.profileModel(options, onProgress);
}

/** The rungs that a model can run by: of float32, and packing is done beforehand anyway. */
export const profileRungs = (variants: readonly VariantInfo[]): VariantInfo[] =>
  variants.filter((variant) => variant.mode !== 'int8' && !variant.prepacked && !variant.threaded);

/** With more than one thread the rung's threaded twin does the work, where it has one. */
export function threadedTwin(variants: readonly VariantInfo[], name: string, threads: number): string {
  const twin = `${name}_threads`;
  return threads > 1 && variants.some((variant) => variant.name === twin) ? twin : name;
}
