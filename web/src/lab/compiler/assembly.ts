/** LLVM's text of a WebAssembly module as data: functions, their instructions, their loops, and what those consist of. */
import { kMainFile } from './compile.ts';

export interface AsmLine {
  /** "i32.add", "loop". */
  operation: string;
  operands: string;
  /** Where a branch goes, or the like. */
  comment: string;
  /** Blocks and loops around it. */
  depth: number;
  isSimd: boolean;
  /** Marks structure (block, loop, end): no work of its own. */
  isMark: boolean;
  /** The line of the source it comes from, where the text has line tables. */
  source: number | null;
  /** The index of the innermost loop around it in the function's `loops`, if that loop holds no other. */
  inner: number | null;
}

export interface AsmLoop {
  /** Lines of the function, from `loop` to its end. */
  from: number;
  to: number;
  /** 1: no loop around it. */
  depth: number;
  isInner: boolean;
  /** Without marks. */
  instructions: number;
  simd: number;
  /** Loads and stores. */
  memory: number;
  /** local.get, local.set, local.tee: most of these are no instruction of the CPU. */
  moves: number;
  /** Lines of the source, ascending. */
  source: number[];
}

export interface AsmFunction {
  symbol: string;
  /** As the source writes it, as far as that can be told. */
  name: string;
  /** "(i32, i32) -> (f32)". */
  type: string;
  lines: AsmLine[];
  loops: AsmLoop[];
  instructions: number;
  simd: number;
}

const kLabel = /^([A-Za-z_$][\w$.]*):/;
const kSimd = /^(v128|i8x16|i16x8|i32x4|i64x2|f32x4|f64x2)\./;
const kMark = /^(block|loop|end_\w+|try_table|end|else|end_if)$/;

export function parseAssembly(text: string): AsmFunction[] {
  const found: AsmFunction[] = [];
  const files = new Map<string, string>();
  let symbol = '';
  let type = '';
  let open: Reader | null = null;
  for (const raw of text.split('\n')) {
    const [code = '', comment = ''] = splitComment(raw);
    const label = kLabel.exec(code)?.[1];
    if (label !== undefined && !code.startsWith('.')) {
      [symbol, type] = [label, ''];
      continue;
    }
    const [operation = '', operands = ''] = splitOnce(code.trim());
    if (operation === '.file') noteFile(files, operands);
    else if (operation === '.functype' && symbol !== '' && operands.startsWith(`${symbol} `)) {
      type = operands.slice(symbol.length + 1);
      open = new Reader(symbol, type);
    } else if (open === null || operation === '') continue;
    else if (operation === '.loc') open.source = sourceLine(files, operands);
    else if (operation === 'end_function') {
      found.push(open.finish());
      [open, symbol] = [null, ''];
    } else if (!operation.startsWith('.')) open.add(operation, operands, comment);
  }
  return found;
}

/** Collects one function. */
class Reader {
  readonly #symbol: string;
  readonly #type: string;
  readonly #lines: AsmLine[] = [];
  readonly #loops: AsmLoop[] = [];
  /** Open blocks: the index of a loop, or null. */
  readonly #blocks: (number | null)[] = [];
  source: number | null = null;

  constructor(symbol: string, type: string) {
    this.#symbol = symbol;
    this.#type = type;
  }

  add(operation: string, operands: string, comment: string): void {
    const ends = /^end/.test(operation);
    const closed = ends ? this.#blocks.pop() : undefined;
    const isMark = kMark.test(operation);
    const line: AsmLine = {
      operation,
      operands,
      comment: /to (label\d+)/.exec(comment)?.[1]?.replace(/^/, '→ ') ?? /^(label\d+):/.exec(comment)?.[1] ?? '',
      depth: this.#blocks.length,
      isSimd: kSimd.test(operation),
      isMark,
      source: this.source,
      inner: null,
    };
    const index = this.#lines.push(line) - 1;
    if (typeof closed === 'number') this.#loops[closed]!.to = index;
    if (operation === 'loop') this.#openLoop(index);
    else if (isMark && !ends) this.#blocks.push(null);
  }

