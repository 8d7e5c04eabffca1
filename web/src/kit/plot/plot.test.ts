import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bars, dots, line, marker, strokes } from './marks.ts';
import { placeFor, renderPlot, type Plot } from './plot.ts';
import { linear } from './scale.ts';

/** What a template says, its values in their places. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (typeof value !== 'object' || value === null) return typeof value === 'symbol' ? '' : String(value);
  const { strings, values } = value as { strings: string[]; values: unknown[] };
  return strings.map((string, i) => string + (i < values.length ? textOf(values[i]) : '')).join('');
}

const plot: Plot = {
  label: 'Loss over epochs',
  ...{ width: 300, height: 150, margin: { left: 50, right: 50, top: 10, bottom: 40 } },
  x: { scale: linear(0, 10, [0, 5, 10]), title: 'epochs' },
  y: { scale: linear(0, 2, [0, 1, 2]), text: (value) => `${value} bits` },
  marks: [],
};

describe('a plot', () => {
  it('has its scales within its margins, y upwards', () => {
    const { x, y } = placeFor(plot);
    assert.deepEqual([x(0), x(5), x(10)], [50, 150, 250]);
    assert.deepEqual([y(0), y(2)], [110, 10]);
  });

  it('says what it shows and names its ticks', () => {
    const text = textOf(renderPlot(plot));
    assert.match(text, /aria-label=Loss over epochs/);
    assert.match(text, />epochs</);
    assert.match(text, />2 bits</);
    assert.doesNotMatch(text, />0 bits</, 'zero has no unit');
    assert.equal(text.match(/class="grid"/g)?.length, 6);
  });
});

describe('marks', () => {
  const place = placeFor(plot);

  it('lie where the scales place them', () => {
    assert.match(
      textOf(
        line([
          { x: 0, y: 0 },
          { x: 10, y: 2 },
        ])(place),
      ),
      /points=50\.0,110\.0 250\.0,10\.0/,
    );
    assert.match(textOf(dots([{ x: 5, y: 1 }], { r: 3 })(place)), /cx=150 cy=60 r=3/);
    const bar = textOf(bars({ from: 0, width: 5, counts: [1, 2] })(place));
    assert.match(bar, /x=50\.5 width=99 y=60 height=50/);
    assert.match(bar, /x=150\.5 width=99 y=10 height=100/);
  });

  it('end at the chart’s edge', () => {
    assert.match(textOf(strokes([{ x: 5, low: 1, high: 99 }])(place)), /y1=60 y2=10/);
    assert.equal(textOf(marker(11, 'mean')(place)), '');
    assert.match(textOf(marker(5, 'mean')(place)), /x1=150/);
  });
});
