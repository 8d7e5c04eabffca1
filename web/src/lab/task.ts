/**
 * What an experiment asks of the engine. A task is one file beside its element: `task.ts` in `lessons/<lesson>/experiments/<tag>/` is found as
 * `<lesson>/<tag>`, `<name>.task.ts` as `<lesson>/<tag>/<name>`. The worker fetches it when a page first asks for it; `runner.ts` runs it, in
 * the worker and in Node's tests alike.
 */
import type { Asset } from './assets.ts';
import type { ModuleName, SiteModules } from './types.ts';

export interface Deletable {
  delete(): void;
}

/** What a task gets from the worker that runs it. */
export interface TaskHost {
  /** Has the runner delete a handle when the task is over, the last one first; returns it. */
  keep<H extends Deletable>(handle: H): H;
  /** A file's bytes, verified. Throws DataError. */
  load(asset: Asset): Promise<Uint8Array>;
  /** A file as an object of the library, which the worker keeps for later tasks: don't delete it. Throws DataError. */
  open<H extends Deletable>(asset: Asset, kind: new (bytes: Uint8Array) => H): Promise<H>;
  /** What `parse`, a function that lasts, makes of a file; kept as well. `what` names the file in errors. */
  parse<T>(asset: Asset, parse: (bytes: Uint8Array, what: string) => T | Promise<T>): Promise<T>;
  /** What outlives a call, for a task that goes on later. */
  shelf: Shelf;
}

/** A task at work. */
export interface Run<Report> {
  /** Does a piece of work; false if nothing is left. Messages, such as a stop, come in between two steps. */
  step(): boolean;
  /** 0 to 1. */
  progress(): number;
  /** What there is so far; `done`: for the last time, after the last step or a stop. */
  report(done: boolean): Report;
  /** Whether the page has to know at once what there is, since the next step may take seconds. */
  urgent?(): boolean;
  /** Called before the last report, unless the task was stopped. */
  finish?(): void;
}

/** Work that takes its time, reports while it runs and can be stopped. `options.threads` sets the pool's size. */
export interface Task<Name extends ModuleName, Options extends object, Report extends object> {
  module: Name;
  open(module: SiteModules[Name], options: Options, host: TaskHost): Run<Report> | Promise<Run<Report>>;
}

/** Work that is over before a reader would want to stop it. */
export interface Question<Name extends ModuleName, Options extends object, Answer> {
  module: Name;
  answer(module: SiteModules[Name], options: Options, host: TaskHost): Answer | Promise<Answer>;
}

/** For the types. */
export function defineTask<Name extends ModuleName, Options extends object, Report extends object>(
  task: Task<Name, Options, Report>,
): Task<Name, Options, Report> {
  return task;
}

export function defineQuestion<Name extends ModuleName, Options extends object, Answer>(
  question: Question<Name, Options, Answer>,
): Question<Name, Options, Answer> {
  return question;
}

// Names, options and reports vary in both directions; only `any` stands for all of them.
/* eslint-disable @typescript-eslint/no-explicit-any */
export type AnyTask = Task<any, any, any>;
export type AnyQuestion = Question<any, any, any>;
export type OptionsOf<T> = T extends Task<any, infer O, any> ? O : T extends Question<any, infer O, any> ? O : never;
export type AnswerOf<Q> = Q extends Question<any, any, infer A> ? A : never;
/** A task's report as the page gets it. */
export type ReportOf<T> = T extends Task<any, any, infer R> ? Enveloped<R> : never;
/* eslint-enable */

/** What the runner adds to every report. */
export interface Envelope {
  /** 0 to 1. */
  progress: number;
  done: boolean;
  /** Ended by the reader. */
  stopped: boolean;
}
export type Enveloped<Report> = Report & Envelope;

/** A report as its task makes it. */
export type Bare<Report extends Envelope> = Omit<Report, keyof Envelope>;

/** Objects that live from one call to a later one, by key. A worker that is replaced has forgotten them. */
export class Shelf {
  readonly #all = new Map<string, Deletable>();

  get<T extends Deletable>(key: string): T | undefined {
    return this.#all.get(key) as T | undefined;
  }
  /** Replaces what had this key, and deletes that. */
  put<T extends Deletable>(key: string, value: T): T {
    this.drop(key);
    this.#all.set(key, value);
    return value;
  }
  drop(key: string): void {
    this.#all.get(key)?.delete();
    this.#all.delete(key);
  }
}
