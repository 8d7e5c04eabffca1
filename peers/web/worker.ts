// The classic worker that every library runs in: classic, because LiteRT.js and TensorFlow.js load scripts with importScripts, and a
// worker, because a page's main thread may not block, which threads need to do.
type Request = { id: number; method: string; args: unknown[] };

const scope = globalThis as unknown as {
  onmessage: (event: { data: Request }) => void;
  postMessage(message: unknown): void;
};
const runner = import('./runner.ts');

scope.onmessage = async ({ data: { id, method, args } }) => {
  try {
    const { handle } = await runner;
    scope.postMessage({ id, value: await handle(method, args) });
  } catch (error) {
    scope.postMessage({ id, error: error instanceof Error ? error.message || error.name : String(error) });
  }
};
