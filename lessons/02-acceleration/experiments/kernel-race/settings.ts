import { own, threads, type Field } from '#kit/fields.ts';
import { parseShape, shapeLabel } from '#lab/race.ts';

export const sizeLabel = (text: string, note: string): string => shapeLabel(text) + (note && `, ${note}`);

/** M×K×N, with what such a product stands for. */
export const kSizes: readonly (readonly [string, string])[] = (
  [
    ['64x64x64', 'fits the first-level cache'],
    ['128x128x128', ''],
    ['256x256x256', ''],
    ['512x512x512', ''],
    ['1024x1024x1024', 'the slow rungs take seconds per call'],
    ['64x784x256', 'first layer of the MLP, 64 images'],
    ['1x1024x1024', 'one row: a matrix–vector product'],
  ] as const
).map(([text, note]) => [text, sizeLabel(text, note)] as const);

/** One of those, or what the address says. */
const size: Field<string> = {
  label: 'Size',
  initial: '512x512x512',
  control: { kind: 'select', options: kSizes },
  parse: (said) => (parseShape(said) === null ? undefined : said),
};

/** `rungs`: names separated by commas, drawn by RungChoice. */
export const kFields = { size, rungs: own(''), threads: threads({ all: true }) };

/** What a reader predicts of the winner: about so many times as fast as the first. */
export const kFactors = [1, 2, 5, 10, 20, 50, 100];
