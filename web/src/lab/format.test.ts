import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countOf, countRight, median, pagePosition, percent } from './fashion.ts';
import { byteSize, computePeak, duration, highestPeak, rungColor, threeDigits } from './format.ts';
import { axesFor, decadeTicks, logPosition } from './roofline.ts';
import type { Peak, VariantInfo } from './types.ts';

describe('figures', () => {
  it('are written with three digits', () => {
    assert.deepEqual([0, 0.0912, 0.912, 8.314, 47.19, 131.2, 2048].map(threeDigits), [
      '0',
      '0.0912',
      '0.912',
      '8.31',
      '47.2',
      '131',
      '2048',
    ]);
    assert.deepEqual([2.5, 0.0123, 4.2e-6].map(duration), ['2.50 s', '12.3 ms', '4.20 µs']);
    assert.deepEqual([512, 65536, 3 << 19].map(byteSize), ['512 B', '64 KiB', '1.50 MiB']);
  });

  it('median, accuracy and position', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(countRight(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 3)), 2);
    assert.equal(`${countOf(1817, 2000)} right (${percent(1817 / 2000)})`, '1,817 of 2,000 right (90.85 %)');
    assert.equal(pagePosition(0, 36, 2000), '1–36 of 2,000');
    assert.equal(pagePosition(55, 36, 2000), '1,981–2,000 of 2,000');
    assert.equal(pagePosition(0, 36, 0), 'none');
  });

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

  it('span everything that is drawn', () => {
    const peaks: Peak[] = [
      { name: 'c', kind: 'compute', threads: 1, fused: false, value: 4e10, bytes: 0 },
      { name: 'm', kind: 'memory', threads: 1, fused: false, value: 1e10, bytes: 1 << 28 },
    ];
    const { x, y } = axesFor(peaks, [{ name: 'naive', intensity: 170, rate: 1e9, low: 9e8, high: 1.1e9 }]);
    assert.ok(x.min <= 0.25 && x.max >= 170 && y.min < 9e8 && y.max > 4e10);
    assert.equal(logPosition({ min: 1, max: 100 }, 10), 0.5);
    assert.deepEqual(decadeTicks({ min: 1, max: 20 }), [1, 2, 5, 10, 20]);
  });
});
