/**
 * An experiment's settings, each declared once: label, what is allowed, what holds without a word from the reader. The form, the address bar
 * and the HTML attributes follow from the declaration. No DOM.
 */
export type Value = string | number | boolean;

/** What depends on the machine. */
export interface Limits {
  /** Threads that the engine may use. */
  threads: number;
}

/** How a form shows a field. */
export type Control =
  | { kind: 'select'; options: readonly (readonly [string, string])[] }
  | { kind: 'number'; low: number; high: number; step: number }
  | { kind: 'text'; longest: number }
  | { kind: 'threads' }
  /** The element draws it itself. */
  | { kind: 'own' };

export interface Field<T extends Value> {
  readonly label: string;
  /** In the address and among the attributes, where that isn't the field's own name. */
  readonly key?: string;
  readonly initial: T;
  /** In place of `initial` where that depends on the machine. */
  readonly initialHere?: (limits: Limits) => T;
  readonly control: Control;
  /** The value that a text states; undefined if it states none that is allowed. */
  parse(text: string, limits: Limits): T | undefined;
}

// A field reads and writes its value, so only `any` stands for all fields.
export type Fields = Record<string, Field<any>>;
export type ValuesOf<F extends Fields> = { [Name in keyof F]: F[Name] extends Field<infer T> ? T : never };

/** A choice among `values`; `text` is what a reader sees of each. */
export function oneOf<const T extends string | number>(
  label: string,
  values: readonly T[],
  initial: T = values[0]!,
  text: (value: T) => string = String,
): Field<T> {
  return {
    label,
    initial,
    control: { kind: 'select', options: values.map((value) => [String(value), text(value)] as const) },
    parse: (said) => (said === '' ? undefined : values.find((value) => value === said || value === Number(said))),
  };
}

/** A choice of two: `texts` for no and yes. */
export function flag(label: string, texts: readonly [string, string], initial = false): Field<boolean> {
  return {
    label,
    initial,
    control: {
      kind: 'select',
      options: [
        ['false', texts[0]],
        ['true', texts[1]],
      ],
    },
    parse: (said) => said === 'true',
  };
}

/** A number from `low` to `high`. With `whole`, fractions are cut off. */
export function range(
  label: string,
  [low, high]: readonly [number, number],
  initial: number,
  { step = 1, whole = false }: { step?: number; whole?: boolean } = {},
): Field<number> {
  return {
    label,
    initial,
    control: { kind: 'number', low, high, step },
    parse: (said) => {
      const value = said.trim() === '' ? NaN : Number(said);
      if (!(value >= low && value <= high)) return undefined;
      return whole ? Math.floor(value) : value;
    },
  };
}

/** Text of at most `longest` characters; the rest is cut off. */
export function text(label: string, longest: number, initial: string): Field<string> {
  return { label, initial, control: { kind: 'text', longest }, parse: (said) => said.slice(0, longest) };
}

/** Text that the element draws itself and `holds` judges. */
export function own(initial: string, holds: (said: string) => boolean = () => true): Field<string> {
  return { label: '', initial, control: { kind: 'own' }, parse: (said) => (holds(said) ? said : undefined) };
}

/**
 * Threads: one unless the reader says more, with `all` as many as there are. With `capped`, a number that the machine doesn't have becomes the
 * most it has, else it counts as none.
 */
export function threads({ capped = false, all = false }: { capped?: boolean; all?: boolean } = {}): Field<number> {
  return {
    label: 'Threads',
    initial: 1,
    ...(all ? { initialHere: (limits: Limits) => limits.threads } : {}),
    control: { kind: 'threads' },
    parse: (said, limits) => {
      const count = Math.floor(Number(said));
      if (!(count >= 1)) return undefined;
      if (count <= limits.threads) return count;
      return capped ? limits.threads : undefined;
    },
  };
}

export function initialOf<F extends Fields>(fields: F): ValuesOf<F> {
  return Object.fromEntries(Object.entries(fields).map(([name, { initial }]) => [name, initial])) as ValuesOf<F>;
}

const initialHere = <T extends Value>(field: Field<T>, limits: Limits): T =>
  field.initialHere?.(limits) ?? field.initial;

/** Values from texts by name; a missing or refused one is the field's initial value. */
export function valuesOf<F extends Fields>(
  fields: F,
  said: (name: string) => string | null | undefined,
  limits: Limits,
): ValuesOf<F> {
  const value = ([name, field]: [string, Fields[string]]) => {
    const words = said(field.key ?? name);
    const parsed: unknown = words === null || words === undefined ? undefined : field.parse(words, limits);
    return [name, parsed ?? initialHere(field, limits)];
  };
  return Object.fromEntries(Object.entries(fields).map(value)) as ValuesOf<F>;
}

/** Values as the address states them: all, or those that `changed` from the initial ones. What the address couldn't be read from stays out. */
export function addressOf<F extends Fields>(
  fields: F,
  values: ValuesOf<F>,
  which: 'all' | 'changed',
  limits: Limits,
  mayTell: (name: string) => boolean = () => true,
): Record<string, string> {
  const told = Object.entries(fields).filter(
    ([name, field]) =>
      mayTell(name) &&
      field.parse(String(values[name]), limits) === values[name] &&
      (which === 'all' || values[name] !== initialHere(field, limits)),
  );
  return Object.fromEntries(told.map(([name, { key }]) => [key ?? name, String(values[name])]));
}
