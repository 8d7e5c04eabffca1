/**
 * Where in a text the compiler's messages belong, and what remains of them while the text is edited. Positions count UTF-16 units, as
 * JavaScript does; clang's columns count bytes.
 */
import { kMainFile } from './compile.ts';
import type { Diagnostic } from './diagnostics.ts';

export interface Marker {
  diagnostic: Diagnostic;
  /** Null: it belongs to no place in the text (a header's, or the linker's). */
  range: { from: number; to: number } | null;
}

/** `removed` units from `from` on became `inserted` units. */
export interface TextChange {
  from: number;
  removed: number;
  inserted: number;
}

export function placeDiagnostics(text: string, diagnostics: readonly Diagnostic[]): Marker[] {
  return diagnostics.map((diagnostic) => ({ diagnostic, range: rangeOf(text, diagnostic) }));
}

function rangeOf(text: string, { file, line, column, range }: Diagnostic): Marker['range'] {
  if (file !== kMainFile) return null;
  const at = positionOf(text, line, column);
  if (range !== null) {
    const from = positionOf(text, ...range.from);
    const to = positionOf(text, ...range.to);
    if (to > from) return { from, to };
  }
  return tokenAt(text, at);
}

/** The position of a line and column as clang counts them. Beyond the end of a line or of the text: that end. */
export function positionOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let i = 1; i < line; ++i) {
    const end = text.indexOf('\n', start);
    if (end === -1) return text.length;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  let bytes = column - 1;
  let at = start;
  for (const character of text.slice(start, end === -1 ? undefined : end)) {
    if (bytes <= 0) break;
    bytes -= utf8Length(character);
    at += character.length;
  }
  return at;
}

/** Clang's line and column of a position. */
export function lineColumnOf(text: string, position: number): { line: number; column: number } {
  const before = text.slice(0, position);
  let column = 1;
  for (const character of before.slice(lineStart(text, position))) column += utf8Length(character);
  return { line: before.split('\n').length, column };
}

/** Where the line of a position begins. (lastIndexOf takes a negative start for 0.) */
function lineStart(text: string, position: number): number {
  return text.slice(0, position).lastIndexOf('\n') + 1;
}

function utf8Length(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** The word or sign that begins at `at`; at the end of a line, the character before it. Empty only in an empty line. */
function tokenAt(text: string, at: number): { from: number; to: number } {
  const length = /^(?:[\p{L}\p{N}_]+|[^\s])/u.exec(text.slice(at))?.[0].length ?? 0;
  if (length > 0) return { from: at, to: at + length };
  return { from: Math.max(lineStart(text, at), at - 1), to: at };
}

/** What one edit did to a text: everything between what the two have in common at the beginning and at the end. */
export function changeBetween(before: string, after: string): TextChange | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) ++from;
  let same = 0;
  while (same < shorter - from && before[before.length - 1 - same] === after[after.length - 1 - same]) ++same;
  return { from, removed: before.length - same - from, inserted: after.length - same - from };
}

/** The markers after an edit of `before`: those on an edited line are gone, since they speak of what was there; later ones move along. */
export function markersAfter(markers: readonly Marker[], before: string, change: TextChange): Marker[] {
  const end = change.from + change.removed;
  const firstLine = lineStart(before, change.from);
  const newline = before.indexOf('\n', end);
  const lastLine = newline === -1 ? before.length : newline;
  return markers.flatMap((marker) => {
    const { range } = marker;
    if (range === null || range.to < firstLine) return [marker];
    if (range.from <= lastLine) return [];
    const shift = change.inserted - change.removed;
    return [{ ...marker, range: { from: range.from + shift, to: range.to + shift } }];
  });
}

/** The position in `after` that has as many visible characters before it as `position` in `before`: a formatter moves only blanks. */
export function sameInk(before: string, position: number, after: string): number {
  let ink = before.slice(0, position).replace(/\s/g, '').length;
  let at = 0;
  for (; at < after.length && ink > 0; ++at) if (!/\s/.test(after[at] ?? '')) --ink;
  return at;
}
