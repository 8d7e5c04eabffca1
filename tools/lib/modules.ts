// The modules that the library is cut into as WebAssembly: src/bindings/modules.json, which CMake reads too.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type WasmBuild } from './cmake.ts';
import { kRoot } from './command.ts';

export interface Module {
  /** What it holds, and who loads it. */
  what: string;
  users: string;
  /** Files of src/bindings, without `.cpp`, beside those that all modules have. */
  files: readonly string[];
  /** The largest it may be, without and with brotli; a module without limits is none of the site's. */
  most?: { bytes: number; brotli: number };
}

const kFile = join(kRoot, 'src/bindings/modules.json');
export const kModuleTable = JSON.parse(readFileSync(kFile, 'utf8')) as Readonly<Record<string, Module>>;
export const kModules: readonly string[] = Object.keys(kModuleTable);
/** Those that pages load. */
export const kSiteModules: readonly string[] = kModules.filter((name) => kModuleTable[name]!.most !== undefined);

export async function linkModules(name: WasmBuild, log: string, modules: readonly string[]): Promise<void> {
  const targets = modules.map((module) => `module_${module}`);
  await build(`wasm-${name}`, log, targets);
}
