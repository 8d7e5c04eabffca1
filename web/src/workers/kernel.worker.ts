/** Runs cases of students' kernels, one after another, until the page ends it. */
import { messageOf } from '../lab/errors.ts';
import type { Grader } from '../lab/grading/grader.ts';
import type { KernelReply } from '../lab/grading/kernel-protocol.ts';
import { outcome, runCase, type CaseOutcome, type CaseRequest } from '../lab/grading/run-case.ts';
import type { TeamPort } from '../lab/grading/team.ts';
import { SureWorker } from '../lab/sure-worker.ts';

const kGraders = import.meta.glob<Grader>('../../../lessons/*/exercises/*/grade.ts', { import: 'default' });

async function run(request: CaseRequest): Promise<CaseOutcome> {
  const [lesson, id] = request.exercise.split('/');
  const load = kGraders[`../../../lessons/${lesson}/exercises/${id}/grade.ts`];
  if (load === undefined) return outcome('error', `there is no exercise '${request.exercise}'`);
  const grader = await load();
  reply({ kind: 'begun' });
  return runCase(request, grader, startThread);
}

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

function reply(message: KernelReply): void {
  self.postMessage(message);
}

self.addEventListener('message', ({ data }: MessageEvent<CaseRequest>) => {
  run(data)
    .catch((error: unknown) => outcome('error', `The run broke: ${messageOf(error)}`))
    .then((found) => reply({ kind: 'done', outcome: found }));
});