  #openLoop(from: number): void {
    const outer = this.#blocks.filter((block) => block !== null);
    for (const loop of outer) this.#loops[loop]!.isInner = false;
    const loop = { from, to: from, depth: outer.length + 1, isInner: true };
    this.#blocks.push(this.#loops.push({ ...loop, instructions: 0, simd: 0, memory: 0, moves: 0, source: [] }) - 1);
  }

  finish(): AsmFunction {
    this.#loops.forEach((loop, index) => {
      const body = this.#lines.slice(loop.from, loop.to + 1);
      if (loop.isInner) for (const line of body) line.inner = index;
      const work = body.filter(({ isMark }) => !isMark);
      const count = (test: (line: AsmLine) => boolean) => work.filter(test).length;
      loop.instructions = work.length;
      loop.simd = count(({ isSimd }) => isSimd);
      loop.memory = count(({ operation }) => /\.(load|store)/.test(operation));
      loop.moves = count(({ operation }) => operation.startsWith('local.'));
      const lines = work.map(({ source }) => source).filter((line) => line !== null);
      loop.source = [...new Set(lines)].sort((a, b) => a - b);
    });
    const work = this.#lines.filter(({ isMark }) => !isMark);
    return {
      symbol: this.#symbol,
      name: sourceName(this.#symbol),
      type: this.#type,
      lines: this.#lines,
      loops: this.#loops,
      instructions: work.length,
      simd: work.filter(({ isSimd }) => isSimd).length,
    };
  }
}

function splitComment(line: string): [string, string] {
  const at = line.indexOf('#');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).trim()];
}

function splitOnce(text: string): [string, string] {
  const at = text.search(/\s/);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at).trim()];
}

/** `.file 1 "kernel.cpp"`, or with a folder before the name. */
function noteFile(files: Map<string, string>, operands: string): void {
  const match = /^(\d+)\s.*"([^"]+)"/.exec(operands);
  if (match !== null) files.set(match[1] ?? '', match[2] ?? '');
}

/** The line that `.loc 1 5 3` names; null in other files, and for 0, which means none. */
function sourceLine(files: Map<string, string>, operands: string): number | null {
  const [file = '', line = ''] = operands.split(/\s+/);
  return files.get(file)?.endsWith(kMainFile) && Number(line) > 0 ? Number(line) : null;
}

/** "Foo::add" of "_ZN3Foo3addIfEET_S1_S1_": the names in a mangled symbol, without parameters. */
export function sourceName(symbol: string): string {
  const names: string[] = [];
  let rest = /^_Z(?:L|N?K?)?(?=L?\d)(.*)$/.exec(symbol)?.[1] ?? '';
  for (;;) {
    const [, digits] = /^L?(\d+)/.exec(rest) ?? [];
    if (digits === undefined) break;
    const start = rest.indexOf(digits) + digits.length;
    names.push(rest.slice(start, start + Number(digits)).replace(/^_GLOBAL__N_1$/, '(anonymous)'));
    rest = rest.slice(start + Number(digits));
    if (!symbol.startsWith('_ZN')) break;
  }
  return names.length > 0 ? names.join('::') : symbol;
}

/** "Inner loop: 23 instructions, 8 of them SIMD". */
export function loopLabel({ isInner, instructions, simd }: AsmLoop): string {
  const vectors = simd === 0 ? 'none of them SIMD' : `${simd} of them SIMD`;
  return `${isInner ? 'Inner loop' : 'Loop'}: ${instructions} instructions, ${vectors}`;
}

/** "line 5", "lines 5–7"; empty where the text has no line tables. */
export function sourceLabel({ source }: AsmLoop): string {
  const [first, last] = [source[0], source.at(-1)];
  if (first === undefined || last === undefined) return '';
  return first === last ? `line ${first}` : `lines ${first}–${last}`;
}

/** The function to show first: the most SIMD in inner loops, else the longest. */
export function mainFunction(functions: readonly AsmFunction[]): number {
  const weight = ({ loops, instructions }: AsmFunction) =>
    1e6 * loops.filter(({ isInner }) => isInner).reduce((sum, { simd }) => sum + simd, 0) + instructions;
  return functions.reduce((best, candidate, i) => (weight(candidate) > weight(functions[best]!) ? i : best), 0);
}
