import type { FormatReply } from '../../workers/format.worker.ts';

/** The first use loads a megabyte. */
const kLoadLimitMs = 60_000;
/** What a student writes takes milliseconds. */
const kFormatLimitMs = 5_000;

let worker: Worker | null = null;
let last: Promise<unknown> = Promise.resolve();

/** The source as clang-format writes it in this project's style. Throws if that could not be loaded or takes too long. */
export function formatCode(source: string): Promise<string> {
  const turn = last.then(() => ask(source));
  last = turn.catch(() => {});
  return turn;
}

function ask(source: string): Promise<string> {
  const limit = worker === null ? kLoadLimitMs : kFormatLimitMs;
  worker ??= new Worker(new URL('../../workers/format.worker.ts', import.meta.url), {
    type: 'module',
    name: 'optlab-format',
  });
  const asked = worker;
  return new Promise((resolve, reject) => {
    const fail = (message: string) => {
      clearTimeout(timer);
      asked.terminate();
      worker = null;
      reject(new Error(message));
    };
    const timer = setTimeout(() => fail(`clang-format did not answer within ${limit / 1000} s`), limit);
    asked.onerror = (event) => {
      event.preventDefault();
      fail('clang-format could not be loaded');
    };
    asked.onmessage = ({ data }: MessageEvent<FormatReply>) => {
      if ('error' in data) return fail(data.error);
      clearTimeout(timer);
      resolve(data.text);
    };
    asked.postMessage(source);
  });
}
