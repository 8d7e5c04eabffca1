import type { DecoderSettings } from '#lab/generation.ts';
import type { AttentionMaps } from './attention-map/task.ts';

/** Three views of a cache of keys and values: what is in it step by step, where attention looks, what a policy costs. */

/** What of the settings the time machine and the map have. */
export interface KeepPolicy {
  window: number;
  sinks: number;
  storage: DecoderSettings['storage'];
}

export const kWindows = [0, 4, 6, 8, 12, 16, 32];
export const kSinks = [0, 1, 2, 4];
export const kStorages: readonly DecoderSettings['storage'][] = ['f32', 'fp16', 'int8'];

export const decoderOf = (policy: KeepPolicy): DecoderSettings => ({ ...policy, weights: 'f32', mode: 'exact' });

/** "the latest 8 tokens and the first 2" */
export function policyText({ window, sinks }: { window: number; sinks: number }): string {
  if (window === 0) return 'everything';
  const latest = `the latest ${window} tokens`;
  return sinks === 0 ? latest : `${latest} and the first ${sinks === 1 ? 'one' : sinks}`;
}

/** Keys and values, rows of one head and layer, that steps compute: with a cache each once, without one all again. */
export const rowsComputed = (step: number, cached: boolean): { now: number; soFar: number } =>
  cached ? { now: 1, soFar: step + 1 } : { now: step + 1, soFar: ((step + 1) * (step + 2)) / 2 };

/** A token as a label: its spaces made visible, line ends too. */
export const tokenLabel = (token: string): string =>
  token === '' ? '∅' : token.replaceAll('\n', '↵').replaceAll('\t', '⇥').replaceAll(' ', '␣');

/** What a cell of the map is when the newest token is at `newest`. */
export type CellState = 'later' | 'not yet' | 'evicted' | 'this step' | 'recomputed';

export function cellState(
  query: number,
  key: number,
  newest: number,
  kept: { window: number; sinks: number },
): CellState {
  if (key > query) return 'later';
  if (query > newest) return 'not yet';
  if (kept.window > 0 && key >= kept.sinks && key <= query - kept.window) return 'evicted';
  return query === newest ? 'this step' : 'recomputed';
}

export const kCellTexts: Readonly<Record<CellState, string>> = {
  later: 'a later token, which is not seen',
  'not yet': 'not read yet',
  evicted: 'evicted before this token came',
  'this step': 'computed in this step, with a cache or without',
  recomputed: 'known from before; without a cache it is computed again',
};

/** Cells that are computed when the newest token is at `newest`: with a cache its row, without one all rows up to it. */
export function cellsComputed(
  newest: number,
  kept: { window: number; sinks: number },
): { cached: number; uncached: number } {
  let uncached = 0;
  for (let query = 0; query <= newest; ++query) uncached += query + 1;
  const seen = kept.window === 0 ? newest + 1 : Math.min(newest + 1, kept.window + kept.sinks);
  return { cached: seen, uncached };
}

/** One row of a map: the probabilities of a query. */
export function rowOf(
  { values, heads, tokens }: AttentionMaps,
  layer: number,
  head: number,
  query: number,
): Float32Array {
  const T = tokens.length;
  const begin = ((layer * heads + head) * T + query) * T;
  return values.subarray(begin, begin + T);
}

/** What a head does, in two numbers: how far back it looks on average, in tokens, and what it gives the first token. */
export function headSummary(maps: AttentionMaps, layer: number, head: number): { distance: number; first: number } {
  let [distance, first] = [0, 0];
  const T = maps.tokens.length;
  for (let query = 0; query < T; ++query) {
    const row = rowOf(maps, layer, head, query);
    for (let key = 0; key <= query; ++key) distance += row[key]! * (query - key);
    first += row[0]!;
  }
  return { distance: distance / T, first: first / T };
}
