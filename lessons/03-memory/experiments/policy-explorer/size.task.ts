/** What a policy takes in memory; known without running it. */
import type { AssetName } from '#lab/assets.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { defineQuestion, type Deletable, type TaskHost } from '#lab/task.ts';
import type { Footprint, Lm, LmModule } from '#lab/types.ts';

/** A model with as many key and value heads as are wanted, and how its decoder keeps them. */
export interface PolicyModel {
  model: AssetName;
  kvHeads: number;
  decoder: DecoderSettings;
}

export interface PolicySize {
  footprint: Footprint;
  weightBytes: number;
  positions: number;
  parameters: number;
}

export async function modelOf(
  lm: LmModule,
  { model: asset, kvHeads }: PolicyModel,
  { keep, open }: TaskHost,
): Promise<Lm> {
  const model = await open(asset, lm.Lm);
  return model.config().kvHeads === kvHeads ? model : keep(lm.regroupLm(model, kvHeads));
}

export const sizeOf = (model: Lm, decoder: DecoderSettings, weightBytes: number): PolicySize => ({
  footprint: model.footprint(decoder),
  weightBytes,
  positions: model.config().positions,
  parameters: model.parameters(),
});

/** Bytes of a model's weights in a format. Only a decoder knows them, and making one takes long, so they lie on the shelf. */
interface Weighed extends Deletable {
  bytes: number;
}

export default defineQuestion({
  module: 'lm',
  async answer(lm, options: PolicyModel, host): Promise<PolicySize> {
    const { model: asset, kvHeads, decoder } = options;
    const model = await modelOf(lm, options, host);
    const key = ['weighed', asset, kvHeads, decoder.weights].join();
    const weigh = (): Weighed => ({
      bytes: host.keep(new lm.Decoder(model, decoder)).weightBytes(),
      delete: () => undefined,
    });
    const { bytes } = host.shelf.get<Weighed>(key) ?? host.shelf.put(key, weigh());
    return sizeOf(model, decoder, bytes);
  },
});
