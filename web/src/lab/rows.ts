/** Rows of numbers as the library tells them, with the names of a row's fields (src/bindings/rows.h). */
export interface Rows<Fields extends string = string> {
  /** "layer,begin,seconds" */
  fields: Fields;
  values: Int32Array | Float64Array;
}

type NamesIn<Fields extends string> = Fields extends `${infer Name},${infer Others}` ? Name | NamesIn<Others> : Fields;
type Row<Fields extends string> = { [Name in NamesIn<Fields>]: number };

export function recordsOf<Fields extends string>({ fields, values }: Rows<Fields>): Row<Fields>[] {
  const names = fields.split(',');
  return Array.from({ length: values.length / names.length }, (_, row) => {
    const entries = names.map((name, at) => [name, values[row * names.length + at]]);
    return Object.fromEntries(entries) as Row<Fields>;
  });
}
