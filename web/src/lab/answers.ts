/** A reader's answers, kept in this browser and nowhere else. */
import { openStore, type Store } from './store.ts';

export interface Answer {
  /** Indices of the chosen answers, for questions with choices. */
  chosen: number[];
  /** The text as typed, for questions that ask for a number. */
  text: string;
  right: boolean;
}

/** What an older or a later version of the page stored is no answer. */
export function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  const { chosen, text, right } = value as Partial<Answer>;
  return (
    Array.isArray(chosen) && chosen.every(Number.isInteger) && typeof text === 'string' && typeof right === 'boolean'
  );
}

/** The page's answers, by a key such as "01-profiling/median". */
export function openAnswers(): Store<Answer> {
  return openStore('optlab', 'answers', isAnswer);
}
