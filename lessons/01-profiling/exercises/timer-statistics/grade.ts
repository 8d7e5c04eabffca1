import {
  type Buffer,
  defineGrader,
  expectExplained,
  type Fault,
  kDoubleMargin,
  type Kernel,
  Mismatch,
} from '#lab/grading/author.ts';
import { intervalRank, makeSamples, mean, middle, sorted, type SampleParams } from '../../samples.ts';

type Params = SampleParams & { ask: string; from?: number; to?: number };

const kOptions = { margin: kDoubleMargin };

interface Operands {
  kernel: Kernel;
  values: Float64Array;
  seconds: Buffer;
  scratch: Buffer;
}

/** Distances from `from`, in the samples' order. */
function distances(values: Float64Array, from: number): Float64Array {
  return values.map((value) => Math.abs(value - from));
}

function medianFaults(values: Float64Array): Fault[] {
  const n = values.length;
  const order = sorted(values);
  const half = Math.floor(n / 2);
  const at = (list: Float64Array, index: number) => list[index] ?? NaN;
  const even: Fault[] = [
    [at(order, half), 'That is the larger of the two in the middle: of an even number take the mean of both.'],
    [at(order, half - 1), 'That is the smaller of the two in the middle: of an even number take the mean of both.'],
  ];
  const off =
    'That is the neighbour of the middle: indices start at 0, so the middle of an odd count has index count / 2.';
  return [
    ...(n % 2 === 0 ? even : []),
    [at(values, half), 'That is what lies in the middle before sorting: put a copy in order first.'],
    [middle(values), 'That is the middle before sorting: put a copy in order first.'],
    [at(order, half - 1), off],
    [at(order, half + 1), off],
    [(at(order, half) + at(order, half - 1)) / 2, 'An odd count has a single sample in the middle.'],
    [(at(order, half) + at(order, half + 1)) / 2, 'Those are not the two in the middle: indices start at 0.'],
    [mean(values), 'That is the mean, which every disturbed sample moves.'],
  ];
}

function checkMedian({ kernel, values, seconds, scratch }: Operands): void {
  const got = kernel.call('median', seconds, values.length, scratch);
  expectExplained('median()', got, middle(sorted(values)), () => medianFaults(values), kOptions);
}

function checkDeviation({ kernel, values, seconds, scratch }: Operands): void {
  const got = kernel.call('deviation', seconds, values.length, scratch);
  const order = sorted(values);
  const centre = middle(order);
  const far = distances(values, centre);
  const average = mean(values);
  const squares = values.map((value) => (value - average) ** 2);
  const variance = mean(squares);
  expectExplained(
    'deviation()',
    got,
    middle(sorted(far)),
    () => [
      [0, 'Not all distances are 0. With a sign those below and above the median cancel: fabs().'],
      [centre, "That is the median itself: take each sample's distance from it, and of those the median."],
      [mean(far), 'That is the mean of the distances: take their median.'],
      [middle(distances(order, centre)), 'The distances have to be put in order too, before you take their middle.'],
      [middle(far), 'The distances have to be put in order, before you take their middle.'],
      [middle(sorted(distances(values, average))), 'Those are distances from the mean: take them from the median.'],
      [Math.sqrt(variance), 'That is the standard deviation.'],
      [Math.sqrt((variance * values.length) / (values.length - 1)), 'That is the standard deviation.'],
      [1.4826 * middle(sorted(far)), 'That is scaled for a bell curve: here the MAD is asked for as it is.'],
      ...medianFaults(sorted(far)),
    ],
    // The distance of two doubles is as exact as the larger of them, not as the distance.
    { margin: kDoubleMargin * Math.max(1, centre / Math.max(middle(sorted(far)), 1e-300)) },
  );
}

function checkRank(kernel: Kernel, count: number): void {
  const expected = intervalRank(count);
  const far = (reach: number) => Math.floor((count - reach * Math.sqrt(count)) / 2);
  expectExplained(`interval_rank(${count})`, kernel.call('interval_rank', count), expected, () => [
    [expected + 1, 'With that rank the interval holds less than 95 %.'],
    [expected - 1, 'That holds 95 %, but the next narrower interval does so too (ranks count from 1).'],
    [0, expected > 0 ? 'There is such an interval. (1/2)^count is 0 in a double if count is large.' : ''],
    [far(1.96), 'A bell curve only comes close to it: count the tosses.'],
  ]);
}

