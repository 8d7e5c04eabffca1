// A thread that runs one case after another of students' kernels. Its parent ends it when a case's budget is spent.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';
import type { Grader } from '../../web/src/lab/grading/grader.ts';
import { runCase, type CaseRequest } from '../../web/src/lab/grading/run-case.ts';
import { kRoot } from '../lib/command.ts';

parentPort?.on('message', (request: CaseRequest) => {
  void (async () => {
    const [lesson = '', id = ''] = request.exercise.split('/');
    const path = join(kRoot, 'lessons', lesson, 'exercises', id, 'grade.ts');
    const { default: grader } = (await import(pathToFileURL(path).href)) as { default: Grader };
    parentPort?.postMessage(runCase(request, grader));
  })();
});
