/** A program (a page's worker, Node's thread or process) that is asked one question after another, within limits, and may be ended at any moment. */
import { messageOf } from '../errors.ts';

/** What a program says of a question: its own work begins; how far it is; the answer; or that it broke and must not be used again. */
export type Said<Note> = { begun: true } | { note: Note } | { value: unknown } | { crash: string };

export interface Program {
  post(question: unknown): void;
  end(): void;
}

/** Starts a program. `die` is told when it has ended by itself, in a sentence. */
export type Spawn<Note = never> = (hear: (said: Said<Note>) => void, die: (reason: string) => void) => Program;

export interface Limits<Note> {
  /** Seconds until its work begins: loading is no work. */
  start: number;
  /** Seconds from then on; asked for when it begins. */
  work: () => number;
  onNote?: (note: Note) => void;
}

/** `start`: its work never began. The reason is empty where time was up. */
export type Answer<Value> =
  { value: Value } | { failure: 'start' | 'late' | 'crash' | 'death' | 'killed'; reason: string };

export class Killable<Question, Note = never> {
  readonly #spawn: Spawn<Note>;
  #program: Program | null = null;
  /** The answer to the last question, null once it is there. */
  #last: Promise<unknown> | null = null;
  /** Both belong to the question at work. */
  #hear: ((said: Said<Note>) => void) | null = null;
  #fail: ((failure: 'death' | 'killed', reason: string) => void) | null = null;

  constructor(spawn: Spawn<Note>) {
    this.#spawn = spawn;
  }

  get isAlive(): boolean {
    return this.#program !== null;
  }
  get isBusy(): boolean {
    return this.#fail !== null;
  }

  /** After a failure the program is gone: the next question starts a fresh one. Limits count from when the questions before have been answered. */
  ask<Value>(question: Question, limits: Limits<Note>): Promise<Answer<Value>> {
    const ask = () => this.#ask<Value>(question, limits);
    const answer = this.#last === null ? ask() : this.#last.then(ask, ask);
    this.#last = answer;
    const over = () => {
      if (this.#last === answer) this.#last = null;
    };
    answer.then(over, over);
    return answer;
  }

  /** Ends the program, and a question at work with this reason. */
  kill(reason: string): void {
    this.#drop();
    this.#fail?.('killed', reason);
  }

  #drop(): void {
    this.#program?.end();
    this.#program = null;
  }

  #ask<Value>(question: Question, { start, work, onNote }: Limits<Note>): Promise<Answer<Value>> {
    const program = (this.#program ??= this.#start());
    return new Promise((resolve) => {
      let begun = false;
      let limit: ReturnType<typeof setTimeout> | undefined;
      const settle = (answer: Answer<Value>) => {
        clearTimeout(limit);
        this.#hear = this.#fail = null;
        if ('failure' in answer) this.#drop();
        resolve(answer);
      };
      const within = (seconds: number) => {
        clearTimeout(limit);
        if (seconds === Infinity) return;
        limit = setTimeout(() => settle({ failure: begun ? 'late' : 'start', reason: '' }), seconds * 1000);
      };
      this.#fail = (failure, reason) => settle({ failure: failure === 'death' && !begun ? 'start' : failure, reason });
      this.#hear = (said) => {
        if ('value' in said) return settle({ value: said.value as Value });
        if ('crash' in said) return settle({ failure: 'crash', reason: said.crash });
        if ('note' in said) return onNote?.(said.note);
        begun = true;
        within(work());
      };
      within(start);
      program.post(question);
    });
  }

  /** One that was replaced may still speak, or end only now: nobody listens. */
  #start(): Program {
    const program: Program = this.#spawn(
      (said) => this.#program === program && this.#hear?.(said),
      (reason) => {
        if (this.#program !== program) return;
        this.#drop();
        this.#fail?.('death', reason);
      },
    );
    return program;
  }
}

/** The program's side: what it does with each question. `begin` is called when everything is there. */
export function serve<Question, Note = never>(
  say: (said: Said<Note>) => void,
  answer: (question: Question, begin: () => void) => Promise<unknown>,
  textOf: (error: unknown) => string = messageOf,
): (question: Question) => void {
  return (question) => {
    answer(question, () => say({ begun: true })).then(
      (value) => say({ value }),
      (error: unknown) => say({ crash: textOf(error) }),
    );
  };
}
