/** The test images through the trained MLP, by one rung after another. */
import { testSet } from '#lab/fashion.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { Mlp } from '#lab/types.ts';

export interface ClassifyOptions {
  variants: string[];
  threads: number;
  /** Measuring time per rung. */
  seconds: number;
}

/** One rung over all images. */
export interface ClassifyLane {
  variant: string;
  predictions: Uint8Array;
  logitsDigest: string;
  /** Seconds per pass over all images, the warm-up pass left out. */
  passes: number[];
  /** What the model keeps of its weights in this rung's panels. */
  packedBytes: number;
}

export interface ClassifyReport extends Envelope {
  lanes: ClassifyLane[];
  layers: number[];
  parameters: number;
  /** The most scratch memory that the engine's products have needed so far. */
  scratchBytes: number;
}

export default defineTask({
  module: 'models',
  async open(models, options: ClassifyOptions, { open, parse }) {
    const [model, { images }] = await Promise.all([open('mlp', models.Mlp), testSet(parse)]);
    const lanes: ClassifyLane[] = [];
    const pending = [...options.variants];
    return {
      step: () => pass(model, images, options, lanes, pending),
      progress: () => progressOf(lanes, options),
      report: (): Bare<ClassifyReport> => ({
        lanes,
        layers: model.layers(),
        parameters: model.parameters(),
        scratchBytes: models.scratchHighWater(),
      }),
    };
  },
});

const kMostPasses = 15;
const kFewestPasses = 3;

/** One pass of one rung over all images: the first of a rung warms up and counts for the predictions only. False when all are done. */
function pass(
  model: Mlp,
  images: Uint8Array,
  options: ClassifyOptions,
  lanes: ClassifyLane[],
  pending: string[],
): boolean {
  const current = lanes.at(-1);
  if (current !== undefined && !isFinished(current, options)) {
    current.passes.push(model.classify(images, current.variant).seconds);
    return true;
  }
  const variant = pending.shift();
  if (variant === undefined) return false;
  const { predictions, logitsDigest } = model.classify(images, variant);
  // A copy: the engine's memory moves on.
  const packedBytes = model.packedBytes();
  lanes.push({ variant, predictions: Uint8Array.from(predictions), logitsDigest, passes: [], packedBytes });
  return true;
}

function isFinished(lane: ClassifyLane, options: ClassifyOptions): boolean {
  const spent = lane.passes.reduce((sum, seconds) => sum + seconds, 0);
  return lane.passes.length >= kMostPasses || (lane.passes.length >= kFewestPasses && spent >= options.seconds);
}

function progressOf(lanes: ClassifyLane[], options: ClassifyOptions): number {
  const finished = lanes.filter((lane) => isFinished(lane, options)).length;
  const current = lanes.at(-1);
  const part =
    current === undefined || isFinished(current, options) ? 0 : Math.min(1, current.passes.length / kMostPasses);
  return (finished + part) / options.variants.length;
}
