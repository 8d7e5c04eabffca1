/** Reports travel often and grow long: of what only grows, a report carries what is new since the one before. */

type Growing = unknown[] | string | Float32Array;

/** A part of a report that has only been added to, but for `dropped` elements that were taken from its front. */
class Grown {
  readonly value: Growing;
  readonly dropped: number;
  constructor(value: Growing, dropped: number) {
    this.value = value;
    this.dropped = dropped;
  }
}

/** Marks a list or text of a report: it has grown since the last report, and lost `dropped` elements in all at its front. */
export function grown<T extends Growing>(value: T, dropped = 0): T {
  return new Grown(value, dropped) as unknown as T;
}

/** As it travels: `value` are the elements from number `from` on, counted with those that were dropped. */
interface Part {
  $from: number;
  $dropped: number;
  $value: Growing;
}
const isPart = (value: object): value is Part => '$from' in value;

/** Copies what is plain; `replace` says what becomes of other objects, by their place. */
function walk(value: unknown, place: string, replace: (value: object, place: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each, i) => walk(each, `${place}.${i}`, replace));
  const replaced = replace(value, place);
  if (replaced !== undefined) return replaced;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, walk(each, `${place}.${name}`, replace)]),
  );
}

/** A whole report, without marks. */
export function wholeReport<R>(report: R): R {
  return walk(report, '', (value) => (value instanceof Grown ? value.value : undefined)) as R;
}

/** The reports of one run, on their way to the page. */
export class ReportSender {
  readonly #sent = new Map<string, number>();

  /** A copy of the report with what is new. */
  pack<R>(report: R): R {
    return walk(report, '', (value, place) => {
      if (!(value instanceof Grown)) return undefined;
      const from = Math.max(this.#sent.get(place) ?? 0, value.dropped);
      this.#sent.set(place, value.dropped + value.value.length);
      return { $from: from, $dropped: value.dropped, $value: value.value.slice(from - value.dropped) } satisfies Part;
    }) as R;
  }
}

/** The same reports, put together again in the order that they were sent in. */
export class ReportReceiver {
  readonly #kept = new Map<string, { value: Growing; dropped: number }>();

  unpack<R>(report: R): R {
    return walk(report, '', (value, place) => (isPart(value) ? this.#join(value, place) : undefined)) as R;
  }

  #join({ $dropped: dropped, $value: added }: Part, place: string): Growing {
    const before = this.#kept.get(place);
    const value = before === undefined ? added : joined(before.value, dropped - before.dropped, added);
    this.#kept.set(place, { value, dropped });
    return value;
  }
}

function joined(before: Growing, dropped: number, added: Growing): Growing {
  if (typeof before === 'string') return before.slice(dropped) + (added as string);
  if (Array.isArray(before)) {
    before.splice(0, dropped);
    for (const each of added as unknown[]) before.push(each);
    return before;
  }
  const rest = before.subarray(dropped);
  const all = new Float32Array(rest.length + added.length);
  all.set(rest);
  all.set(added as Float32Array, rest.length);
  return all;
}
