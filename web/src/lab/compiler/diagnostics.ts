/** What clang and the linker say, line by line, as data. Lines and columns count from 1. */

export interface Diagnostic {
  severity: 'error' | 'warning' | 'note' | 'remark';
  /** Null for what the linker says. */
  file: string | null;
  line: number;
  column: number;
  /** The range to underline, if clang gave one in the same line: from and one past the end. */
  range: { from: [line: number, column: number]; to: [line: number, column: number] } | null;
  message: string;
}

const kLocated =
  /^(?<file>[^:\s][^:]*):(?<line>\d+):(?<column>\d+):(?<ranges>(?:\{\d+:\d+-\d+:\d+\})*:?)\s*(?<severity>fatal error|error|warning|note|remark): (?<message>.*)$/;
const kUnlocated = /^(?:[\w.-]+: )?(?<severity>fatal error|error|warning): (?<message>.*)$/;
const kRange = /\{(\d+):(\d+)-(\d+):(\d+)\}/;

/** More help nobody, and a hostile source could make millions. */
const kMostDiagnostics = 100;
const kMostCharacters = 1000;

export function parseDiagnostics(text: string): Diagnostic[] {
  const all = everyDiagnostic(text);
  // Errors first to stay: they are why there is no module.
  const kept = new Set([...all.filter(isError), ...all.filter((found) => !isError(found))].slice(0, kMostDiagnostics));
  return all.filter((found) => kept.has(found)).map(shortened);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

function shortened(found: Diagnostic): Diagnostic {
  const { message } = found;
  return message.length <= kMostCharacters ? found : { ...found, message: `${message.slice(0, kMostCharacters)} …` };
}

function everyDiagnostic(text: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trimEnd();
    const located = kLocated.exec(line)?.groups;
    if (located !== undefined) {
      const numbers = kRange
        .exec(located['ranges'] ?? '')
        ?.slice(1)
        .map(Number);
      const [fromLine = 0, fromColumn = 0, toLine = 0, toColumn = 0] = numbers ?? [];
      found.push({
        severity: severityOf(located['severity'] ?? ''),
        file: located['file'] ?? null,
        line: Number(located['line']),
        column: Number(located['column']),
        range: numbers === undefined ? null : { from: [fromLine, fromColumn], to: [toLine, toColumn] },
        message: located['message'] ?? '',
      });
      continue;
    }
    const plain = kUnlocated.exec(line)?.groups;
    if (plain === undefined) continue;
    const message = readable(plain['message'] ?? '');
    found.push({ severity: severityOf(plain['severity'] ?? ''), file: null, line: 0, column: 0, range: null, message });
  }
  return found;
}

function severityOf(text: string): Diagnostic['severity'] {
  return text === 'fatal error' ? 'error' : (text as Diagnostic['severity']);
}

/** The linker speaks of object files and symbols; a student wrote functions. */
function readable(message: string): string {
  const undefinedSymbol = /^\S+: undefined symbol: (.*)$/.exec(message)?.[1];
  if (undefinedSymbol !== undefined) {
    return `${undefinedSymbol} is used but defined nowhere: there is no C or C++ standard library here, only <optlab.h>`;
  }
  const missing = /^symbol exported via --export not found: (.*)$/.exec(message)?.[1];
  if (missing !== undefined) {
    return `the function ${missing} is missing: define it with the name and parameters that "exercise.h" declares`;
  }
  const feature = /^Target feature '(.*)' used by \S+ is not allowed/.exec(message)?.[1];
  if (feature !== undefined) return `the code uses ${feature} instructions, which this exercise does not allow`;
  const needed = /^initial memory too small, (\d+) bytes needed/.exec(message)?.[1];
  if (needed !== undefined) return `global variables and constants need ${needed} bytes: more than the memory there is`;
  return message;
}

export function formatDiagnostic({ severity, file, line, column, message }: Diagnostic): string {
  return file === null ? `${severity}: ${message}` : `${file}:${line}:${column}: ${severity}: ${message}`;
}
