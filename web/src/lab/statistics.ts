/** Statistics of a sample, in no particular order. Each of an empty sample is an error, not a number. */

/** The values in ascending order; the sample stays as it is. */
export function sorted(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('a statistic of no values');
  return [...values].sort((a, b) => a - b);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The middle value; of an even number of values the mean of both in the middle. */
export function median(values: readonly number[]): number {
  const order = sorted(values);
  const middle = order.length >> 1;
  return order.length % 2 === 1 ? order[middle]! : (order[middle - 1]! + order[middle]!) / 2;
}

/** The middle value, of an even number of values the larger one in the middle: always a value that was measured. */
export function upperMedian(values: readonly number[]): number {
  return sorted(values)[values.length >> 1]!;
}

/** The largest of the values of which at most the fraction `p` lies below: always a value that was measured, 0 the least, 1 the largest. */
export function quantile(values: readonly number[], p: number): number {
  return sorted(values)[Math.floor(p * (values.length - 1))]!;
}

/** The median absolute deviation. */
export function deviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

/** The offered answer that is nearest on a logarithmic scale. */
export function nearestFactor(factor: number, offered: readonly number[]): number {
  const distance = (value: number) => Math.abs(Math.log(value / factor));
  return offered.reduce((best, value) => (distance(value) < distance(best) ? value : best));
}

/** Probabilities from logits, for display. */
export function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
