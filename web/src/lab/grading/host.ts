import type { CompileOptions, CompileResult, TrapSite } from '../compiler/compile.ts';
import type { CaseOutcome, CaseRequest } from './run-case.ts';

/** What grading needs of its surroundings: a page has workers, Node processes and threads. */
export interface GradeHost {
  /** Compiles within a time limit; the compiler is replaced if it hangs or breaks, and the result then says so. */
  compile(options: CompileOptions): Promise<CompileResult>;
  /** Where a checked module trapped. */
  trapSite(wasm: Uint8Array, offset: number): Promise<TrapSite>;
  /** Runs a case in a worker that is ended when the budget (seconds) is spent; then the outcome is a timeout. */
  run(request: CaseRequest, budget: number): Promise<CaseOutcome>;
  /** Threads that may run one kernel at once; 1 where memory can't be shared. */
  threads: number;
  /** The compiler's version, for the record. */
  compiler: string;
}