function checkInterval({ kernel, values, seconds, scratch }: Operands): void {
  checkRank(kernel, values.length);
  const bounds = kernel.output('bounds', 'f64', [2]);
  kernel.call('interval', seconds, values.length, scratch, bounds);
  const order = sorted(values);
  const rank = intervalRank(values.length);
  const ends = (r: number) => [order[Math.max(r, 1) - 1] ?? NaN, order[order.length - Math.max(r, 1)] ?? NaN];
  for (const [end, expected] of ends(rank).entries()) {
    const of = (r: number) => ends(r)[end] ?? NaN;
    const what = rank === 0 ? 'there is no rank for so few samples: the range is asked for' : `the rank is ${rank}`;
    expectExplained(
      `bounds[${end}]`,
      kernel.read(bounds)[end] ?? NaN,
      expected,
      () => [
        [of(rank + 1), `That is one sample too far inside: ${what}, and the first sample has index 0.`],
        [of(rank - 1), `That is one sample too far outside: ${what}.`],
        [of(1), `That is the ${end === 0 ? 'smallest' : 'largest'} of all: ${what}.`],
        [ends(rank)[1 - end] ?? NaN, 'That belongs into the other bound.'],
        [values[Math.max(rank, 1) - 1] ?? NaN, 'Put a copy of the samples in order first.'],
        [values[values.length - Math.max(rank, 1)] ?? NaN, 'Put a copy of the samples in order first.'],
      ],
      kOptions,
    );
  }
}

function checkOutliers({ kernel, values, seconds, scratch }: Operands): void {
  const got = kernel.call('outliers', seconds, values.length, scratch);
  const centre = middle(sorted(values));
  const far = distances(values, centre);
  const mad = middle(sorted(far));
  const count = (is: (value: number, index: number) => boolean) => values.filter(is).length;
  const expected = count((_, i) => (far[i] ?? 0) > 5 * mad);
  const above = count((value) => value - centre > 5 * mad);
  const average = mean(values);
  const spread = Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
  expectExplained(`outliers() of ${values.length} samples`, got, expected, () => [
    [above, 'Those are the slow ones only: fast ones count too.'],
    [count((_, i) => (far[i] ?? 0) >= 5 * mad), 'Exactly 5 MAD away is not more than 5 MAD away.'],
    [
      count((value) => Math.abs(value - average) > 5 * spread),
      'Outliers move mean and standard deviation: use neither.',
    ],
    [count((_, i) => (far[i] ?? 0) > mad), 'Those are further than 1 MAD away: the limit is 5.'],
    [values.length - expected, 'Those are the others.'],
  ]);
}

const kChecks: Record<string, (operands: Operands) => void> = {
  median: checkMedian,
  deviation: checkDeviation,
  interval: checkInterval,
  outliers: checkOutliers,
};

export default defineGrader<Params>({
  run(kernel, params, random) {
    if (params.ask === 'ranks') {
      for (let count = params.from ?? 1; count <= (params.to ?? 1); ++count) checkRank(kernel, count);
      return;
    }
    const values = makeSamples(params, random);
    const seconds = kernel.input('seconds', values);
    // NaN, so that what was never copied is seen; not an output: nobody asks what is left in it.
    const scratch = kernel.inout('scratch', new Float64Array(values.length).fill(NaN));
    const checks = params.ask === 'all' ? Object.values(kChecks) : [kChecks[params.ask]];
    for (const check of checks) {
      if (check === undefined) throw new Error(`exercise.json asks for '${params.ask}'`);
      check({ kernel, values, seconds, scratch });
    }
  },
  timing(kernel, params, random) {
    const values = makeSamples(params, random);
    const seconds = kernel.input('seconds', values);
    const scratch = kernel.inout('scratch', new Float64Array(values.length).fill(NaN));
    let result = NaN;
    return {
      call: () => void (result = kernel.callUnchecked('median', seconds, values.length, scratch)),
      outputs: () => [Float64Array.of(result)],
      compare: ([got], [expected]) => {
        const [a = NaN, b = NaN] = [got?.[0], expected?.[0]];
        if (!(Math.abs(a - b) <= kDoubleMargin * b)) throw new Mismatch(`median() is ${a} but should be ${b}`);
      },
    };
  },
});
