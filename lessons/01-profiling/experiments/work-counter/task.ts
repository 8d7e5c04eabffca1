/** What a layer of these extents computes and moves. Throws what the library says of them. */
import { defineQuestion } from '#lab/task.ts';
import type { KernelModule, LayerWork } from '#lab/types.ts';

export interface WorkOptions {
  kind: string;
  extents: Record<string, number | boolean>;
}

type LayerKind = Parameters<KernelModule['layerWork']>[0];

export default defineQuestion({
  module: 'optlab',
  answer: (optlab, { kind, extents }: WorkOptions): LayerWork => optlab.layerWork(kind as LayerKind, extents),
});
