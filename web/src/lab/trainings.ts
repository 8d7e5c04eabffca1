import { openStore, type StoreWithFallback } from './store.ts';
import { isSavedTraining, type SavedTraining } from './training.ts';

/** The trainings that this browser keeps, by their key: some megabytes each, in a database that the short questions don't share. */
export function openTrainings(): StoreWithFallback<SavedTraining> {
  return openStore('optlab-training', 'trainings', isSavedTraining);
}
