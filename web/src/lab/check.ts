/** Judging the answers to a lesson's short questions. No page of its own: tests run it in Node. */

export type CheckKind = 'single' | 'several' | 'number';

export interface NumberAnswer {
  value: number;
  /** How far off is right: a difference, or a fraction of the value. */
  tolerance: number;
}

/** A number as people type it: "1,024", "9.8e9", "−3", "12 %" and "5/8"; null if it is none. */
export function parseNumber(text: string): number | null {
  const plain = text
    .trim()
    .replaceAll('−', '-')
    .replace(/\s*%$/, '')
    .replace(/(?<=\d)[,_\s](?=\d{3}(?!\d))/g, '');
  const fraction = /^(-?\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)$/.exec(plain);
  if (fraction !== null) return Number(fraction[2]) === 0 ? null : Number(fraction[1]) / Number(fraction[2]);
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  return Number(plain);
}

/** "0.05" is a difference, "2%" a fraction. Null if it is neither. */
export function parseTolerance(text: string, value: number): number | null {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (percent !== null) return (Math.abs(value) * Number(percent[1])) / 100;
  const difference = parseNumber(text);
  return difference === null || difference < 0 ? null : difference;
}

/** A hair more than the tolerance, since 0.1 + 0.2 is no 0.3. */
export const isRightNumber = (typed: number, { value, tolerance }: NumberAnswer): boolean =>
  Math.abs(typed - value) <= tolerance + 1e-9 * Math.max(Math.abs(value), 1e-9);

/** Whether exactly the right choices were made. */
export function isRightChoice(chosen: readonly number[], right: readonly number[]): boolean {
  return chosen.length === right.length && right.every((choice) => chosen.includes(choice));
}

/** Which choices' feedback to show: those made; of several, also the right ones that were left out. */
export function feedbackFor(kind: CheckKind, chosen: readonly number[], right: readonly number[]): number[] {
  const missed = kind === 'several' ? right.filter((choice) => !chosen.includes(choice)) : [];
  return [...chosen, ...missed].sort((a, b) => a - b);
}

/** For several choices: how many right ones are missing and how many wrong ones were made. */
export function severalText(chosen: readonly number[], right: readonly number[]): string {
  const missed = right.filter((choice) => !chosen.includes(choice)).length;
  const wrong = chosen.filter((choice) => !right.includes(choice)).length;
  const parts = [];
  if (wrong > 0) parts.push(`${wrong} of your choices ${wrong === 1 ? 'is' : 'are'} wrong`);
  if (missed > 0) parts.push(`${missed} right ${missed === 1 ? 'one is' : 'ones are'} missing`);
  return `Not yet: ${parts.join(', ')}.`;
}
