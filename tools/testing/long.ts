// Finds source files of more than 400 lines and functions of more than 60. Where one has to be longer, a comment at the file's head (its
// first 20 lines) or right above the function says why:   // Long: the reason
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

export const kMostFileLines = 400;
export const kMostFunctionLines = 60;
const kHeadLines = 20;

const kPatterns = ['{src,peers,lessons}/**/*.{h,cpp}', '{peers,tools,wasm_tests,lessons,web}/**/*.{ts,mjs,astro,css}'];
const kIgnored = new Set(['node_modules', 'dist', '.astro', 'public', 'generated']);
const kReason = /(?:\/\/\/?|\*|<!--|#) *Long: .{10}/;

export interface Long {
  file: string;
  line: number;
  /** The function; undefined for a whole file. */
  name?: string;
  lines: number;
}

interface Block {
  name: string;
  /** From 0; the last included. */
  first: number;
  last: number;
  /** Its lines, without those of the functions inside it. */
  own: number;
}

/** The line where the brace at the end of line `first` is closed. */
function closingLine(lines: readonly string[], first: number): number {
  let depth = 0;
  for (let i = first; i < lines.length; i++) {
    const code = lines[i]!.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|\/\/.*/g, '');
    const braces = i === first ? ['{'] : (code.match(/[{}]/g) ?? []);
    for (const brace of braces) depth += brace === '{' ? 1 : -1;
    if (depth === 0) return i;
  }
  return lines.length - 1;
}

/** What ends with a brace after a parenthesis and begins with no keyword; its lambdas count as its own. */
function cppFunctions(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  const indentOf = (line: string) => /^ */.exec(line)![0].length;
  for (let i = 0; i < lines.length; i++) {
    if (!/[)}\w>] *\{$/.test(lines[i]!) || /^ *(?:namespace|class|struct|enum|union|extern)\b/.test(lines[i]!))
      continue;
    const last = closingLine(lines, i);
    // clang-format puts the closing brace as far in as the head begins.
    let first = i;
    while (first > 0 && indentOf(lines[first]!) > indentOf(lines[last]!)) first--;
    const head = lines.slice(first, i + 1).join(' ');
    if (!head.includes('(') || /^ *(?:if|for|while|switch|else|do|catch|try|\})\b/.test(head)) continue;
    blocks.push({ name: /([\w:~]+) *\(/.exec(head)?.[1] ?? head.trim(), first, last, own: last - first + 1 });
    i = last;
  }
  return blocks;
}

function nameOf(node: ts.Node): string {
  if (ts.isCallExpression(node.parent)) {
    const [title] = node.parent.arguments;
    const text = title && ts.isStringLiteralLike(title) ? ` '${title.text}'` : '';
    return `${node.parent.expression.getText()}${text}`;
  }
  const named = 'name' in node && node.name ? node : node.parent;
  return 'name' in named && named.name ? (named.name as ts.Node).getText() : 'a function';
}

function scriptFunctions(file: string, text: string): Block[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const blocks: Block[] = [];
  /** Returns the lines that functions take below the node. */
  const visit = (node: ts.Node): number => {
    let inner = 0;
    node.forEachChild((child) => {
      inner += visit(child);
    });
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) return inner;
    const [first, last] = [lineOf(node.getStart()), lineOf(node.end)];
    blocks.push({ name: nameOf(node), first, last, own: last - first + 1 - inner });
    return last - first + 1;
  };
  visit(source);
  return blocks;
}

/** The comment that ends right above the line says why. */
function isExcused(lines: readonly string[], line: number): boolean {
  for (let i = line - 1; i >= 0 && /^ *(?:\/\/|\/?\*)/.test(lines[i]!); i--) if (kReason.test(lines[i]!)) return true;
  return false;
}

/** What is too long in one file, without a reason. */
export function longIn(file: string, text: string): Long[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const found: Long[] = [];
  if (lines.length > kMostFileLines && !lines.slice(0, kHeadLines).some((line) => kReason.test(line))) {
    found.push({ file, line: 1, lines: lines.length });
  }
  const isScript = /\.(?:ts|mjs)$/.test(file);
  const blocks = isScript ? scriptFunctions(file, text) : /\.(?:h|cpp)$/.test(file) ? cppFunctions(lines) : [];
  for (const { name, first, own } of blocks) {
    if (own > kMostFunctionLines && !isExcused(lines, first)) found.push({ file, line: first + 1, name, lines: own });
  }
  return found;
}

/** What is too long below `root`, and how many files were read. */
export function findLong(root: string): { long: Long[]; files: number } {
  const files = globSync(kPatterns, { cwd: root, exclude: (name) => kIgnored.has(basename(name)) }).sort();
  return { long: files.flatMap((file) => longIn(file, readFileSync(join(root, file), 'utf8'))), files: files.length };
}
