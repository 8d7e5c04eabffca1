/**
 * Clang and LLD, themselves WebAssembly, as the package @yowasp/clang runs them: a program of arguments and files in, files out. The page
 * loads them in a worker, Node in a process of its own; both give the same bytes for the same source.
 */

export type FileTree = { [name: string]: FileTree | string | Uint8Array };

export interface RunOptions {
  stdout?: (bytes: Uint8Array | null) => void;
  stderr?: (bytes: Uint8Array | null) => void;
  fetchProgress?: (event: { totalLength: number; doneLength: number }) => void;
}

/** What the package's bundle exports. */
export interface Toolchain {
  runLLVM(args: string[] | null, files?: FileTree, options?: RunOptions): Promise<FileTree> | FileTree | undefined;
  Exit: new (...args: never[]) => Error & { code: number; files: FileTree };
  version: string;
}

/** Where a vendored toolchain lies, and how large it is. tools/build writes it beside the files as toolchain.json. */
export interface ToolchainManifest {
  /** Names the folder; changes with the compiler and with our headers. */
  version: string;
  files: {
    name: string;
    /** Bytes once unpacked. */ bytes: number;
    /** Bytes as downloaded (gzip). */ download: number;
  }[];
}

export interface ToolRun {
  /** 0: success. */
  code: number;
  stderr: string;
  stdout: string;
  files: FileTree;
}

/** The compiler itself broke (a stack overflow in it, an assertion): this instance must not be used again. */
export class CompilerCrash extends Error {
  override name = 'CompilerCrash';
}

/** The most characters that a tool may print: a source can make clang say the same thing millions of times. */
const kMostText = 1 << 18;

/** The beginning and the end, where errors are. */
function withoutMiddle(text: string): string {
  return text.length <= 2 * kMostText ? text : `${text.slice(0, kMostText)}\n${text.slice(-kMostText)}`;
}

export async function runTool(toolchain: Toolchain, args: string[], files: FileTree): Promise<ToolRun> {
  const decoder = new TextDecoder();
  // Standard output is the symbolizer's, which answers in JSON: never cut.
  let stderr = '';
  let stdout = '';
  const options: RunOptions = {
    stderr: (bytes) => void (bytes !== null && (stderr = withoutMiddle(stderr + decoder.decode(bytes)))),
    stdout: (bytes) => void (bytes !== null && (stdout += decoder.decode(bytes))),
    fetchProgress: () => {},
  };
  try {
    return { code: 0, files: (await toolchain.runLLVM(args, files, options)) ?? {}, stderr, stdout };
  } catch (error) {
    if (error instanceof toolchain.Exit) return { code: error.code || 1, files: {}, stderr, stdout };
    throw new CompilerCrash(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function fileBytes(files: FileTree, name: string): Uint8Array | null {
  const found = files[name];
  if (found instanceof Uint8Array) return found;
  return typeof found === 'string' ? new TextEncoder().encode(found) : null;
}

export function fileText(files: FileTree, name: string): string {
  const found = files[name];
  if (typeof found === 'string') return found;
  return found instanceof Uint8Array ? new TextDecoder().decode(found) : '';
}
