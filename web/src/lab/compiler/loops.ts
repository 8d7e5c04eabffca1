/** What clang's remarks say of a kernel's loops, loop by loop and in plain words. */
import { kMainFile } from './compile.ts';
import type { Diagnostic } from './diagnostics.ts';

export interface LoopReport {
  /** Where the loop begins, as clang counts. */
  line: number;
  column: number;
  /** `some`: the compiler made several copies of the loop, and not all could be vectorized. */
  vectorized: 'yes' | 'some' | 'no';
  /** Values in a vector; 1 where there are none. */
  width: number;
  /** Vectors that each step handles. */
  interleaved: number;
  /** One or two sentences. */
  sentence: string;
  /** Why not, each with the place that stands in the way, and the compiler's own words. */
  reasons: { line: number; column: number; sentence: string; message: string }[];
}

/** What LLVM's vectorizer gives as a reason (LoopVectorizationLegality.cpp, LoopAccessAnalysis.cpp), and what it means to a student. */
const kReasons: readonly [pattern: RegExp, sentence: string][] = [
  [
    /reorder floating-point operations/,
    'The steps add up floating-point numbers into one sum, and another order would round differently, so the compiler keeps it. Several sums of your own, or another loop innermost, leave it free.',
  ],
  [
    /reorder memory operations|Too many memory checks|cannot check memory dependencies/i,
    'The compiler cannot rule out that the arrays overlap, and checking that as the program runs would cost too much.',
  ],
  [
    /cannot identify array bounds/,
    'An address depends on a value that is itself loaded (as in c[index[i]]), so the compiler does not know which memory the loop touches.',
  ],
  [/unsafe dependent memory operations/, 'A step reads what an earlier step has written, so they cannot run together.'],
  [
    /could not be identified as reduction/,
    'A value goes from each step into the next, and it is no plain sum or product that could be split into lanes.',
  ],
  [
    /induction variable could not be identified/,
    'No counter goes up or down by a fixed amount: the compiler cannot tell which elements a step works on.',
  ],
  [
    /could not determine number of loop iterations|uncountable/i,
    'How often the loop runs is known only while it runs. A count that is fixed before the loop starts would help.',
  ],
  [
    /potentially faulting load|early exit/i,
    'The loop may end early, and loading several elements ahead could read beyond what is there.',
  ],
  [
    /control flow (is not understood|cannot be substituted)/,
    'The loop has a way in or out that the vectorizer does not handle (a break, a jump, or another loop inside).',
  ],
  [/call instruction cannot be vectorized/, 'It calls a function that was not inlined and has no vector form.'],
  [
    /(return type|Store instruction|instruction) cannot be vectorized/,
    'It holds an operation that has no wider form, such as the intrinsics of <wasm_simd128.h>: those are vectors already.',
  ],
  [/volatile|atomic ordering/, 'It reads or writes something volatile or atomic, which must happen once in each step.'],
  [/loop contains a switch/, 'It has a switch inside, which would have to be a choice of values for vectors to do it.'],
  [
    /vectorization is not beneficial/,
    'The compiler estimates that vectors would not pay here, or the source says that it should not use them.',
  ],
  [/loop invariant address/, 'Every step writes to the same address. A local variable, stored once afterwards, helps.'],
];

/** Every loop that the remarks speak of, in the order of the source. Remarks about headers are left out. */
export function loopReports(remarks: readonly Diagnostic[]): LoopReport[] {
  const loops = new Map<string, Copies>();
  const at = ({ line, column }: Diagnostic): Copies => {
    const key = `${line}:${column}`;
    const known = loops.get(key) ?? { line, column, widths: [], interleaved: 1, missed: 0, reasons: new Map() };
    loops.set(key, known);
    return known;
  };
  // A reason stands at the instruction in the way; the remark after it names the loop. Early exits have reasons only.
  let pending: Diagnostic[] = [];
  const settle = (loop: Diagnostic | null) => {
    for (const reason of pending) {
      const isInside = loop !== null && reason.line >= loop.line;
      const copies = at(isInside ? loop : reason);
      if (!isInside) ++copies.missed;
      copies.reasons.set(`${reason.line} ${plain(reason.message)}`, reason);
    }
    pending = [];
  };
  for (const remark of remarks) {
    if (remark.severity !== 'remark' || remark.file !== kMainFile) continue;
    const { message } = remark;
    const vectorized = /^vectorized loop \(vectorization width: (\d+), interleaved count: (\d+)\)/.exec(message);
    if (vectorized !== null) {
      settle(null);
      const copies = at(remark);
      copies.widths.push(Number(vectorized[1]));
      copies.interleaved = Math.max(copies.interleaved, Number(vectorized[2]));
    } else if (/^loop not vectorized \[/.test(message)) {
      settle(remark);
      ++at(remark).missed;
    } else if (/^loop not vectorized: /.test(message)) {
      pending.push(remark);
    } else if (/vectorization is not beneficial/.test(message)) {
      pending.push(remark);
      settle(remark);
      ++at(remark).missed;
    }
  }
  settle(null);
  return [...loops.values()].map(reportOf).sort((a, b) => a.line - b.line || a.column - b.column);
}

interface Copies {
  line: number;
  column: number;
  widths: number[];
  interleaved: number;
  missed: number;
  reasons: Map<string, Diagnostic>;
}

function reportOf({ line, column, widths, interleaved, missed, reasons }: Copies): LoopReport {
  const vectorized = widths.length === 0 ? 'no' : missed === 0 ? 'yes' : 'some';
  const width = Math.max(1, ...widths);
  const why = distinct(
    [...reasons.values()].map((reason) => ({
      line: reason.line,
      column: reason.column,
      sentence: explain(reason.message),
      message: plain(reason.message),
    })),
  );
  const more = interleaved > 1 ? `, ${interleaved} vectors in each step` : '';
  const sentence = {
    yes: `Vectorized: ${width} values at a time${more}.`,
    some: `Vectorized, ${width} values at a time${more}, in some of the copies that the compiler made of this loop, not in all.`,
    no:
      why.length > 0
        ? 'Not vectorized.'
        : 'Not vectorized; the compiler gives no reason. Only innermost loops are, and this one may hold another.',
  }[vectorized];
  return { line, column, vectorized, width, interleaved, sentence, reasons: why };
}

/** One of each sentence: the same obstacle is often met several times. */
function distinct(reasons: LoopReport['reasons']): LoopReport['reasons'] {
  return reasons.filter(({ sentence }, i) => reasons.findIndex((other) => other.sentence === sentence) === i);
}

/** A reason in plain words; what is not known stays as the compiler says it. */
function explain(message: string): string {
  return kReasons.find(([pattern]) => pattern.test(message))?.[1] ?? `The compiler says: ${plain(message)}.`;
}

/** Without the loop's verdict before and the option's name after it. */
function plain(message: string): string {
  return message.replace(/^loop not vectorized: /, '').replace(/ \[-R[^\]]*\]$/, '');
}

/** "3 of 5 loops are vectorized." */
export function loopSummary(reports: readonly LoopReport[]): string {
  const done = reports.filter(({ vectorized }) => vectorized !== 'no').length;
  if (reports.length === 0) return 'The compiler said nothing about loops: there are none, or they were unrolled away.';
  const [what, are] = reports.length === 1 ? ['loop', 'is'] : ['loops', done === 1 ? 'is' : 'are'];
  return `${done} of ${reports.length} ${what} ${are} vectorized by the compiler.`;
}
