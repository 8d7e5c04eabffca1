/** What a page's kernel worker says: that a case begins (all that it needs is there), and how it ended. */
import type { CaseOutcome } from './run-case.ts';

export type KernelReply = { kind: 'begun' } | { kind: 'done'; outcome: CaseOutcome };
