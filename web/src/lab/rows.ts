/** Rows of numbers as the library tells them, with the names of a row's fields (src/bindings/rows.h). */
export interface Rows<Fields extends string = string> {
  /** "layer,begin,seconds" */
  fields: Fields;
  values: Int32Array | Float64Array;
}

type NamesIn<Fields extends string> = Fields extends `${infer Name},${infer Others}` ? Name | NamesIn<Others> : Fields;
/** A row of some. */
export type RowOf<Of extends Rows> = { [Name in NamesIn<Of['fields']>]: number };

export function recordsOf<Fields extends string>({ fields, values }: Rows<Fields>): RowOf<Rows<Fields>>[] {
  const names = fields.split(',');
  return Array.from({ length: values.length / names.length }, (_, row) => {
    const entries = names.map((name, at) => [name, values[row * names.length + at]]);
    return Object.fromEntries(entries) as RowOf<Rows<Fields>>;
  });
}
