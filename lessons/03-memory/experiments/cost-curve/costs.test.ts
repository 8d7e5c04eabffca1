import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  costCsv,
  costPoints,
  exponentRows,
  factorFrom,
  fitOf,
  generationSeconds,
  kLengths,
  matrixWeights,
  measuredCrossing,
  nearestFactor,
  overtakes,
  positionsUpTo,
  secondsAt,
  tokenFlops,
  wholeGenerations,
} from './costs.ts';
import type { GrowthPoint } from './task.ts';

/** models/moby-lm.safetensors */
const kMoby = {
  vocab: 2048,
  dim: 192,
  layers: 5,
  heads: 6,
  kvHeads: 3,
  hidden: 528,
  positions: 2049,
  tied: true,
};

/** Times that follow from the operations alone, at so many a second. */
function pointsOf(rate: number, positions = positionsUpTo(2048)): GrowthPoint[] {
  const seconds = (way: 'cached' | 'uncached', position: number) => {
    const { matrices, attention } = tokenFlops(kMoby, way, position);
    return (matrices + attention) / rate;
  };
  return positions.map((position) => ({
    position,
    cached: [1, 1.1, 1.2].map((factor) => factor * seconds('cached', position)),
    uncached: [1, 1, 5].map((factor) => factor * seconds('uncached', position)),
  }));
}

describe('what a token costs', () => {
  it('is measured up to each length that can be chosen', () => {
    for (const length of kLengths) {
      const positions = positionsUpTo(length);
      assert.equal(positions.at(-1), length);
      assert.ok(positions.length >= 6 && positions.includes(length / 2) && positions.includes(64));
    }
  });

  it('counts a model’s matrices', () => {
    const { layers, classifier } = matrixWeights(kMoby);
    // All parameters but the norms' (the embedding is the classifier).
    assert.equal(layers + classifier + (2 * 5 + 1) * 192, 2_468_928);
  });

  it('says from where on attention has more operations than the matrices', () => {
    for (const way of ['cached', 'uncached'] as const) {
      const position = overtakes(kMoby, way);
      const share = (at: number) => {
        const { matrices, attention } = tokenFlops(kMoby, way, at);
        return attention / matrices;
      };
      assert.ok(share(position) >= 1 && share(position - 1) < 1, `${way} ${position}`);
    }
    assert.equal(overtakes(kMoby, 'cached'), 1284);
  });

  it('takes the fastest repetition, and knows the slowest', () => {
    const [point] = costPoints([{ position: 8, cached: [3, 1, 2], uncached: [] }], 'cached');
    assert.deepEqual(point, { position: 8, seconds: 1, high: 3 });
    assert.deepEqual(costPoints([{ position: 8, cached: [3], uncached: [] }], 'uncached'), []);
  });

  it('adds up whole generations from the points, and only as far as they go', () => {
    const line = [0, 10].map((position) => ({ position, seconds: 1 + position, high: 0 }));
    assert.equal(secondsAt(line, 4), 5);
    assert.equal(secondsAt(line, 11), null);
    assert.equal(generationSeconds(line, 11), 66);
    assert.equal(generationSeconds(line, 12), null);
    const late = line.map((point) => ({ ...point, position: point.position + 5 }));
    assert.equal(secondsAt(late, 2), 1);
    const rows = wholeGenerations(pointsOf(1e10));
    assert.deepEqual(
      rows.map(({ tokens }) => tokens),
      [64, 256, 1024, 2048],
    );
    // By the operations, all but exactly: the points lie on curves, the sums on lines between them.
    let [cached, uncached] = [0, 0];
    for (let position = 0; position < 2048; ++position) {
      const [a, b] = (['cached', 'uncached'] as const).map((way) => tokenFlops(kMoby, way, position));
      cached += (a!.matrices + a!.attention) / 1e10;
      uncached += (b!.matrices + b!.attention) / 1e10;
    }
    assert.ok(Math.abs(rows[3]!.cached / cached - 1) < 0.01);
    assert.ok(Math.abs(rows[3]!.uncached / uncached - 1) < 0.01);
  });

  it('finds the operations’ exponents in times that follow from them', () => {
    const rows = exponentRows({ points: pointsOf(1e10), config: kMoby });
    assert.equal(rows.length, 4);
    for (const row of rows) {
      assert.ok(Math.abs(row.measured - row.operations) < 0.02, `${row.way} ${row.whole}`);
      assert.ok(row.attention <= row.limit && row.attention > row.limit - 0.01);
      assert.ok(row.operations < row.attention);
    }
    assert.deepEqual(
      rows.map(({ limit }) => limit),
      [1, 2, 2, 3],
    );
    assert.deepEqual(exponentRows({ points: [{ position: 64, cached: [], uncached: [1] }], config: kMoby }), []);
  });

  it('fits curves whose crossing is that of the operations', () => {
    const points = pointsOf(1e10);
    for (const way of ['cached', 'uncached'] as const) {
      const fit = fitOf(costPoints(points, way))!;
      assert.ok(fit.residual < 1e-6, `${fit.residual}`);
      const crossing = measuredCrossing(fit, way)!;
      assert.ok(crossing.error < 0.01 * crossing.value);
      assert.ok(Math.abs(crossing.value / overtakes(kMoby, way) - 1) < 0.02, `${way} ${crossing.value}`);
    }
    const noisy = points.map((point, i) => ({ ...point, cached: [(1 + (i % 2)) * 1e-3] }));
    assert.equal(measuredCrossing(fitOf(costPoints(noisy, 'cached'))!, 'cached'), null);
  });

  it('compares the last token with an early one', () => {
    const points = pointsOf(1e10);
    const factor = factorFrom(points, 'cached')!;
    assert.ok(factor > 2.4 && factor < 2.6, `${factor}`);
    assert.equal(factorFrom(points.slice(0, 4), 'cached'), null);
    assert.equal(nearestFactor([1, 1.5, 3, 8], 2.47), 2);
    assert.equal(nearestFactor([1, 8], 2.7), 0);
    assert.equal(nearestFactor([1, 8], 2.9), 1);
  });

  it('exports all points', () => {
    const lines = costCsv({ points: [{ position: 8, cached: [1, 2, 4], uncached: [] }] }).split('\n');
    assert.equal(lines[0]!.split(',').length, lines[1]!.split(',').length);
    assert.equal(lines[1], '8,1,4,,');
    assert.equal(lines[2], '');
  });
});
