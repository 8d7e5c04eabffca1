// A native peer: a process that answers requests line by line (native/harness.h).
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { familyOf } from './families/index.ts';
import type { Check, Loaded, Peak, Session, Task, Timing } from './types.ts';

const kTimeLimitMs = 120_000;

/** A task as native/problem.cpp reads it: its family and its numbers. */
function written(task: Task): string {
  switch (task.family) {
    case 'conv-f32':
    case 'conv-int8': {
      const { family, channels, height, width, outputs, kernel, padding } = task;
      return [family, channels, height, width, outputs, kernel, padding].join(' ');
    }
    case 'attention': {
      const { family, queries, keys, heads, keyHeads, size, causal } = task;
      return [family, queries, keys, heads, keyHeads, size, Number(causal)].join(' ');
    }
    case 'rows':
      return [task.family, task.operation, task.rows, task.columns].join(' ');
    case 'training':
      return [task.family, task.model, task.batch].join(' ');
    case 'sparse':
      return [task.family, task.m, task.k, task.n, task.sparsity].join(' ');
    case 'caching':
    case 'decode':
      throw new RangeError('no native program decodes');
    default:
      return [task.family, task.m, task.k, task.n].join(' ');
  }
}

/** One thread, whatever the library's own idea of threads is. */
const kOneThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };

export async function openNativeSession(program: string, env: Record<string, string>): Promise<Session> {
  const child = spawn(program, [], {
    env: { ...process.env, ...kOneThread, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const replies: string[] = [];
  let wake = () => {};
  let ended: string | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    replies.push(line);
    wake();
  });
  const end = (reason: string) => {
    ended ??= reason;
    wake();
  };
  child.on('error', (error) => end(error.message));
  child.on('close', (code, signal) => end(`it ended with ${signal ?? `code ${code}`}`));
  child.stdin.on('error', () => {}); // "close" says more

  const next = async <T>(): Promise<T> => {
    const timer = setTimeout(() => end(`no answer in ${kTimeLimitMs / 1000} s`), kTimeLimitMs);
    while (replies.length === 0 && ended === undefined) await new Promise<void>((settle) => (wake = settle));
    clearTimeout(timer);
    const reply = replies.shift();
    if (reply === undefined) throw new Error(ended);
    const answer = JSON.parse(reply) as T & { error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };
  const ask = <T>(request: string): Promise<T> => {
    child.stdin.write(`${request}\n`);
    return next<T>();
  };

  const loaded = await next<Loaded>();
  return {
    loaded,
    pids: () => [child.pid!],
    prepare: async (task: Task, row: string) => {
      const answer = await ask<Check & { values?: number[] }>(`prepare ${row} ${written(task)}`);
      if (!answer.values) return answer;
      const family = familyOf(task);
      return family.check(task, family.operands(task), Float32Array.from(answer.values));
    },
    warm: (row: string, seconds: number) => ask<Timing>(`warm ${row} ${seconds}`),
    repeat: (row: string, seconds: number) => ask<Timing>(`repeat ${row} ${seconds}`),
    release: async () => {
      await ask('release');
    },
    probe: (seconds: number) => ask<Peak[]>(`probe ${seconds}`),
    close: async () => {
      child.stdin.end();
      if (ended === undefined) await new Promise<void>((settle) => (wake = settle));
    },
  };
}
