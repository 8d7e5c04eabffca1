// A thread that runs one case after another of students' kernels. Its parent ends it when a case's budget is spent.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';
import type { Grader } from '#lab/grading/grader.ts';
import { serve } from '#lab/grading/killable.ts';
import { runCase, type CaseRequest } from '#lab/grading/run-case.ts';
import type { TeamPort } from '#lab/grading/team.ts';
import { exerciseFolder } from '../lib/exercises.ts';

function startThread(): TeamPort {
  const thread = new Worker(join(import.meta.dirname, 'team-thread.ts'));
  return {
    post: (message) => thread.postMessage(message),
    next: async () => ((await once(thread, 'message')) as unknown[])[0],
    terminate: () => void thread.terminate(),
  };
}

parentPort?.on(
  'message',
  serve<CaseRequest>(
    (said) => parentPort?.postMessage(said),
    async (request, begin) => {
      const path = join(exerciseFolder(request.exercise), 'grade.ts');
      const { default: grader } = (await import(pathToFileURL(path).href)) as { default: Grader };
      begin();
      return runCase(request, grader, startThread);
    },
  ),
);
