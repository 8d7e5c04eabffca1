import { EngineClient } from '#lab/client.ts';
import { Session } from '#lab/session.ts';

/** Folder that the site is served from, with a slash at the end. */
export const kBase = import.meta.env.BASE_URL.replace(/\/?$/, '/');

/** One engine and one session for all experiments of a page. */
export const engine = new EngineClient(
  kBase,
  () => new Worker(new URL('../workers/engine.worker.ts', import.meta.url), { type: 'module', name: 'optlab-engine' }),
);
export const session = new Session();
