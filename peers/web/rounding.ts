// What rounding to 8 bits does to the sums of the integer families (random.ts: activations uniform in 0 … 127, weights in −127 … 127).

const kActivationRms = Math.sqrt((127 * 128 * 255) / 6 / 128);
const kWeightRms = Math.sqrt((2 * 127 * 128 * 255) / 6 / 255);
/** Farther from the mean than any of some millions of normally distributed numbers. */
const kSigmas = 6;

/** A step of 8-bit results that holds the sums of `depth` products. */
export function sumStep(depth: number): number {
  return (kSigmas * kActivationRms * kWeightRms * Math.sqrt(depth)) / 127;
}

/** The error of a sum of `depth` products if activations are rounded to 255 steps over their range, which is uniform noise of ±¼. */
export function roundedActivations(depth: number): number {
  const noise = 127 / 255 / Math.sqrt(12);
  return kSigmas * noise * kWeightRms * Math.sqrt(depth);
}
