/** Numbers that a student's functions return, judged with a word on what probably went wrong. */
import { Mismatch } from './verdict.ts';

/** The value that a typical mistake leads to, and a sentence about it. */
export type Fault = readonly [value: number, sentence: string];

/** Double precision, with room for any order of a few operations; what went through a float is a million times further off. */
export const kDoubleMargin = 1e-12;
const kFloatMargin = 2 ** -22;
const kMostInt = 2 ** 31 - 1;

/** `got` is `expected` within `margin` of its size, or a Mismatch says what `got` looks like. `faults` is asked only then. */
export function expectExplained(
  what: string,
  got: number,
  expected: number,
  faults: () => readonly Fault[],
  { margin = 0, picture = (): string[] => [] } = {},
): void {
  const isNear = (a: number, b: number, within: number) => Math.abs(a - b) <= within * Math.abs(b);
  if (isNear(got, expected, margin)) return;
  const [, sentence = general(got, expected)] =
    faults().find(([value]) => isNear(got, value, margin) && !isNear(value, expected, margin)) ?? [];
  const isFloat = isNear(got, expected, kFloatMargin) && !Number.isInteger(expected);
  throw new Mismatch(
    isFloat
      ? `${what} is ${digits(got)} but should be ${digits(expected)}. Only the first digits are right: some number on the way was a float, and the times are double.`
      : `${what} is ${digits(got)} but should be ${digits(expected)}.${sentence && ` ${sentence}`}`,
    picture(),
  );
}

/** What can be said without knowing the task. */
function general(got: number, expected: number): string {
  if (Number.isNaN(got)) return 'NaN often comes from memory that was never written, or from 0 / 0.';
  if (!Number.isInteger(expected)) return '';
  const isWrapped = (expected - got) % 2 ** 32 === 0 || Math.abs(got) <= kMostInt + 1;
  if (Math.abs(expected) > kMostInt && got !== 0 && isWrapped)
    return 'The number has no place in an int, which ends at 2147483647: multiply and add doubles or int64_t from the first operation on.';
  const rest = Math.abs(got - expected) / Math.max(1, Math.abs(expected));
  if (rest > 0 && rest < 2 ** -22)
    return 'Only the first digits are right: a float is exact up to 16777216 only, a double up to 2^53.';
  return '';
}

function digits(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 53) return String(value);
  return Number.isFinite(value) ? String(Number(value.toPrecision(12))) : String(value);
}
