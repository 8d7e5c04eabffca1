/**
 * Finds a definition in C++ text by name. Not a parser: it masks comments, strings and preprocessor lines, tracks braces, and looks for the
 * name where a declaration can stand (in a namespace or a type, never inside a function). That is enough for the style of this
 * repository, and what it cannot find fails the build instead of showing something else.
 *
 * @param {string} source
 * @param {string} symbol `name` or `Scope::name`; `name#2` is the second of overloads.
 * @param {{ comment?: boolean }} [options] `comment`: with the comment lines directly above (default true).
 * @returns {{ text: string, firstLine: number }} the text, without common indentation; lines count from 1.
 */
export function extractSymbol(source, symbol, options = {}) {
  const [path = '', number] = symbol.split('#');
  const found = candidates(source, path);
  const definitions = found.filter((candidate) => candidate.isDefinition);
  const all = definitions.length > 0 ? definitions : found;
  const chosen = number === undefined ? all : all.slice(Number(number) - 1, Number(number));
  if (chosen.length === 0) throw new Error(`no symbol ${symbol}`);
  if (chosen.length > 1) {
    const lines = chosen.map((candidate) => lineOf(source, candidate.begin)).join(', ');
    throw new Error(
      `symbol ${symbol} is ambiguous (lines ${lines}); name its scope as Scope::${symbol}, number it as ${symbol}#1 or use lines=`,
    );
  }
  const { begin, end } = chosen[0];
  const lineStart = source.lastIndexOf('\n', begin) + 1;
  const start = options.comment === false ? lineStart : commentStart(source, lineStart);
  return { text: dedentBlock(source.slice(start, end)), firstLine: lineOf(source, start) };
}

const kNotTypes = new Set([
  'return',
  'throw',
  'new',
  'delete',
  'case',
  'goto',
  'else',
  'using',
  'typename',
  'namespace',
]);

/** @param {string} source @param {string} symbol */
function candidates(source, symbol) {
  const path = symbol.split('::');
  const name = path.pop() ?? '';
  if (!/^~?[A-Za-z_]\w*$/.test(name)) throw new Error(`symbol ${symbol} is not a C++ name`);
  const masked = mask(source);
  const scopes = findScopes(masked);
  const found = [];
  for (const match of masked.matchAll(new RegExp(`(?<![\\w~])${name}(?!\\w)`, 'g'))) {
    const at = match.index;
    const enclosing = scopes.filter((scope) => scope.open < at && at < scope.close);
    if (enclosing.some((scope) => scope.kind === 'other')) continue;
    const names = enclosing.map((scope) => scope.name);
    const qualifier = /((?:\w+\s*::\s*)+)$/.exec(masked.slice(0, at))?.[1] ?? '';
    const full = [...names, ...qualifier.split('::').map((part) => part.trim())].filter((part) => part !== '');
    if (path.length > 0 && path.join('::') !== full.slice(-path.length).join('::')) continue;
    const statement = statementAround(masked, at, enclosing.at(-1)?.open ?? -1);
    const kind = classify(masked, statement, at, name, qualifier);
    if (kind !== null) found.push({ ...statement, isDefinition: kind === 'definition' });
  }
  return found.filter((candidate, index) => found.findIndex((other) => other.begin === candidate.begin) === index);
}

