import type { Settings } from '#lab/url-state.ts';

/** Layers whose work a reader counts by hand, with the extents that the library's layerWork takes. */

export interface Extent {
  name: string;
  label: string;
  value: number;
  most: number;
}

export interface CountedLayer {
  title: string;
  extents: readonly Extent[];
  /** What else the library is told. */
  fixed: Readonly<Record<string, boolean>>;
  note: string;
}

const extent = (name: string, label: string, value: number, most = 4096): Extent => ({ name, label, value, most });

export const kLayers: Readonly<Record<string, CountedLayer>> = {
  linear: {
    title: 'Linear',
    extents: [extent('rows', 'Rows B', 8), extent('inputs', 'Inputs I', 20), extent('outputs', 'Outputs O', 10)],
    fixed: { bias: true },
    note: 'with a bias, no activation',
  },
  conv2d: {
    title: 'Conv2d',
    extents: [
      extent('batch', 'Images B', 2, 512),
      extent('height', 'Height', 8, 512),
      extent('width', 'Width', 8, 512),
      extent('channels', 'Channels C', 3, 512),
      extent('outputs', 'Outputs O', 4, 512),
      extent('kernelHeight', 'Kernel height', 3, 15),
      extent('kernelWidth', 'Kernel width', 3, 15),
      extent('padding', 'Padding', 1, 7),
    ],
    fixed: { bias: false },
    note: 'stride 1, no bias',
  },
  attention: {
    title: 'Attention',
    extents: [
      extent('queries', 'Queries', 4),
      extent('keys', 'Keys', 4),
      extent('heads', 'Heads H', 2, 64),
      extent('keyHeads', 'Heads of keys', 1, 64),
      extent('size', 'Head size D', 8, 256),
    ],
    fixed: { causal: false },
    note: 'every query sees every key',
  },
};

export type Extents = Record<string, number>;

export const defaultExtents = (kind: string): Extents =>
  Object.fromEntries((kLayers[kind]?.extents ?? []).map(({ name, value }) => [name, value]));

/** Extents from the address where they are whole and not too large, else the layer's own. */
export function readExtents(kind: string, saved: Settings): Extents {
  const own = (kLayers[kind]?.extents ?? []).map(({ name, value, most }): [string, number] => {
    const given = Number(saved[name]);
    const fits = saved[name] !== undefined && Number.isInteger(given) && given >= (name === 'padding' ? 0 : 1);
    return [name, fits && given <= most ? given : value];
  });
  return Object.fromEntries(own);
}

/** Operations by kind; those that a layer has none of are left out. */
export function kindsOf(work: {
  additions: number;
  multiplications: number;
  divisions: number;
  roots: number;
  comparisons: number;
  functions: number;
}): [string, number][] {
  const kinds: [string, number][] = [
    ['additions', work.additions],
    ['multiplications', work.multiplications],
    ['divisions', work.divisions],
    ['square roots', work.roots],
    ['comparisons', work.comparisons],
    ['exponentials', work.functions],
  ];
  return kinds.filter(([, count]) => count > 0);
}
