import { defineGrader, expectExplained, type Fault, type Kernel, Mismatch } from '#lab/grading/author.ts';
import { kLayers, makeTrace, Truth, type Event, type TraceParams } from '../../traces.ts';

type Params = TraceParams & { ask?: string };

const kShownEvents = 10;

function textOf(event: Event): string {
  switch (event.kind) {
    case 'alloc':
      return `on_alloc(${event.id}, ${event.bytes})`;
    case 'free':
      return `on_free(${event.id})`;
    case 'begin':
      return `begin_layer(${event.layer})`;
    case 'end':
      return `end_layer(${event.layer})`;
  }
}

/** Calls the kernel, and says whether it took the event for possible. */
function send(kernel: Kernel, event: Event): boolean {
  switch (event.kind) {
    case 'alloc':
      return kernel.call('on_alloc', event.id, event.bytes) !== 0;
    case 'free':
      return kernel.call('on_free', event.id) !== 0;
    case 'begin':
      kernel.call('begin_layer', event.layer);
      return true;
    case 'end':
      kernel.call('end_layer', event.layer);
      return true;
  }
}

/** Why an event can or can't be, from the truth before it. */
function reasonOf(event: Event, truth: Truth, isPossible: boolean): string {
  if (event.kind !== 'alloc' && event.kind !== 'free') return '';
  const bytes = truth.blocks.get(event.id);
  const isIn = event.id >= 0 && event.id < 1024;
  if (!isIn) return 'ids go from 0 to 1023';
  if (event.kind === 'free')
    return isPossible
      ? `that block is live, with ${bytes} bytes`
      : 'no live block has that id (freed twice, or unknown)';
  return isPossible
    ? 'no live block has that id (an earlier one that was freed is no obstacle)'
    : `that id belongs to a live block, of ${bytes} bytes`;
}

class Comparison {
  readonly #kernel: Kernel;
  readonly #truth = new Truth();
  readonly #lines: string[] = [];
  #refused: Event | null = null;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  send(event: Event, index: number): void {
    const before = new Map(this.#truth.blocks);
    const isPossible = this.#truth.apply(event);
    this.#refused = isPossible ? null : event;
    const line = `${index + 1}. ${textOf(event)}`;
    this.#lines.push(isPossible ? `${line}: ${this.#truth.current} bytes are live` : `${line}: refused`);
    const isTaken = send(this.#kernel, event);
    if (isTaken === isPossible) return;
    const state = { blocks: before } as Truth;
    throw new Mismatch(
      `Event ${index + 1}: ${textOf(event)} returned ${isTaken ? 1 : 0} but should have returned ${isPossible ? 1 : 0}: ${reasonOf(event, state, isPossible)}.`,
      this.#picture(),
    );
  }

  /** Every figure that may be asked for now. */
  compare({ layers: withLayers = false, wrong }: Params): void {
    const truth = this.#truth;
    const { current, peak, blocks } = truth;
    this.#expect('current_bytes()', this.#kernel.call('current_bytes'), current, () => [
      [truth.allocated, 'That is all that was ever allocated: what was freed is no longer there.'],
      [peak, 'That is the peak: frees make the current sum smaller.'],
      [blocks.size, 'Those are blocks, not bytes.'],
    ]);
    this.#expect('peak_bytes()', this.#kernel.call('peak_bytes'), peak, () => [
      [current, 'That is what is live now. The peak lies in the past: keep it when it happens, in on_alloc.'],
      [truth.allocated, 'That is all that was ever allocated: blocks that were never live together.'],
      [truth.largestBlock, 'That is the largest single block: the peak is a sum of blocks.'],
    ]);
    if (wrong !== undefined) {
      this.#expect('live_blocks()', this.#kernel.call('live_blocks'), blocks.size, () => [
        [
          [...blocks.values()].filter((bytes) => bytes > 0).length,
          'A block of 0 bytes is live too, until it is freed.',
        ],
      ]);
    }
    if (!withLayers) return;
    for (let layer = 0; layer < kLayers; ++layer) this.#compareLayer(layer);
  }

  #compareLayer(layer: number): void {
    const truth = this.#truth;
    const state = truth.layers.get(layer);
    const got = this.#kernel.call('layer_bytes', layer);
    const innermost = truth.open.at(-1);
    this.#expect(`layer_bytes(${layer})`, got, state?.largest ?? 0, () => {
      if (state === undefined) return [[got, 'This layer never ran.']];
      return [
        [state.highest, 'That is the most that was live while it was open: take off what was live when it began.'],
        [truth.peak, "That is the whole program's peak."],
        [state.run, 'That is its last run: an earlier one was larger.'],
        [state.allocated, 'That is all that was allocated while it was open, with what was freed meanwhile.'],
        [
          0,
          innermost === layer ? '' : 'It was open together with other layers: each allocation counts for all of them.',
        ],
        [truth.current - state.begin, 'That is what is live now, less what was live when it began: keep the maximum.'],
      ] satisfies Fault[];
    });
  }

  #expect(what: string, got: number, expected: number, faults: () => readonly Fault[]): void {
    const after = this.#lines.length === 0 ? 'Before the first event' : `After event ${this.#lines.length}`;
    const refused = this.#refused;
    const explained = () =>
      refused === null
        ? faults()
        : [[got, `The last event, ${textOf(refused)}, had to be refused and must change nothing.`] as const];
    expectExplained(`${after}, ${what}`, got, expected, explained, { picture: () => this.#picture() });
  }

  #picture(): string[] {
    const hidden = this.#lines.length - kShownEvents;
    return [...(hidden > 0 ? [`… ${hidden} events before`] : []), ...this.#lines.slice(-kShownEvents)];
  }
}

export default defineGrader<Params>({
  run(kernel, params, random) {
    const comparison = new Comparison(kernel);
    const isAsked = params.ask !== 'end';
    if (isAsked) comparison.compare(params);
    for (const [index, event] of makeTrace(params, random).entries()) {
      comparison.send(event, index);
      if (isAsked) comparison.compare(params);
    }
    if (!isAsked) comparison.compare(params);
  },
});
