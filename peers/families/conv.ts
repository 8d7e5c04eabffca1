// What the families of convolutions share.
import type { ConvTask } from '../types.ts';
import type { Expected } from './compare.ts';

type Geometry = Pick<ConvTask, 'channels' | 'height' | 'width' | 'outputs' | 'kernel' | 'padding'>;

const kShapes: readonly (readonly [kernel: number, channels: number, side: number, outputs: number])[] = [
  [3, 32, 28, 64],
  [3, 64, 56, 64],
  [3, 3, 224, 32],
  [1, 128, 28, 128],
];

/** "3×3, 32×28²→64" */
const nameOf = (kernel: number, channels: number, side: number, outputs: number) =>
  `${kernel}×${kernel}, ${channels}×${side}²→${outputs}`;

export const kNames = kShapes.map((shape) => nameOf(...shape));

export function geometries(): (Geometry & { name: string })[] {
  return kShapes.map(([kernel, channels, side, outputs]) => {
    const name = nameOf(kernel, channels, side, outputs);
    return { name, channels, height: side, width: side, outputs, kernel, padding: (kernel - 1) / 2 };
  });
}

/** The name that the command line takes: 3x3-32x28-64. */
export function shortName({ kernel, channels, height, outputs }: Geometry): string {
  return `${kernel}x${kernel}-${channels}x${height}-${outputs}`;
}

/** Multiply-adds with the padding count too. */
export function operations(g: Geometry): number {
  return 2 * g.height * g.width * g.outputs * g.kernel * g.kernel * g.channels;
}

export function sizes(g: Geometry): { x: number; weights: number; depth: number } {
  const depth = g.kernel * g.kernel * g.channels;
  return { x: g.height * g.width * g.channels, weights: depth * g.outputs, depth };
}

/** Pixels of y[H·W, O], of x[H,W,C] and weights[KH,KW,C,O]. */
export function pixelRows(
  { channels, height, width, outputs, kernel, padding }: Geometry,
  x: ArrayLike<number>,
  weights: ArrayLike<number>,
): Expected['add'] {
  return (pixel, sum, magnitude) => {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    for (let r = 0; r < kernel; r++) {
      for (let s = 0; s < kernel; s++) {
        const [h, w] = [row + r - padding, column + s - padding];
        if (h < 0 || h >= height || w < 0 || w >= width) continue;
        for (let c = 0; c < channels; c++) {
          const value = x[(h * width + w) * channels + c]!;
          const at = ((r * kernel + s) * channels + c) * outputs;
          for (let o = 0; o < outputs; o++) {
            const product = value * weights[at + o]!;
            sum[o]! += product;
            magnitude[o]! += Math.abs(product);
          }
        }
      }
    }
  };
}
