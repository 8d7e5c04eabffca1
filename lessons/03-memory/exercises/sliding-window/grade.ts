import { defineGrader, type Kernel, Mismatch } from '#lab/grading/author.ts';
import { Ring } from '../../ring.ts';

type Params = { ask: string; window: number; sinks: number; last: number };

const kMostInt = 2 ** 31 - 1;

/** The value that a typical mistake leads to, and a sentence about it. */
type Fault = readonly [value: number, sentence: string];

function expect(what: string, got: number, expected: number, faults: readonly Fault[], picture: string[] = []): void {
  if (got === expected) return;
  const [, sentence = ''] = faults.find(([value]) => value === got && value !== expected) ?? [];
  throw new Mismatch(`${what} is ${got} but should be ${expected}.${sentence && ` ${sentence}`}`, picture);
}

function checkSlot(kernel: Kernel, position: number, { window, sinks }: Params): void {
  const ring = Ring.after(position, window, sinks);
  const { slot } = ring;
  expect(
    `slot_of(${position}, ${window}, ${sinks})`,
    kernel.call('slot_of', position, window, sinks),
    slot,
    [
      [position % window, `The ring begins behind the ${sinks} sinks, whose slots are never given away.`],
      [
        position % (window + sinks),
        'That is a ring of all slots: it gives those of the sinks away. The ring begins behind them.',
      ],
      [
        sinks + (position % window),
        'That counts the sinks as part of the ring: the first position in it is number 0 of the ring, so take off `sinks` before the remainder.',
      ],
      [
        position,
        `There are ${window + sinks} slots, from 0 to ${window + sinks - 1}: round and round behind the sinks.`,
      ],
    ],
    ring.picture(),
  );
}

function checkEvicted(kernel: Kernel, position: number, { window, sinks }: Params): void {
  const ring = Ring.after(position, window, sinks);
  expect(
    `evicted_by(${position}, ${window}, ${sinks})`,
    kernel.call('evicted_by', position, window, sinks),
    ring.evicted,
    [
      [
        position - window - sinks,
        position - window - sinks < sinks
          ? 'That is a sink, which stays for ever: the oldest one behind the sinks has to go.'
          : 'That went long ago: a round of the ring behind the sinks takes `window` positions, not window + sinks.',
      ],
      [position - window, 'The slot was still empty: until all window + sinks slots are filled, nobody has to go.'],
      [
        position - window + 1,
        'That is one too late: the window has `window` tokens with the new one, so that one stays.',
      ],
      [position - window - 1, 'That went when the token before this one came.'],
      [-1, 'All slots are filled: the oldest one behind the sinks has to go.'],
    ],
    ring.picture(),
  );
}

function checkVisible(kernel: Kernel, present: number, { window, sinks }: Params): void {
  const ring = Ring.after(present, window, sinks);
  for (let position = -1; position <= present + 2; ++position) {
    const isIn = ring.holds(position);
    const got = kernel.call('is_visible', position, present, window, sinks);
    if (got === (isIn ? 1 : 0)) continue;
    const call = `is_visible(${position}, ${present}, ${window}, ${sinks}) is ${got} but should be ${isIn ? 1 : 0}.`;
    throw new Mismatch(`${call} ${visibleReason(position, present, window, sinks, isIn)}`, ring.picture());
  }
}

function visibleReason(position: number, present: number, window: number, sinks: number, isIn: boolean): string {
  if (position < 0) return 'Positions begin at 0.';
  if (position > present) return 'That token comes later: no query sees it.';
  if (isIn && position < sinks) return `Positions 0 to ${sinks - 1} are sinks: every later query sees them.`;
  if (isIn)
    return position === present - window + 1
      ? `The window of ${window} holds the present token and ${window - 1} before it; this is the oldest of them.`
      : `The window of ${window} holds the present token and ${window - 1} before it.`;
  return position === present - window
    ? `The present token is one of the ${window} of the window: this one has just been evicted.`
    : 'It has been evicted: it is no sink, and not in the window.';
}

function checkRing(kernel: Kernel, present: number, { window, sinks }: Params): void {
  const ring = Ring.after(present, window, sinks);
  const expected = ring.slots;
  // Just as large as needed: a slot too far is outside of it.
  const buffer = kernel.output('positions', 'i32', [expected.length]);
  const call = `positions_in(${present}, ${window}, ${sinks}, positions)`;
  const count = kernel.call('positions_in', present, window, sinks, buffer);
  expect(`What ${call} returns`, count, expected.length, [
    [expected.length - 1, 'The present token is in its slot already.'],
    [expected.length + 1, 'That is one too many: the present token is one of the window.'],
    [present + 1, 'Those are all tokens there ever were; there are only window + sinks slots.'],
    [window + sinks, 'Not all slots are filled yet.'],
  ]);
  const got = kernel.read(buffer);
  for (const [slot, position] of expected.entries()) {
    const wrong = got[slot] ?? NaN;
    expect(
      `After ${call}, positions[${slot}]`,
      wrong,
      position,
      [
        [wrong > present ? wrong : -1, 'It may never have been written.'],
        [ring.holds(wrong) ? wrong : -1, 'That position is kept, but in another slot: see slot_of.'],
        [wrong, 'That position has been evicted.'],
      ],
      ring.picture(),
    );
  }
}

/** Where sums of two ints overflow. */
function checkLarge(kernel: Kernel): void {
  const most = kMostInt;
  const of = (name: string, expected: number, ...args: number[]) =>
    expect(`${name}(${args.join(', ')})`, kernel.call(name, ...args), expected, []);
  of('slot_of', 1000, 1000, most, most);
  of('slot_of', most, most, most, most);
  of('slot_of', most, most, most, 1);
  of('slot_of', 647, most, 1000, 3);
  of('evicted_by', -1, most, most, 1);
  of('evicted_by', most - 1000, most, 1000, 0);
  of('is_visible', 1, 4, most, most, 0);
  of('is_visible', 0, most, 0, most, most);
  of('is_visible', 0, -most - 1, most, most, most);
  const buffer = kernel.output('positions', 'i32', [4]);
  const count = kernel.call('positions_in', 3, most, most, buffer);
  expect(`What positions_in(3, ${most}, ${most}, positions) returns`, count, 4, []);
}

export default defineGrader<Params>({
  run(kernel, params) {
    if (params.ask === 'large') return checkLarge(kernel);
    const checks = { slots: checkSlot, evicted: checkEvicted, visible: checkVisible, ring: checkRing };
    const check = checks[params.ask as keyof typeof checks];
    if (check === undefined) throw new Error(`exercise.json asks for '${params.ask}'`);
    for (let position = 0; position <= params.last; ++position) check(kernel, position, params);
  },
});
