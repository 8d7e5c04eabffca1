/** Comparisons for graders. Each throws a Mismatch that shows the first difference and where the others are. */
import { indexed, type Buffer, type Elements } from './kernel.ts';
import { Mismatch } from './verdict.ts';

/** Float32: half the distance from 1 to the next number. */
export const kEpsilon = 2 ** -24;

export type Tolerance = number | ((index: number) => number);

/**
 * `got` is within `tolerance` (absolute, per element) of `expected`. NaN is equal to nothing. `hint` may add a sentence.
 */
export function expectClose(
  buffer: Pick<Buffer, 'name' | 'shape'>,
  got: Elements,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  hint = '',
): void {
  sameCount(buffer, got, expected);
  const allowed = typeof tolerance === 'number' ? () => tolerance : tolerance;
  const isWrong = (i: number) =>
    !(Math.abs((got[i] ?? NaN) - (expected[i] ?? NaN)) <= allowed(i)) && !sameInfinity(got[i], expected[i]);
  let first = -1;
  let wrong = 0;
  for (let i = 0; i < expected.length; ++i) {
    if (!isWrong(i)) continue;
    if (first < 0) first = i;
    ++wrong;
  }
  if (first < 0) return;
  const value = got[first] ?? NaN;
  const many =
    wrong === 1 ? 'It is the only element that is wrong' : `${wrong} of ${expected.length} elements are wrong`;
  const unset = Number.isNaN(value) ? ' It may never have been written, or was added to before it was set.' : '';
  throw new Mismatch(
    `${indexed(buffer, first)} is ${shown(value)} but should be ${shown(expected[first] ?? NaN)} (±${shown(allowed(first))}). ${many}.${unset}${hint && ` ${hint}`}`,
    picture(buffer.shape, isWrong),
  );
}

/** Integers, bit for bit. */
export function expectEqual(
  buffer: Pick<Buffer, 'name' | 'shape'>,
  got: Elements,
  expected: ArrayLike<number>,
  hint = '',
): void {
  sameCount(buffer, got, expected);
  const isWrong = (i: number) => got[i] !== expected[i];
  let first = -1;
  let wrong = 0;
  for (let i = 0; i < expected.length; ++i) {
    if (!isWrong(i)) continue;
    if (first < 0) first = i;
    ++wrong;
  }
  if (first < 0) return;
  const many =
    wrong === 1 ? 'It is the only element that is wrong' : `${wrong} of ${expected.length} elements are wrong`;
  throw new Mismatch(
    `${indexed(buffer, first)} is ${got[first]} but should be ${expected[first]}. ${many}.${hint && ` ${hint}`}`,
    picture(buffer.shape, isWrong),
  );
}

/** A comparison with nothing would find nothing wrong. */
function sameCount({ name }: Pick<Buffer, 'name'>, got: Elements, expected: ArrayLike<number>): void {
  if (got.length !== expected.length)
    throw new RangeError(`${name}: ${got.length} elements are compared with ${expected.length}`);
}

function sameInfinity(a: number | undefined, b: number | undefined): boolean {
  return a === b && (a === Infinity || a === -Infinity);
}

function shown(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value);
}

const kMostRows = 16;
const kMostColumns = 32;

/** Right (·) and wrong (×) elements of the last two axes, several to a sign where there are many. */
function picture(shape: readonly number[], isWrong: (index: number) => boolean): string[] {
  const columns = shape.at(-1) ?? 0;
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count < 2 || columns === 0) return [];
  const rows = count / columns;
  const high = Math.min(rows, kMostRows);
  const wide = Math.min(columns, kMostColumns);
  return Array.from({ length: high }, (_, y) => {
    let line = '';
    for (let x = 0; x < wide; ++x) {
      let wrong = false;
      for (let r = Math.floor((y * rows) / high); r < Math.floor(((y + 1) * rows) / high) && !wrong; ++r)
        for (let c = Math.floor((x * columns) / wide); c < Math.floor(((x + 1) * columns) / wide) && !wrong; ++c)
          wrong = isWrong(r * columns + c);
      line += wrong ? '×' : '·';
    }
    return line;
  });
}
