import {
  type Buffer,
  defineGrader,
  type Elements,
  expectEqual,
  type Kernel,
  Mismatch,
  type Random,
} from '#lab/grading/author.ts';
import { parseScript, shown, type Command } from '../../scripts.ts';

type Params = {
  kvHeads: number;
  headSize: number;
  capacity: number;
  /** "append 3; truncate 1 to 0": what is done, with the cache of layer 0 if none is named. */
  script: string;
  /** Ask for what isn't there, too. */
  bad?: boolean;
  /** The numbers asked for are as large as an int can be. */
  far?: boolean;
  layout?: boolean;
};

interface Layer {
  keys: Buffer;
  values: Buffer;
  length: Buffer;
  /** The token at each position, by the number it was appended as. */
  tokens: number[];
}

class Trial {
  readonly #kernel: Kernel;
  readonly #params: Params;
  readonly #newKeys: Buffer;
  readonly #newValues: Buffer;
  readonly #vectors: { key: Elements; value: Elements };
  readonly #layers: Layer[];
  readonly #key: Buffer;
  readonly #value: Buffer;
  readonly #done: string[] = [];
  #appended = 0;

  constructor(kernel: Kernel, params: Params, random: Random, commands: readonly Command[]) {
    const { kvHeads, headSize, capacity } = params;
    this.#kernel = kernel;
    this.#params = params;
    const count = commands.reduce((sum, { verb, count: n }) => sum + (verb === 'append' ? n : 0), 0);
    const shape = [Math.max(1, count), kvHeads, headSize];
    const floats = () => random.floats(shape.reduce((a, b) => a * b, 1));
    this.#vectors = { key: floats(), value: floats() };
    this.#newKeys = kernel.input('key', this.#vectors.key, shape);
    this.#newValues = kernel.input('value', this.#vectors.value, shape);
    const layers = Math.max(...commands.map(({ layer }) => layer)) + 1;
    const empty = () => new Float32Array(kvHeads * capacity * headSize).fill(NaN);
    this.#layers = Array.from({ length: layers }, (_, l) => {
      const suffix = layers > 1 ? ` of layer ${l}` : '';
      return {
        keys: kernel.inout(`keys${suffix}`, empty(), [kvHeads, capacity, headSize]),
        values: kernel.inout(`values${suffix}`, empty(), [kvHeads, capacity, headSize]),
        length: kernel.inout(`length${suffix}`, new Int32Array(1)),
        tokens: [],
      };
    });
    this.#key = kernel.output('the key that kv_read copies', 'f32', [headSize]);
    this.#value = kernel.output('the value that kv_read copies', 'f32', [headSize]);
  }

  run({ verb, count, layer }: Command): void {
    const cache = this.#layers[layer];
    if (cache === undefined) throw new Error('no such layer');
    this.#done.push(`${verb} ${count}${this.#layers.length > 1 ? ` to layer ${layer}` : ''}`);
    if (verb === 'append') for (let i = 0; i < count; ++i) this.#append(cache);
    else this.#truncate(cache, count);
    this.readAll();
    if (this.#params.bad === true) this.#askForMore(cache);
  }

  #append(cache: Layer): void {
    const { kvHeads, headSize, capacity } = this.#params;
    const { keys, values, length, tokens } = cache;
    const before = this.#state(cache);
    const offset = this.#appended * kvHeads * headSize * Float32Array.BYTES_PER_ELEMENT;
    const [key, value] = [this.#newKeys.address + offset, this.#newValues.address + offset];
    const got = this.#kernel.call('kv_append', keys, values, length, key, value, kvHeads, capacity, headSize);
    const isFull = tokens.length === capacity;
    const expected = isFull ? -1 : tokens.length;
    if (got !== expected) {
      const why = isFull
        ? `the cache is full with ${capacity} positions`
        : `that is the position it gets, and there are ${capacity}`;
      this.#fail(`kv_append returned ${got} but should have returned ${expected}: ${why}.`);
    }
    if (isFull) this.#unchanged(cache, before, 'kv_append, which had to refuse the token,');
    else tokens.push(this.#appended);
    ++this.#appended;
    this.#checkLength(cache, 'kv_append');
  }

  #truncate(cache: Layer, count: number): void {
    const { tokens } = cache;
    const isPossible = count >= 0 && count <= tokens.length;
    const got = this.#kernel.call('kv_truncate', cache.length, count);
    if (got !== (isPossible ? 1 : 0))
      this.#fail(
        `kv_truncate to ${count} returned ${got} but should have returned ${isPossible ? 1 : 0}: there are ${tokens.length} positions.`,
      );
    if (isPossible) tokens.length = count;
    this.#checkLength(cache, 'kv_truncate');
  }

  #checkLength({ length, tokens }: Layer, after: string): void {
    const got = this.#kernel.read(length)[0] ?? NaN;
    if (got !== tokens.length)
      this.#fail(`After ${after}, *length is ${got} but should be ${tokens.length}: the number of filled positions.`);
  }

  /** Every head and position of every layer. */
  readAll(): void {
    const { kvHeads, headSize } = this.#params;
    for (const cache of this.#layers) {
      for (let position = 0; position < cache.tokens.length; ++position) {
        for (let head = 0; head < kvHeads; ++head) {
          const what = `kv_read of head ${head}, position ${position}`;
          if (this.#read(cache, head, position) !== 1) this.#fail(`${what} should have returned 1: it is there.`);
          const at = ((cache.tokens[position] ?? 0) * kvHeads + head) * headSize;
          this.#compare(what, 'key', this.#key, at);
          this.#compare(what, 'value', this.#value, at);
        }
      }
    }
  }

  #read({ keys, values, length }: Layer, head: number, position: number): number {
    const { kvHeads, headSize, capacity } = this.#params;
    this.#kernel.poison(this.#key);
    this.#kernel.poison(this.#value);
    const to = [this.#key, this.#value];
    return this.#kernel.call('kv_read', keys, values, length, head, position, ...to, kvHeads, capacity, headSize);
  }

  #compare(what: string, kind: 'key' | 'value', buffer: Buffer, at: number): void {
    const got = this.#kernel.read(buffer);
    const expected = this.#vectors[kind].subarray(at, at + this.#params.headSize);
    const wrong = got.findIndex((value, i) => value !== expected[i]);
    if (wrong < 0) return;
    const [value, right] = [got[wrong] ?? NaN, expected[wrong] ?? NaN];
    this.#fail(
      `${what}: ${kind}[${wrong}] is ${shown(value)} but should be ${shown(right)}. ${this.#originOf(value, kind)}`,
    );
  }

  /** Random numbers are all different: whose is this one? */
  #originOf(value: number, kind: 'key' | 'value'): string {
    if (Number.isNaN(value)) return 'Nothing was ever written there, or nothing was copied.';
    const { kvHeads, headSize } = this.#params;
    for (const found of ['key', 'value'] as const) {
      const at = this.#vectors[found].indexOf(value);
      if (at < 0) continue;
      const token = Math.floor(at / (kvHeads * headSize));
      const head = Math.floor(at / headSize) % kvHeads;
      const swapped = found === kind ? '' : ` It is a ${found}: keys and values are two arrays.`;
      const rest = kvHeads > 1 ? ` of head ${head}` : '';
      return `That is element ${at % headSize} of the ${found}${rest} of the token that was appended as number ${token + 1}.${swapped}`;
    }
    return '';
  }

  #askForMore(cache: Layer): void {
    const { kvHeads, capacity, far } = this.#params;
    const { length } = cache.tokens;
    const [low, high] = far === true ? [-(2 ** 31), 2 ** 31 - 1] : [-1, kvHeads];
    const asked: [number, number, string][] = [
      [0, far === true ? low : -1, 'positions begin at 0'],
      [0, length, `${length} positions are filled`],
      [0, far === true ? high : capacity, `${length} positions are filled`],
      [low, 0, 'heads begin at 0'],
      [high, 0, `there are ${kvHeads} heads`],
    ];
    for (const [head, position, why] of asked) {
      const before = this.#state(cache);
      const what = `kv_read of head ${head}, position ${position}`;
      const got = this.#read(cache, head, position);
      if (got !== 0) this.#fail(`${what} returned ${got} but should have returned 0: ${why}.`);
      this.#unchanged(cache, before, `${what}, which had to be refused,`);
      for (const buffer of [this.#key, this.#value]) {
        const copied = this.#kernel.read(buffer);
        this.#kernel.poison(buffer);
        const untouched = this.#kernel.read(buffer);
        if (!copied.every((value, i) => Object.is(value, untouched[i])))
          this.#fail(`${what} had to be refused, but wrote something: ${why}.`);
      }
    }
  }

  #state({ keys, values }: Layer): Elements[] {
    return [this.#kernel.read(keys), this.#kernel.read(values)];
  }

  #unchanged(cache: Layer, before: readonly Elements[], who: string): void {
    for (const [index, now] of this.#state(cache).entries()) {
      const at = now.findIndex((value, i) => !Object.is(value, before[index]?.[i]));
      if (at >= 0) this.#fail(`${who} changed element ${at} of the ${index === 0 ? 'keys' : 'values'}.`);
    }
  }

  /** The arrays themselves, as far as they are filled. */
  checkLayout(): void {
    const { kvHeads, headSize, capacity } = this.#params;
    for (const { keys, values, tokens } of this.#layers) {
      for (const [buffer, kind] of [
        [keys, 'key'],
        [values, 'value'],
      ] as const) {
        const got = this.#kernel.read(buffer);
        const expected = new Float32Array(got.length);
        for (let i = 0; i < got.length; ++i) {
          const position = Math.floor(i / headSize) % capacity;
          const head = Math.floor(i / headSize / capacity);
          const token = tokens[position];
          if (token === undefined) got[i] = 0;
          else expected[i] = this.#vectors[kind][(token * kvHeads + head) * headSize + (i % headSize)] ?? NaN;
        }
        const hint =
          'The indices are head, position, element: a head’s positions lie together, and each head has room for `capacity` of them.';
        expectEqual(buffer, got, expected, hint);
      }
    }
  }

  #fail(message: string): never {
    throw new Mismatch(message, this.#done);
  }
}

export default defineGrader<Params>({
  run(kernel, params, random) {
    const commands = parseScript(params.script);
    const trial = new Trial(kernel, params, random, commands);
    for (const command of commands) trial.run(command);
    if (params.layout === true) trial.checkLayout();
    // Once more: what was refused has changed nothing, and what is left in the buffers is the kernel's.
    else trial.readAll();
  },
});
