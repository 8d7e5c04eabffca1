import { files } from 'virtual:optlab-manifest';
import { fetchVerified, type DataFile } from '../lab/data.ts';
import { kPixels, loadTestSet, type TestSet } from '../lab/fashion.ts';
import type { ProfileReport } from '../lab/protocol.ts';
import type { VariantInfo } from '../lab/types.ts';
import { engine, kBase } from './context.ts';

/** The models that can be profiled, and what one run of them is. */
export const kModels: Readonly<Record<string, { title: string; file: DataFile; about: string }>> = {
  mlp: { title: 'MLP', file: files.mlp, about: '784-256-128-10, three Linear layers' },
  cnn: { title: 'CNN', file: files.cnn, about: 'two convolutions, two Linear layers' },
};

let images: Promise<TestSet> | null = null;
const models = new Map<string, Promise<Uint8Array>>();

/** The test images, downloaded once for all experiments of the page; a failed download is tried again. */
export function testImages(): Promise<TestSet> {
  images ??= loadTestSet(kBase, files.testImages, files.testLabels).catch((error: unknown) => {
    images = null;
    throw error;
  });
  return images;
}

function modelBytes(name: string): Promise<Uint8Array> {
  const file = kModels[name]!.file;
  const known = models.get(name);
  if (known !== undefined) return known;
  const bytes = fetchVerified(kBase, file).catch((error: unknown) => {
    models.delete(name);
    throw error;
  });
  models.set(name, bytes);
  return bytes;
}

export interface ProfileSettings {
  model: string;
  batch: number;
  variant: string;
  threads: number;
}

/** Measures a model on real images. */
export async function runProfile(
  { model, batch, variant, threads }: ProfileSettings,
  seconds: number,
  onProgress: (report: ProfileReport) => void,
): Promise<ProfileReport> {
  const [set, bytes] = await Promise.all([testImages(), modelBytes(model)]);
  const options = {
    title: kModels[model]!.title,
    model: bytes,
    images: set.images.slice(0, batch * kPixels), // a copy: a view would travel with all the images behind it
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
