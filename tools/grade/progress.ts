// How far a run is: a bar that overwrites itself on a terminal, a line for each submission elsewhere.
import process from 'node:process';

export interface Step {
  student: string;
  exercise: string;
  status: string;
  points: number;
  maxPoints: number;
  cached: boolean;
}

const kBarWidth = 24;

function duration(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

export class Progress {
  readonly #total: number;
  readonly #start = performance.now();
  readonly #isTerminal = process.stderr.isTTY;
  #done = 0;
  #cached = 0;
  #errors = 0;

  constructor(total: number) {
    this.#total = total;
  }

  step({ student, exercise, status, points, maxPoints, cached }: Step): void {
    ++this.#done;
    if (cached) ++this.#cached;
    if (status === 'error') ++this.#errors;
    if (this.#isTerminal) return this.#draw(student);
    const from = cached ? ' (cached)' : '';
    process.stderr.write(
      `[${this.#done}/${this.#total}] ${student} ${exercise} ${points}/${maxPoints} ${status}${from}\n`,
    );
  }

  #draw(student: string): void {
    const fraction = this.#done / this.#total;
    const filled = Math.round(kBarWidth * fraction);
    const fresh = this.#done - this.#cached;
    const rate = fresh / ((performance.now() - this.#start) / 1000);
    const left = fresh > 0 ? `, ${duration((this.#total - this.#done) / rate)} left` : '';
    const bar = `${'━'.repeat(filled)}${'─'.repeat(kBarWidth - filled)}`;
    const errors = this.#errors > 0 ? `, ${this.#errors} can't be run` : '';
    const line = `${bar} ${this.#done}/${this.#total}${left}${errors}  ${student}`;
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[2K');
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }
}
