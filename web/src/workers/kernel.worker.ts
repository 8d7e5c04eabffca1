/** Runs cases of students' kernels, one after another, until the page ends it. */
import type { Grader } from '../lab/grading/grader.ts';
import { serve } from '../lab/grading/killable.ts';
import { outcome, runCase, type CaseRequest } from '../lab/grading/run-case.ts';
import type { TeamPort } from '../lab/grading/team.ts';
import { SureWorker } from '../lab/sure-worker.ts';

const kGraders = import.meta.glob<Grader>('../../../lessons/*/exercises/*/grade.ts', { import: 'default' });

/** Ends with this worker. */
function startThread(): TeamPort {
  const thread = new SureWorker(
    () => new Worker(new URL('./team.worker.ts', import.meta.url), { type: 'module', name: 'optlab-team' }),
  );
  return {
    post: (message) => thread.postMessage(message),
    next: () =>
      new Promise((resolve, reject) => {
        thread.addEventListener('message', (event) => resolve((event as MessageEvent).data), { once: true });
        thread.addEventListener('error', (event) =>
          reject(new Error((event as ErrorEvent).message || 'a thread did not start')),
        );
      }),
    terminate: () => thread.terminate(),
  };
}

const answer = serve<CaseRequest>(
  (said) => self.postMessage(said),
  async (request, begin) => {
    const [lesson, id] = request.exercise.split('/');
    const load = kGraders[`../../../lessons/${lesson}/exercises/${id}/grade.ts`];
    if (load === undefined) return outcome('error', `there is no exercise '${request.exercise}'`);
    const grader = await load();
    begin();
    return runCase(request, grader, startThread);
  },
);
self.addEventListener('message', ({ data }: MessageEvent<CaseRequest>) => answer(data));
