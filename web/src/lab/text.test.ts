import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  byteSize,
  countOf,
  countText,
  duration,
  gigaflops,
  pagePosition,
  percent,
  thousands,
  threeDigits,
  times,
} from './text.ts';

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

  it('are counts, shares and places', () => {
    assert.equal(`${countOf(1817, 2000)} right (${percent(1817 / 2000)})`, '1,817 of 2,000 right (90.85 %)');
    assert.equal(percent(0.12345, 1), '12.3 %');
    assert.equal(thousands(12_300.4), '12,300');
    assert.deepEqual([25_722_880, 1_290, 64, 1.5e9].map(countText), ['25.7 M', '1.29 k', '64', '1.50 G']);
    assert.equal(pagePosition(0, 36, 2000), '1–36 of 2,000');
    assert.equal(pagePosition(55, 36, 2000), '1,981–2,000 of 2,000');
    assert.equal(pagePosition(0, 36, 0), 'none');
  });

  it('are factors and speeds', () => {
    assert.deepEqual([31.2, 2.44].map(times), ['31×', '2.4×']);
    assert.deepEqual([gigaflops(4.72e10), gigaflops(4.72e10, 'int8')], ['47.2 GFLOP/s', '47.2 GOP/s']);
  });
});
