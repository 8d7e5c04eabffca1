// A language model in onnxruntime-web: the caches that come out of a run go into the next, which copies them both times.
import { checkedTokens, type ChosenToken, likeliest, logProbabilities, modelOf, outputOf } from '../families/decode.ts';
import type { Gpt2 } from '../models/gpt2.ts';
import { cacheNames, gpt2Onnx } from '../models/gpt2-onnx.ts';
import type { DecodeTask, OperandsOf, Prepared } from '../types.ts';
import type { Data, Session, Tensor } from './ort.ts';

type Tensors = Record<string, Tensor>;
export interface DecodeOrt {
  start(model: Uint8Array): Promise<Session>;
  tensor(type: 'float32' | 'int32', data: Data, dims: number[]): Tensor;
}

/** Of a log-probability, in standard deviations: weights and activations rounded to 8 bits. */
const kEightBits = 0.15;
/** Added to the scores of keys that a query doesn't see. */
const kHidden = -1e9;

/** What a run needs beside the caches, for T tokens after P. */
function inputs({ tensor }: DecodeOrt, ids: Int32Array, past: number): Tensors {
  const [count, total] = [ids.length, past + ids.length];
  const mask = new Float32Array(count * total);
  for (let t = 0; t < count; t++) mask.fill(kHidden, t * total + past + t + 1, (t + 1) * total);
  return {
    ids: tensor('int32', Int32Array.from(ids), [1, count]),
    places: tensor(
      'int32',
      Int32Array.from(ids, (_, t) => past + t),
      [1, count],
    ),
    mask: tensor('float32', mask, [count, total]),
  };
}

function emptyCaches({ tensor }: DecodeOrt, { layers, heads, dim }: Gpt2): Tensors {
  const names = Array.from({ length: layers }, (_, layer) => cacheNames(layer).past).flat();
  const none = () => tensor('float32', new Float32Array(0), [1, heads, 0, dim / heads]);
  return Object.fromEntries(names.map((name) => [name, none()]));
}

export async function decoding(ort: DecodeOrt, task: DecodeTask, { prompt }: OperandsOf['decode']): Promise<Prepared> {
  const { model } = modelOf(task);
  const session = await ort.start(gpt2Onnx(model, task.weights === 'int8'));
  const names = Array.from({ length: model.layers }, (_, layer) => cacheNames(layer));
  /** The logits of the last of `ids`, and the caches with them. */
  const feed = async (ids: Int32Array, caches: Tensors, past: number) => {
    const results = await session.run({ ...inputs(ort, ids, past), ...caches });
    const longer = names.flatMap(({ past: before, present }) => before.map((name, i) => [name, results[present[i]!]!]));
    return { logits: results['logits']!.data as Float32Array, caches: Object.fromEntries(longer) as Tensors };
  };
  const cached = task.kind === 'generate' ? prompt.length - 1 : 0;
  const first = emptyCaches(ort, model);
  const start = cached > 0 ? (await feed(prompt.subarray(0, cached), first, 0)).caches : first;
  let latest: Pick<ChosenToken, 'id'>[] = [];
  let logits: Float32Array[] = [];
  return {
    run: async () => {
      let [ids, past, caches] = [prompt.subarray(cached), cached, start];
      [latest, logits] = [[], []];
      for (let i = 0; i < task.count; i++) {
        const next = await feed(ids, caches, past);
        past += ids.length;
        const id = likeliest(next.logits);
        latest.push({ id });
        logits.push(next.logits);
        [ids, caches] = [Int32Array.of(id), next.caches];
      }
    },
    output: () =>
      outputOf(
        latest
          .slice(0, checkedTokens(task))
          .map(({ id }, i) => ({ id, logProbabilities: logProbabilities(logits[i]!) })),
      ),
    ...(task.weights === 'int8' ? { allowed: kEightBits } : {}),
    dispose: () => void session.release(),
  };
}
