// docs/benchmarks.json: reading it, earlier formats included, and writing it.
import { existsSync, readFileSync } from 'node:fs';
import { CommandError } from '../tools/lib/command.ts';
import type { FamilyResults, Results } from './types.ts';

/** Before there were families: one section for the browser and one native, of f32 products. */
interface FormatOne extends FamilyResults {
  format: 1;
}

export function decodeResults(text: string): Results {
  const found = JSON.parse(text) as Results | FormatOne;
  if (found.format === 1) return { format: 2, families: { 'gemm-f32': { web: found.web, native: found.native } } };
  if (found.format !== 2)
    throw new CommandError(`results of format ${String((found as Results).format)} are unknown here`);
  return found;
}

export function readResults(path: string): Results {
  return existsSync(path) ? decodeResults(readFileSync(path, 'utf8')) : { format: 2, families: {} };
}

/** JSON with a line for each repetition and each peak, so that two runs can be compared line by line. */
export function encodeResults(results: Results): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  const text = JSON.stringify(results, rounded, 1);
  const flat = text.replace(/\{[^{}[\]]*\}/g, (leaf) => leaf.replace(/\n\s*/g, ' '));
  return `${flat}\n`;
}
