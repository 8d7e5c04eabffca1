/** The experiments' tasks, each fetched when it is first asked for. */
import { EngineError, messageOf } from '../lab/errors.ts';
import type { AnyQuestion, AnyTask } from '../lab/task.ts';
import type { ModuleName } from '../lab/types.ts';

const kTasks = import.meta.glob<AnyTask | AnyQuestion>('../../../lessons/*/experiments/*/*task.ts', {
  import: 'default',
});

async function load(path: string): Promise<AnyTask | AnyQuestion> {
  const [lesson, tag, name] = path.split('/');
  const file = name === undefined ? 'task.ts' : `${name}.task.ts`;
  const task = kTasks[`../../../lessons/${lesson}/experiments/${tag}/${file}`];
  if (task === undefined) throw new EngineError(`There is no task '${path}'`);
  try {
    return await task();
  } catch (error) {
    throw new EngineError(`The task '${path}' could not be loaded: ${messageOf(error)}`);
  }
}

export async function loadTask(path: string): Promise<AnyTask> {
  const task = await load(path);
  if (!('open' in task)) throw new EngineError(`'${path}' is a question: it is asked, not run`);
  return task;
}

export async function loadQuestion(path: string): Promise<AnyQuestion> {
  const question = await load(path);
  if (!('answer' in question)) throw new EngineError(`'${path}' is a task: it is run, not asked`);
  return question;
}

export const moduleOf = async (path: string): Promise<ModuleName> => (await load(path)).module as ModuleName;
