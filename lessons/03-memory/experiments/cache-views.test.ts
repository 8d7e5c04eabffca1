import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cellsComputed, cellState, headSummary, policyText, rowOf, rowsComputed, tokenLabel } from './cache-views.ts';
import { keepFields, settlePolicy } from './cache-policy.ts';
import { addressOf, valuesOf, type Fields, type ValuesOf } from '#kit/fields.ts';
import type { AttentionMaps } from './attention-map/task.ts';
import type { PolicyReport } from './policy-explorer/task.ts';
import { differenceOf, scoreOf } from './policy-explorer/perplexity.ts';
import {
  costOf,
  figuresOf,
  kFields,
  paretoFront,
  policyName,
  policyRecord,
  rateText,
  withPoint,
  type PolicyPoint,
  type PolicySettings,
} from './policy-explorer/policies.ts';

const readFields = <F extends Fields>(fields: F, said: Record<string, string>, threads = 1): ValuesOf<F> =>
  valuesOf(fields, (name) => said[name], { threads });

describe('views of the cache', () => {
  it('take settings only where they make sense', () => {
    const defaults = { window: 8, sinks: 2, storage: 'f32' as const };
    const read = (said: Record<string, string>) => settlePolicy(readFields(keepFields(defaults), said));
    assert.deepEqual(read({}), defaults);
    assert.deepEqual(read({ window: '0', sinks: '4' }), { window: 0, sinks: 0, storage: 'f32' });
    assert.deepEqual(read({ window: '7', sinks: '', storage: 'int8' }), { ...defaults, storage: 'int8' });
    assert.equal(policyText({ window: 0, sinks: 0 }), 'everything');
    assert.equal(policyText({ window: 8, sinks: 1 }), 'the latest 8 tokens and the first one');
  });

  it('tell cells apart', () => {
    const kept = { window: 4, sinks: 1 };
    assert.equal(cellState(3, 4, 9, kept), 'later');
    assert.equal(cellState(9, 9, 8, kept), 'not yet');
    assert.equal(cellState(9, 0, 9, kept), 'this step');
    assert.equal(cellState(9, 1, 9, kept), 'evicted');
    assert.equal(cellState(9, 5, 9, kept), 'evicted');
    assert.equal(cellState(9, 6, 9, kept), 'this step');
    assert.equal(cellState(8, 6, 9, kept), 'recomputed');
    assert.equal(cellState(8, 0, 9, { window: 0, sinks: 0 }), 'recomputed');
  });

  it('count cells and rows as the states do', () => {
    for (const kept of [
      { window: 0, sinks: 0 },
      { window: 4, sinks: 1 },
    ]) {
      for (const newest of [0, 3, 20]) {
        let thisStep = 0;
        for (let key = 0; key <= newest; ++key) if (cellState(newest, key, newest, kept) === 'this step') ++thisStep;
        assert.equal(cellsComputed(newest, kept).cached, thisStep);
      }
    }
    assert.equal(cellsComputed(3, { window: 2, sinks: 0 }).uncached, 1 + 2 + 3 + 4);
    assert.deepEqual(rowsComputed(3, true), { now: 1, soFar: 4 });
    assert.deepEqual(rowsComputed(3, false), { now: 4, soFar: 10 });
  });

  it('label tokens', () => {
    assert.equal(tokenLabel(' the\n'), '␣the↵');
    assert.equal(tokenLabel(''), '∅');
  });

  it('find a row of a map, and what a head does', () => {
    const values = new Float32Array(2 * 3 * 4);
    values.set([1, 0, 0.25, 0.75], 4 * 5); // layer 1, head 2
    const maps: AttentionMaps = { tokens: ['a', 'b'], cut: false, layers: 2, heads: 3, kvHeads: 3, values };
    assert.deepEqual([...rowOf(maps, 1, 2, 1)], [0.25, 0.75]);
    assert.deepEqual(headSummary(maps, 1, 2), { distance: 0.125, first: 0.625 });
  });
});

describe('perplexity', () => {
  const losses = [1, 2, 3, 4];
  it('is what its definition says', () => {
    const score = scoreOf(losses, 10);
    assert.equal(score.perplexity, Math.exp(2.5));
    assert.ok(Math.abs(score.bitsPerByte - 10 / Math.LN2 / 10) < 1e-12);
    const error = Math.sqrt(5 / 3 / 4); // of the mean: the deviation over √4
    assert.ok(Math.abs(score.perplexityError - Math.exp(2.5) * error) < 1e-12);
    assert.ok(Math.abs(score.bitsPerByteError - (error * 4) / Math.LN2 / 10) < 1e-12);
    assert.equal(scoreOf([3], 1).perplexityError, 0);
  });

  it('knows a difference better than either', () => {
    const worse = losses.map((loss) => loss + 0.1);
    const difference = differenceOf(worse, losses, 10)!;
    assert.ok(Math.abs(difference.bitsPerByte - 0.4 / Math.LN2 / 10) < 1e-12);
    assert.ok(difference.error < 1e-12);
    assert.equal(differenceOf(worse, [1], 10), null);
  });
});