/** Is the name at `at` what the statement declares? @returns {'definition' | 'declaration' | null} */
function classify(
  /** @type {string} */ masked,
  /** @type {{begin: number, end: number}} */ statement,
  at,
  name,
  qualifier,
) {
  const before = masked.slice(statement.begin, at - qualifier.length).trim();
  const after = masked.slice(at + name.length, statement.end);
  const hasBody = masked.slice(statement.begin, statement.end).includes('{');
  if (/\b(struct|class|union|enum|concept)(\s+(class|struct))?$/.test(before)) {
    return hasBody || /\bconcept\b/.test(before) ? 'definition' : 'declaration';
  }
  if (/^using$/.test(before)) return /^\s*=/.test(after) ? 'definition' : null;
  const word = /(\w+|[>*&\]])$/.exec(before)?.[1];
  if (word === undefined || kNotTypes.has(word))
    return name.startsWith('~') || constructor(before, after) ? bodyKind(hasBody) : null;
  if (depthAt(before) !== 0) return null; // a parameter or a template argument, not what is declared
  if (/^\s*\(/.test(after)) return bodyKind(hasBody);
  return /^\s*[=[{]/.test(after) ? 'definition' : /^\s*;/.test(after) ? 'declaration' : null;
}

const bodyKind = (/** @type {boolean} */ hasBody) => (hasBody ? 'definition' : 'declaration');

const constructor = (/** @type {string} */ before, /** @type {string} */ after) =>
  /^(explicit|constexpr|inline|\s)*$/.test(before) && /^\s*\(/.test(after);

/** Open parentheses and angle brackets left in a prefix; comparison operators do not occur before a declared name. */
function depthAt(/** @type {string} */ text) {
  let depth = 0;
  for (const character of text.replace(/->|=/g, ' ')) {
    if (character === '(' || character === '<' || character === '[') ++depth;
    if (character === ')' || character === '>' || character === ']') --depth;
  }
  return depth;
}

/** The statement that position `at` belongs to, from its first token to its `;` or closing brace. */
function statementAround(/** @type {string} */ masked, /** @type {number} */ at, /** @type {number} */ scopeOpen) {
  let begin = at;
  while (begin > scopeOpen + 1 && !/[;{}]/.test(masked[begin - 1] ?? '')) --begin;
  const label = /^\s*(public|private|protected)\s*:(?!:)/.exec(masked.slice(begin, at));
  if (label) begin += label[0].length;
  while (/\s/.test(masked[begin] ?? '')) ++begin;

  let depth = 0;
  for (let end = at; end < masked.length; ++end) {
    const character = masked[end] ?? '';
    if (/[([]/.test(character)) ++depth;
    if (/[)\]]/.test(character)) --depth;
    if (depth !== 0) continue;
    if (character === ';') return { begin, end: end + 1 };
    if (character === '{') {
      end = closingBrace(masked, end);
      const rest = /^\s*([;,{])/.exec(masked.slice(end + 1));
      if (rest?.[1] === ';') return { begin, end: end + 1 + rest[0].length };
      if (rest === null) return { begin, end: end + 1 }; // else a member initializer: the body is still to come
    }
    if (character === '}') break;
  }
  return { begin, end: masked.length };
}

/** All brace pairs with what they belong to. */
function findScopes(/** @type {string} */ masked) {
  const scopes = [];
  for (let open = masked.indexOf('{'); open !== -1; open = masked.indexOf('{', open + 1)) {
    let begin = open;
    while (begin > 0 && !/[;{}]/.test(masked[begin - 1] ?? '')) --begin;
    const head = masked.slice(begin, open).trim();
    const namespace = /\bnamespace(?:\s+([\w:]+))?$/.exec(head);
    const type = /^(?:.*>\s*|.*\b)?(?:struct|class|union)\s+(?:alignas\s*\([^)]*\)\s*)?(\w+)[^()=]*$/s.exec(head);
    const kind = namespace ? 'namespace' : type ? 'type' : 'other';
    scopes.push({ open, close: closingBrace(masked, open), kind, name: namespace?.[1] ?? type?.[1] ?? '' });
  }
  return scopes;
}

function closingBrace(/** @type {string} */ masked, /** @type {number} */ open) {
  let depth = 0;
  for (let i = open; i < masked.length; ++i) {
    if (masked[i] === '{') ++depth;
    if (masked[i] === '}' && --depth === 0) return i;
  }
  throw new Error(`unbalanced braces from line ${lineOf(masked, open)}`);
}

/** Comments, literals and preprocessor lines become spaces (`;` ends a preprocessor line), so that positions stay the same. */
function mask(/** @type {string} */ source) {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|R"([^(\n]*)\([\s\S]*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w])'(?:\\.|[^'\\\n])+'/g;
  const plain = source.replace(pattern, (text) => text.replace(/[^\n]/g, ' '));
  return plain.replace(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, (text) => text.replace(/[^\n]/g, ' ').replace(/ $/, ';'));
}

/** Start of the comment lines that stand directly above the line at `lineStart`. */
function commentStart(/** @type {string} */ source, /** @type {number} */ lineStart) {
  let start = lineStart;
  let inBlock = false;
  while (start > 0) {
    const previous = source.lastIndexOf('\n', start - 2) + 1;
    const line = source.slice(previous, start - 1).trim();
    if (line.endsWith('*/') && !line.startsWith('/*')) inBlock = true;
    if (!inBlock && !line.startsWith('//') && !line.startsWith('/*')) break;
    if (line.startsWith('/*')) inBlock = false;
    start = previous;
  }
  return start;
}

function lineOf(/** @type {string} */ source, /** @type {number} */ position) {
  return source.slice(0, position).split('\n').length;
}

function dedentBlock(/** @type {string} */ text) {
  const lines = text.trimEnd().split('\n');
  const widths = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const width = Math.min(...widths);
  return lines.map((line) => line.slice(width)).join('\n');
}
