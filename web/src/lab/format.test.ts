import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { computePeak, highestPeak, rungColor } from './format.ts';
import type { Peak, VariantInfo } from './types.ts';

describe('limits and rungs', () => {
  it('take the limit of the same instruction set and threads', () => {
    const peak = (name: string, threads: number, value: number): Peak => ({
      name,
      kind: 'compute',
      threads,
      fused: false,
      value,
      bytes: 0,
    });
    const peaks = [peak('wasm128', 1, 30), peak('wasm128+relaxed', 1, 40), peak('wasm128', 2, 80)];
    assert.equal(computePeak(peaks, 'wasm128', 1)?.value, 30);
    assert.equal(computePeak(peaks, 'wasm128', 2)?.value, 80);
    assert.equal(computePeak(peaks, 'scalar', 1), null);
    assert.equal(highestPeak(peaks)?.value, 80);
    assert.equal(highestPeak([]), null);
    const integers = { ...peak('wasm128 int8 wide', 1, 90), kind: 'integer' as const };
    assert.equal(computePeak([...peaks, integers], 'wasm128 int8 wide', 1)?.value, 90);
    assert.equal(highestPeak([...peaks, integers])?.value, 80);
    assert.equal(computePeak([{ ...integers, kind: 'memory' }], 'wasm128 int8 wide', 1), null);
  });

  it('have one colour per variant and a shade of it for the prepacked rung', () => {
    const variant = (name: string): VariantInfo => ({
      name,
      idea: '',
      isa: '',
      mode: 'exact',
      threaded: false,
      prepacked: name.endsWith('_prepacked'),
      supported: true,
    });
    const names = ['naive', 'simd', 'simd_prepacked', 'simd_threads'];
    const colors = names.map((name) => rungColor(names.map(variant), name));
    assert.deepEqual([colors[0], colors[1], colors[3]], ['var(--lab-1)', 'var(--lab-2)', 'var(--lab-3)']);
    assert.match(colors[2]!, /^color-mix\(.*var\(--lab-2\)/);
    const int8 = ['int8_wide', 'int8_dot'].map((name) => ({
      ...variant(name),
      mode: 'int8' as const,
      prepacked: true,
    }));
    const shades = int8.map(({ name }) => rungColor([...names.map(variant), ...int8], name));
    assert.match(shades[0]!, /var\(--lab-int8\) 100%/);
    assert.match(shades[1]!, /var\(--lab-int8\) 75%/);
    const many = Array.from({ length: 9 }, (_, i) => variant(`v${i}`));
    assert.equal(rungColor(many, 'v8'), 'var(--lab-1)', 'there are eight');
  });
});
