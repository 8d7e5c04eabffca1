/** The WebAssembly modules of the build that this worker runs. */
import { kStartLimitMs, loadModule, moduleUrl } from '../lab/engine.ts';
import { EngineError } from '../lab/errors.ts';
import type { StartOptions } from '../lab/protocol.ts';
import type { ModuleName, SiteModules } from '../lab/types.ts';

type Loading = { [Name in ModuleName]?: Promise<SiteModules[Name]> };

export class ModuleLoader {
  readonly #options: StartOptions;
  readonly #loading: Loading = {};

  constructor(options: StartOptions) {
    this.#options = options;
  }

  /** A module, loaded when it is first asked for, with as many threads as the engine was started with. */
  get<Name extends ModuleName>(name: Name): Promise<SiteModules[Name]> {
    const loading = this.#loading as Record<Name, Promise<SiteModules[Name]> | undefined>;
    return (loading[name] ??= this.#load(name).catch((error: unknown) => {
      delete loading[name];
      throw error;
    }));
  }

  /** The kernels; `onDownloaded` is called when the page may begin to count the time that they take to start. */
  start(onDownloaded: () => void): Promise<SiteModules['optlab']> {
    const { base, build, threads } = this.#options;
    return (this.#loading.optlab = loadModule(moduleUrl(base, build), threads, onDownloaded));
  }

  #load<Name extends ModuleName>(name: Name): Promise<SiteModules[Name]> {
    const { base, build, threads } = this.#options;
    return new Promise((resolve, reject) => {
      let limit: ReturnType<typeof setTimeout> | undefined;
      const onDownloaded = () => {
        const late = `The models did not start within ${kStartLimitMs / 1000} s`;
        limit = setTimeout(() => reject(new EngineError(late)), kStartLimitMs);
      };
      loadModule<SiteModules[Name]>(moduleUrl(base, build, name), threads, onDownloaded)
        .then(resolve, reject)
        .finally(() => clearTimeout(limit));
    });
  }
}
