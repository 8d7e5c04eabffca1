import { batchText, kBatches } from '#lab/layers.ts';
import type { AssetName } from '#lab/assets.ts';
import type { BatchUnit, ProfileReport } from '#lab/profile.ts';
import type { VariantInfo } from '#lab/types.ts';
import type task from './model-profiler/images.task.ts';
import { engine } from '#kit/context.ts';
import { oneOf, threads, type Field, type ValuesOf } from '#kit/fields.ts';

export interface ProfiledModel {
  title: string;
  asset: AssetName;
  about: string;
  unit: BatchUnit;
  /** For the prediction, before a run has told them: names of layers; kinds of layers of a language model, which repeats them. */
  parts: readonly string[];
}

/** The models that can be profiled, and what one run of them is. */
export const kModels: Readonly<Record<string, ProfiledModel>> = {
  mlp: {
    title: 'MLP',
    asset: 'mlp',
    about: '784-256-128-10, three Linear layers',
    unit: 'image',
    parts: ['layers.0', 'layers.1', 'layers.2'],
  },
  cnn: {
    title: 'CNN',
    asset: 'cnn',
    about: 'two convolutions, two Linear layers',
    unit: 'image',
    parts: ['conv1', 'norm1', 'pool1', 'conv2', 'norm2', 'pool2', 'linear1', 'linear2'],
  },
  lm: {
    title: 'LM',
    asset: 'lmTiny',
    about: 'a language model, three transformer blocks',
    unit: 'token',
    parts: ['Embedding', 'RmsNorm', 'SelfAttention', 'SwiGlu', 'Linear'],
  },
};

export const kProfileFields = {
  model: oneOf('Model', Object.keys(kModels), 'mlp', (name) => `${kModels[name]!.title}: ${kModels[name]!.about}`),
  batch: oneOf('Batch', kBatches, 64),
  /** Which there are depends on this device: settleRung. */
  variant: {
    label: 'Rung',
    key: 'rung',
    initial: 'simd',
    control: { kind: 'select', options: [] },
    parse: (said) => said,
  } as Field<string>,
  threads: threads(),
};
export type ProfileSettings = ValuesOf<typeof kProfileFields>;

export const batchChoices = (unit: BatchUnit): [string, string][] =>
  kBatches.map((size) => [String(size), batchText(size, unit)]);

/** Measures a model on real images, or on the beginning of a real text. */
export function runProfile(
  { model: name, batch, variant, threads }: ProfileSettings,
  seconds: number,
  onReport: (report: ProfileReport) => void,
): Promise<ProfileReport> {
  const { title, asset: model, unit } = kModels[name]!;
  const path = `01-profiling/model-profiler/${unit}s`; // images and tokens have tasks of the same options and reports
  return engine.run<typeof task>(path, { title, model, batch, variant, threads, seconds }, onReport);
}

/** The rungs that a model can run by: of float32, and packing is done beforehand anyway. */
export const profileRungs = (variants: readonly VariantInfo[]): VariantInfo[] =>
  variants.filter((variant) => variant.mode !== 'int8' && !variant.prepacked && !variant.threaded);

/** With more than one thread the rung's threaded twin does the work, where it has one. */
export function threadedTwin(variants: readonly VariantInfo[], name: string, threads: number): string {
  const twin = `${name}_threads`;
  return threads > 1 && variants.some((variant) => variant.name === twin) ? twin : name;
}

export const rungChoices = (variants: readonly VariantInfo[]): [string, string][] =>
  profileRungs(variants).map(({ name }) => [name, name]);

/** A rung that this device doesn't have gives way. */
export const settleRung = (values: ProfileSettings, variants: readonly VariantInfo[]): ProfileSettings =>
  profileRungs(variants).some(({ name }) => name === values.variant) ? values : { ...values, variant: 'simd' };
