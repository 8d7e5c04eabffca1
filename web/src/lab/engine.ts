import { EngineError, messageOf } from './errors.ts';
import { withoutThreads, type BuildChoice } from './features.ts';
import type { BuildName, KernelModule, ModuleFactory, ModuleName } from './types.ts';

/** A hung start of nested workers shows no error (Firefox, 1–10 % of starts), so it gets a limit. Downloading is not counted. */
export const kStartLimitMs = 8000;

/** Where a module of a build lies, given the site's base ('/' or '/folder/'). */
export function moduleUrl(base: string, build: BuildName, module: ModuleName = 'optlab'): string {
  return new URL(`${base}wasm/${build}/${module}.mjs`, globalThis.location?.href ?? 'file:///').href;
}

/**
 * Downloads, compiles and starts one build in the current worker or process.
 *
 * `url` is the module's address; `onDownloaded` is called when the network's part is over. Throws EngineError naming the file that is missing
 * or broken.
 */
export async function loadModule<Module = KernelModule>(
  url: string,
  threads: number,
  onDownloaded: () => void = () => {},
): Promise<Module> {
  const wasmUrl = url.replace(/\.mjs$/, '.wasm');
  const [factory, compiled] = await Promise.all([importFactory<Module>(url), compile(wasmUrl)]);
  onDownloaded();
  return new Promise((resolve, fail) => {
    const reject = (error: unknown) =>
      fail(new EngineError(`The engine ${wasmUrl} did not start: ${messageOf(error)}`));
    const instantiateWasm = (
      imports: WebAssembly.Imports,
      receive: (i: WebAssembly.Instance, m: WebAssembly.Module) => void,
    ) => {
      WebAssembly.instantiate(compiled, imports).then((instance) => receive(instance, compiled), reject);
      return {};
    };
    factory({ threads, instantiateWasm }).then(resolve, reject);
  });
}

async function importFactory<Module>(url: string): Promise<ModuleFactory<Module>> {
  try {
    const module = (await import(/* @vite-ignore */ url)) as { default: ModuleFactory<Module> };
    return module.default;
  } catch (error) {
    throw new EngineError(`The engine's loader ${url} could not be loaded: ${messageOf(error)}`);
  }
}

async function compile(url: string): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new EngineError(`The engine ${url} could not be downloaded: ${messageOf(error)}`);
  }
  if (!response.ok) throw new EngineError(`The engine ${url} could not be downloaded: HTTP ${response.status}`);
  try {
    // A server that does not know the MIME type of .wasm rules out streaming.
    const streams = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
    return await (streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()));
  } catch (error) {
    throw new EngineError(`The engine ${url} is damaged or not for this browser: ${messageOf(error)}`);
  }
}

export interface Started<T> {
  choice: BuildChoice;
  result: T;
}

/**
 * Starts the chosen build, a second time if the first fails, and then the same build without threads.
 *
 * `start` must clean up after itself when it fails. Throws the last error if nothing starts.
 */
export async function startWithFallback<T>(
  choice: BuildChoice,
  start: (choice: BuildChoice) => Promise<T>,
): Promise<Started<T>> {
  try {
    return { choice, result: await start(choice) };
  } catch {
    // A second try is what helps against a hung start: 3 of 3 retries worked when it was measured.
  }
  try {
    return { choice, result: await start(choice) };
  } catch (error) {
    if (choice.threads === 1) throw error;
    const reason = messageOf(error).replace(/\.$/, '');
    const single = withoutThreads(
      choice,
      `The threaded build did not start (${reason}), so everything runs in one thread.`,
    );
    return { choice: single, result: await start(single) };
  }
}
