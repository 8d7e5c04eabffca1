import { MemoryStore, openStore, StoreWithFallback, type Store } from './store.ts';

/** A reader's answers, kept in this browser and nowhere else. */

export interface Answer {
  /** Of single and several choices. */
  chosen: number[];
  /** Of a number, as typed. */
  text: string;
  right: boolean;
}

/** Where answers are kept, by a key such as "01-profiling/median". */
export type AnswerStore = Store<Answer>;
export class MemoryAnswers extends MemoryStore<Answer> {}
export class AnswersWithFallback extends StoreWithFallback<Answer> {}

/** What an older or a later version of the page stored is no answer. */
export function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  const { chosen, text, right } = value as Partial<Answer>;
  return (
    Array.isArray(chosen) && chosen.every(Number.isInteger) && typeof text === 'string' && typeof right === 'boolean'
  );
}

/** The page's answers. */
export function openAnswers(): Store<Answer> {
  return openStore('optlab', 'answers', isAnswer);
}
