/** C declarations as a line of text, such as "float sum(const float* x, int n)": how exercise.json and the library name what a student writes. */

/** The types a function may take, each with its elements if it is a pointer. The grader lays out buffers; `const` ones must stay as they are. */
export const kCTypes = {
  void: null,
  int: null,
  float: null,
  double: null,
  'float*': 'f32',
  'const float*': 'f32',
  'double*': 'f64',
  'const double*': 'f64',
  'int*': 'i32',
  'const int*': 'i32',
  'int8_t*': 'i8',
  'const int8_t*': 'i8',
  'uint8_t*': 'u8',
  'const uint8_t*': 'u8',
} as const;
export type CType = keyof typeof kCTypes;

export interface Declaration {
  name: string;
  returns: CType;
  parameters: { type: CType; name: string }[];
}

const kReturned = ['void', 'int', 'float', 'double'];
const kTaken = Object.keys(kCTypes).slice(1);

/** Takes a declaration apart. Throws RangeError, which says what is wrong with it and what is allowed; so equal functions have equal texts. */
export function parseDeclaration(text: string): Declaration {
  const wrong = (what: string) => new RangeError(`"${text}": ${what}`);
  const [, returns = '', name = '', list = ''] = /^(\S.*?) (\w+)\((.+)\)$/.exec(text) ?? [];
  if (name === '') throw wrong('a declaration reads like "float sum(const float* x, int n)" or "int one(void)"');
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw wrong(`'${name}' is no snake_case name`);
  if (!kReturned.includes(returns)) throw wrong(`${name} returns '${returns}' (allowed: ${kReturned.join(', ')})`);
  const parameters = (list === 'void' ? [] : list.split(', ')).map((parameter) => {
    const [, type = '', called = ''] = /^(\S.*?) ([A-Za-z_]\w*)$/.exec(parameter) ?? [];
    if (type === '') throw wrong(`'${parameter}' is no parameter: a type, a space, a name`);
    if (!kTaken.includes(type)) throw wrong(`'${called}' is a '${type}' (allowed: ${kTaken.join(', ')})`);
    return { type: type as CType, name: called };
  });
  const names = parameters.map((parameter) => parameter.name);
  const twice = names.find((called, i) => names.indexOf(called) < i);
  if (twice !== undefined) throw wrong(`parameter ${twice} is there twice`);
  return { name, returns: returns as CType, parameters };
}