const settingsOf = (change: Partial<PolicySettings> = {}): PolicySettings => ({
  ...settlePolicy(readFields(kFields, {})),
  ...change,
});

function point(
  change: Partial<PolicySettings>,
  bytes: number,
  seconds: number,
  losses: number[],
  stopped = false,
): PolicyPoint {
  const report: PolicyReport = {
    footprint: { keys: bytes / 2, values: bytes / 2, scales: 0, total: bytes },
    weightBytes: 1000,
    positions: 256,
    parameters: 10,
    rounds: [seconds * 9, seconds, seconds * 2],
    prompt: 128,
    roundTokens: 32,
    losses: Float32Array.from(losses),
    bytes: 10,
    tokens: losses.length,
    progress: 1,
    done: true,
    stopped,
  };
  return { settings: settingsOf(change), report };
}

describe('policy explorer', () => {
  const full = point({}, 800, 2, [1, 2, 3, 4]);
  const window = point({ window: 64, sinks: 4 }, 200, 1, [1, 2, 3, 5]);
  const poor = point({ storage: 'fp16' }, 400, 3, [1, 2, 3, 6]);

  it('keeps its settings in the address', () => {
    const settings = settingsOf({ model: 'lm', window: 32, sinks: 2, kvHeads: 1, weights: 'int4', storage: 'int8' });
    const told = addressOf(kFields, settings, 'all', { threads: 4 });
    assert.equal(
      Object.keys(told).join(),
      'model,window,sinks,heads,cache,weights,tokens,threads', // links that readers keep have these names
    );
    assert.deepEqual(readFields(kFields, told, 4), settings);
    const wrong = { window: '33', sinks: '9', heads: '2', weights: 'x', threads: '8' };
    assert.deepEqual(settlePolicy(readFields(kFields, wrong, 2)), settingsOf());
  });

  it('names what differs', () => {
    assert.equal(policyName(full.settings), 'everything, f32');
    assert.equal(
      policyName(settingsOf({ window: 16, sinks: 1, kvHeads: 1, weights: 'int8' })),
      'window 16 + 1, MQA, weights int8',
    );
  });

  it('takes the fastest round, and knows the median', () => {
    assert.equal(rateText(1 / 14571.4), '14,571');
    assert.equal(rateText(0.5), '2.00');
    assert.equal(figuresOf(full)!.seconds, 2);
    assert.equal(figuresOf(full)!.medianSeconds, 4);
    assert.equal(figuresOf(point({}, 1, 1, [])), null);
  });

  it('has a cost only against everything on the same text', () => {
    const points = [full, window, poor];
    assert.equal(costOf(full, points), null);
    assert.ok(Math.abs(costOf(window, points)!.bitsPerByte - 1 / Math.LN2 / 10) < 1e-6);
    assert.equal(costOf(window, [window, poor]), null);
    assert.equal(costOf(point({ model: 'lm', window: 16 }, 1, 1, [1, 2, 3, 4]), points), null);
  });

  it('finds the front of three aims', () => {
    assert.deepEqual(paretoFront([full, window, poor]), [full, window]);
    const similar = point({ window: 32 }, 200, 1.04, [1, 2, 3, 5]);
    assert.deepEqual(paretoFront([full, window, similar]), [full, window, similar]);
    assert.deepEqual(paretoFront([full, window, point({ window: 32 }, 200, 1.2, [1, 2, 3, 5])]), [full, window]);
    const stopped = point({ window: 16 }, 1, 0.1, [1, 1], true);
    assert.deepEqual(paretoFront([full, stopped]), [full]);
    const other = point({ model: 'lm' }, 1, 0.1, [1, 1]);
    assert.deepEqual(paretoFront([full, other]), [full, other]);
  });

  it('replaces a point that is measured again, and exports all', () => {
    const again = point({}, 800, 1.5, [1, 2, 3, 4]);
    const points = withPoint([full, window], again);
    assert.deepEqual(points, [window, again]);
    const context = { recorded: new Date(0), page: 'p', userAgent: 'Firefox/128', engine: undefined };
    const record = policyRecord(points, context);
    assert.equal(record.points.length, 2);
    assert.equal(record.points[0]!.name, 'window 64 + 4');
    assert.equal('losses' in record.points[0]!, false);
    assert.ok(JSON.parse(JSON.stringify(record)).points[0].cost.bitsPerByte > 0);
  });
});
