// What JavaScript sees of decoding: models, the cache, generation, refusals, memory.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BuildName } from '#lab/types.ts';
import { isThreaded, kBuilds, type Lms, loadModule, readLm, readTokenizer } from './lib/library.ts';
import { llama2c } from './lib/llama2c.ts';

type Decoder = InstanceType<Lms['Decoder']>;
type Lm = InstanceType<Lms['Lm']>;
type Settings = ConstructorParameters<Lms['Decoder']>[1];
type Asked = ConstructorParameters<Lms['Generation']>[2];

const kExact: Settings = { window: 0, sinks: 0, storage: 'f32', weights: 'f32', mode: 'exact' };
const kGreedy: Asked = {
  cached: true,
  prompt: Int32Array.of(67, 97, 108, 108),
  count: 40,
  temperature: 0,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
  repetitionWindow: 64,
  seed: 1,
  stopTokens: new Int32Array(),
  stopTexts: [],
  shift: false,
};

function describeBuild(build: BuildName): void {
  let lms: Lms;
  let model: Lm;
  before(async () => {
    lms = await loadModule(build, 'lm', 2);
    lms.setThreads(isThreaded(build) ? 2 : 1);
    model = new lms.Lm(readLm());
  });

  const decoderOf = (settings: Partial<Settings> = {}): Decoder => new lms.Decoder(model, { ...kExact, ...settings });

  function generated(settings: Partial<Settings>, asked: Partial<Asked>) {
    const decoder = decoderOf(settings);
    const tokenizer = new lms.Tokenizer(readTokenizer());
    const run = new lms.Generation(decoder, tokenizer, { ...kGreedy, ...asked });
    decoder.delete(); // the run keeps what it needs
    let text = '';
    while (!run.done()) {
      const token = run.step();
      assert.ok(token.seconds > 0);
      text += token.text;
    }
    const result = { ids: [...run.ids()], text, stop: run.stop(), shifts: run.shifts() };
    run.delete();
    tokenizer.delete();
    return result;
  }

  const refuses = (name: string, message: RegExp, call: () => unknown) =>
    assert.throws(call, (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.equal(error.name, name, error.message);
      assert.match(error.message, message);
      return true;
    });

  it('says what a model is', () => {
    const { vocab, layers, kvHeads, positions, tied } = model.config();
    assert.deepEqual(
      { vocab, layers, kvHeads, positions, tied },
      { vocab: 2048, layers: 3, kvHeads: 3, positions: 256, tied: true },
    );
    assert.equal(model.parameters(), 487_584);
    assert.equal(model.tokenizer(), 'cc3ab90606ab8d7e');
  });

  it('gives the logits of the whole computation, bit for bit, however the tokens are fed', () => {
    const ids = Int32Array.from({ length: 50 }, (_, i) => (i * 37) % 2048);
    const whole = model.logits(ids, 'exact');
    const decoder = decoderOf();
    for (const [from, to] of [
      [0, 20],
      [20, 21],
      [21, 50],
    ])
      decoder.feed(ids.subarray(from, to));
    assert.deepEqual([...decoder.logits()], [...whole.subarray(49 * 2048)]);
    decoder.delete();
  });

  it('generates the same with and without the cache', () => {
    const cached = generated({}, {});
    assert.equal(cached.ids.length, 40);
    assert.equal(cached.stop, 'count');
    assert.deepEqual(generated({}, { cached: false }), cached);
    assert.notDeepEqual(generated({}, { temperature: 1 }).ids, cached.ids);
  });

  it('stops at a text, and at the end of the positions', () => {
    const { text } = generated({}, {});
    const stop = text.slice(10, 13);
    const stopped = generated({}, { stopTexts: [stop] });
    assert.equal(stopped.stop, 'text');
    assert.equal(stopped.text, text.slice(0, text.indexOf(stop)));
    assert.equal(generated({}, { count: 300 }).stop, 'context');
    assert.ok(generated({}, { count: 300, shift: true }).shifts > 0);
  });

  it('streams beyond the positions, in the same bytes, with the same bits while nothing is evicted', () => {
    const stream: Partial<Settings> = { window: 60, sinks: 4, stream: true };
    assert.deepEqual(generated(stream, {}), generated({}, {}));
    const { ids, stop, shifts } = generated(stream, { count: 700 });
    assert.deepEqual([ids.length, stop, shifts], [700, 'count', 0]);
    const decoder = decoderOf(stream);
    const before = decoder.footprint();
    const { layers, kvHeads, dim, heads } = model.config();
    const size = dim / heads;
    const [kept, seen] = [2 * layers * kvHeads * size * 64, (kvHeads * 64 + 16 + 2 * 64) * size];
    assert.equal(before.total, 4 * (kept + seen));
    decoder.feed(Int32Array.of(...kGreedy.prompt, ...ids.slice(0, -1)));
    assert.equal(decoder.length(), 4 + 699);
    assert.deepEqual(decoder.footprint(), before);
    const logits = decoder.logits();
    assert.equal(logits.indexOf(Math.max(...logits)), ids.at(-1));
    decoder.delete();
    refuses('RangeError', /no kernels from outside/, () => decoderOf({ ...stream, guest: true }));
  });

  it('accounts for its cache', () => {
    const decoder = decoderOf({ window: 32, sinks: 4, storage: 'int8' });
    decoder.feed(Int32Array.from({ length: 40 }, (_, i) => i));
    assert.equal(decoder.length(), 40);
    assert.equal(decoder.kept(), 36);
    assert.deepEqual(
      [0, 3, 4, 7, 8, 39].map((position) => decoder.holds(position)),
      [true, true, false, false, true, true],
    );
    assert.equal(decoder.slotOf(36), 4);
    assert.equal(decoder.canTruncate(30), false);
    refuses('RangeError', /30/, () => decoder.truncate(30));
    assert.deepEqual(decoder.footprint(), model.footprint({ ...kExact, window: 32, sinks: 4, storage: 'int8' }));
    assert.ok(decoder.bytesInUse() < decoder.footprint().total);
    decoder.delete();
  });

  it('may read more positions', () => {
    const longer = lms.Lm.withPositions(model, 600);
    const decoder = new lms.Decoder(longer, kExact);
    longer.delete();
    decoder.feed(Int32Array.from({ length: 599 }, (_, i) => i));
    assert.equal(decoder.length(), 599);
    decoder.delete();
  });

  it('reads llama2.c’s format, without a tokenizer too', () => {
    const small = new lms.Lm(llama2c());
    assert.equal(small.tokenizer(), '');
    const decoder = new lms.Decoder(small, kExact);
    const run = new lms.Generation(decoder, null, { ...kGreedy, count: 5 });
    const tokens = Array.from({ length: 5 }, () => run.step());
    assert.ok(tokens.every(({ text, id }) => text === '' && id >= 0 && id < 260));
    assert.equal(run.done(), true);
    for (const handle of [run, decoder, small]) handle.delete();
  });

  it('refuses what does not fit, by name', () => {
    refuses('DataError', /./, () => new lms.Lm(new Uint8Array(5)));
    refuses('DataError', /./, () => new lms.Lm(readLm().slice(0, 5000)));
    refuses('RangeError', /'int5'/, () => decoderOf({ weights: 'int5' as 'int4' }));
    refuses('RangeError', /'f8'/, () => decoderOf({ storage: 'f8' as 'int8' }));
    refuses('RangeError', /"slow"/, () => decoderOf({ mode: 'slow' as 'fast' }));
    refuses('RangeError', /window/, () => decoderOf({ window: -1 }));
    refuses('RangeError', /window is 1.5/, () => decoderOf({ window: 1.5 }));
    refuses('RangeError', /temperature/, () => generated({}, { temperature: -1 }));
    refuses('RangeError', /prompt of 0 tokens/, () => generated({}, { prompt: new Int32Array() }));
    refuses('RangeError', /stop text is empty/, () => generated({}, { stopTexts: [''] }));
    refuses('RangeError', /2048/, () => generated({}, { prompt: Int32Array.of(2048) }));
    refuses('RangeError', /positions/, () => lms.Lm.withPositions(model, 10_000));
  });

  it('gives all memory back', () => {
    const cycle = () => void generated({ storage: 'fp16', weights: 'int8' }, { count: 3 });
    for (let i = 0; i < 3; ++i) cycle();
    const inUse = lms.memoryInUse();
    for (let i = 0; i < 10; ++i) cycle();
    assert.equal(lms.memoryInUse(), inUse);
  });
}

for (const build of kBuilds) describe(`decoding with ${build}`, () => describeBuild(build));
