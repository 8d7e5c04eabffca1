/** Contracts with the outside, such as a file that is imported: one schema gives the type, the check and, with its converter, the JSON Schema.
 *  Messages of a schema complete a sentence about its field: 'must be a time'. */
import * as v from 'valibot';

/** What breaks a schema, in sentences that name the field and what is allowed, such as "'tasks.fast.points' must be a number above 0". */
export function problemsOf(schema: v.GenericSchema, value: unknown): string[] {
  const { issues = [] } = v.safeParse(schema, value, { message: ({ expected }) => `must be ${expected ?? 'right'}` });
  return issues.map((issue) => `${issue.path ? `'${issue.path.map(step).join('.')}'` : 'it'} ${issue.message}`);
}

/** An item of a list by its id or name, where it has one. */
function step({ key, value }: v.IssuePathItem): string {
  const { id, name } = (typeof key === 'number' ? (value ?? {}) : {}) as { id?: unknown; name?: unknown };
  return String([id, name].find((word) => typeof word === 'string') ?? key);
}

/** An object with these entries and no others. */
export function exactly<E extends v.ObjectEntries>(entries: E) {
  return v.strictObject(entries, objectMessage(`is unknown (allowed: ${Object.keys(entries).join(', ')})`));
}

/** An object with at least these entries. */
export function atLeast<E extends v.ObjectEntries>(entries: E) {
  return v.object(entries, objectMessage(''));
}

const objectMessage =
  (unknown: string) =>
  ({ expected, path }: v.StrictObjectIssue | v.ObjectIssue): string =>
    expected === 'Object' ? 'must be an object' : expected === 'never' && path ? unknown : 'is missing';

/** A number from 0. NaN and infinities, which JSON doesn't have, are none. */
export const amount = (what = 'a number from 0') => {
  const message = `must be ${what}`;
  return v.pipe(v.number(message), v.finite(message), v.minValue(0, message));
};

export const oneOf = <const T extends readonly string[]>(words: T) =>
  v.picklist(words, `must be one of ${words.join(', ')}`);

export const kString = v.string('must be a text');
export const kStringOrNull = v.nullable(v.string('must be a text or null'));
