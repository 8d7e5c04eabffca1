/** Runs cases in a program that is ended when one takes too long: the next case has a fresh one. */
import { Killable, type Spawn } from './killable.ts';
import { outcome, type CaseOutcome, type CaseRequest } from './run-case.ts';

/** Seconds for the program to load what it needs, which is not the kernel's time. */
const kStartLimit = 20;

export class CaseRunner {
  readonly #program: Killable<CaseRequest>;
  readonly #startLimit: number;

  constructor(spawn: Spawn, startLimit = kStartLimit) {
    this.#program = new Killable(spawn);
    this.#startLimit = startLimit;
  }

  async run(request: CaseRequest, budget: number): Promise<CaseOutcome> {
    const limits = { start: this.#startLimit, work: () => budget };
    const answer = await this.#program.ask<CaseOutcome>(request, limits);
    if ('value' in answer) return answer.value;
    const { failure, reason } = answer;
    if (failure === 'late')
      return outcome('timeout', `It was still running after ${budget.toFixed(0)} s`, { seconds: budget });
    if (failure === 'crash') return outcome('error', `The run broke: ${reason}`);
    return outcome('error', reason || `The run did not start within ${this.#startLimit} s`);
  }

  /** Ends the program; a case that still runs ends as an error with this reason. */
  end(reason: string): void {
    this.#program.kill(reason);
  }
}
