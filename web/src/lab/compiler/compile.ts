/** From a student's C++ to a WebAssembly module: fixed flags, two runs of LLVM (clang -cc1, wasm-ld), no driver. */
import { kHeaderFile } from '../grading/exercise.ts';
import { formatDiagnostic, parseDiagnostics, type Diagnostic } from './diagnostics.ts';
import { fileBytes, fileText, runTool, type FileTree, type Toolchain } from './toolchain.ts';

/** Pages of WebAssembly memory. */
export const kPageBytes = 65_536;
/** The stack lies below everything else, so that an overflow traps instead of overwriting data. */
export const kStackBytes = 65_536;
export const kMainFile = 'kernel.cpp';
/** Longer than anybody writes by hand. */
export const kMostSourceBytes = 262_144;

export interface CompileOptions {
  source: string;
  /** Headers beside the source: name → text. */
  headers: Record<string, string>;
  /** Functions that the module must export. */
  exports: readonly string[];
  /** The module's whole memory, fixed. */
  memoryPages: number;
  /**
   * `fast`: what is timed. `checked`: bounds, null, alignment, overflow and the like trap, and a trap's address leads to a source line.
   * `syntax`: no module, only diagnostics.
   */
  mode: 'fast' | 'checked' | 'syntax';
  /** Relaxed SIMD instructions are allowed. */
  relaxed?: boolean;
  /** Memory comes from outside and is shared by several instances. */
  threads?: boolean;
  /** The module's data begins there, in a memory that it imports: to live inside another module. Null: a memory of its own. */
  base?: GuestBase | null;
  /** Also say which loops were vectorized. */
  remarks?: boolean;
  /** Also give the module's text. */
  assembly?: boolean;
}

/** A place in another module's memory, and whether that memory is shared by threads. */
export interface GuestBase {
  address: number;
  stackBytes: number;
  shared: boolean;
}

export interface CompileResult {
  /** Null if there was an error. */
  wasm: Uint8Array<ArrayBuffer> | null;
  diagnostics: Diagnostic[];
  /** LLVM's assembly of the module, where asked for. */
  assembly: string | null;
  seconds: number;
}

const kChecks = [
  'alignment',
  'array-bounds',
  'bool',
  'enum',
  'float-cast-overflow',
  'integer-divide-by-zero',
  'local-bounds',
  'null',
  'return',
  'shift-exponent',
  'signed-integer-overflow',
  'unreachable',
  'vla-bound',
].join(',');

function isShared({ threads, base }: CompileOptions): boolean {
  return threads === true || base?.shared === true;
}

/** What clang's generic processor and our own flags use. The linker refuses others, which a function can ask for by an attribute. */
const kUsualFeatures = [
  'simd128',
  'bulk-memory',
  'bulk-memory-opt',
  'call-indirect-overlong',
  'multivalue',
  'mutable-globals',
  'nontrapping-fptoint',
  'reference-types',
  'sign-ext',
];

function extraFeatures(options: CompileOptions): string[] {
  return [...(options.relaxed ? ['relaxed-simd'] : []), ...(isShared(options) ? ['atomics'] : [])];
}

/** The whole list: nothing a student writes can change it. */
function compilerArguments(options: CompileOptions, emit: 'object' | 'assembly' | 'nothing'): string[] {
  const features = ['simd128', 'bulk-memory', 'sign-ext', 'nontrapping-fptoint', 'mutable-globals'];
  features.push(...extraFeatures(options));
  const isChecked = options.mode === 'checked';
  // Declared before the source's first line, so that a wrong signature is an error whether or not the source includes it.
  const declared = kHeaderFile in options.headers ? ['-include', kHeaderFile] : [];
  return [
    'clang++',
    '-cc1',
    ...['-triple', 'wasm32-unknown-unknown', '-target-cpu', 'generic'],
    ...features.flatMap((feature) => ['-target-feature', `+${feature}`]),
    { object: '-emit-obj', assembly: '-S', nothing: '-fsyntax-only' }[emit],
    isChecked ? '-O0' : '-O3',
    ...['-vectorize-loops', '-vectorize-slp'],
    ...['-disable-free', '-clear-ast-before-backend', '-main-file-name', kMainFile, '-mrelocation-model', 'static'],
    ...['-mframe-pointer=none', '-ffp-contract=off', '-mconstructor-aliases', '-ffreestanding', '-fvisibility=hidden'],
    ...['-resource-dir', '/usr', '-internal-isystem', '/usr/include', '-std=c++20', '-fdeprecated-macro', '-fno-rtti'],
    ...[
      '-fgnuc-version=4.2.1',
      '-fno-threadsafe-statics',
      '-Wall',
      '-Wextra',
      '-Wno-unused-parameter',
      '-Wno-unknown-pragmas',
    ],
    // What a hostile or unlucky source may cost. The time limit of the worker that compiles is the last resort.
    ...['-ferror-limit', '19', '-ftemplate-depth=128', '-fconstexpr-steps=100000', '-fbracket-depth', '256'],
    ...['-fno-caret-diagnostics', '-fdiagnostics-print-source-range-info'],
    // Assembly could define what the linker relies on. The time of day would make every compile a different one.
    ...['-fno-gnu-inline-asm', '-Wno-builtin-macro-redefined'],
    ...['__DATE__', '__TIME__', '__TIMESTAMP__'].flatMap((name) => ['-D', `${name}="unknown"`]),
    ...declared,
    ...(isChecked
      ? ['-include', 'optlab_runtime.h', `-fsanitize=${kChecks}`, '-fno-sanitize-merge', `-fsanitize-trap=${kChecks}`]
      : []),
    // Line tables change no instruction: for traps, and for the text, which leads from its loops to the source.
    ...(isChecked || emit === 'assembly' ? ['-debug-info-kind=line-tables-only', '-dwarf-version=4'] : []),
    ...(options.threads ? ['-pthread', '-ftls-model=local-exec'] : []),
    ...(options.remarks && emit === 'object'
      ? ['', '-missed', '-analysis'].map((s) => `-Rpass${s}=loop-vectorize`)
      : []),
    ...['-o', emit === 'assembly' ? 'kernel.s' : 'kernel.o', '-x', 'c++', kMainFile],
  ];
}

function linkerArguments(options: CompileOptions): string[] {
  const { base, exports, memoryPages, threads } = options;
  const memory = [
    ...(threads || base ? ['--import-memory'] : []),
    ...(isShared(options) ? ['--shared-memory'] : []),
    ...(base ? [`--global-base=${base.address}`, '--no-stack-first'] : ['--stack-first']),
  ];
  // A guest takes its host's memory as large as it is; 4 GB are the most that there can be.
  const bytes = memoryPages * kPageBytes;
  const sizes = base ? [`--max-memory=${65_536 * kPageBytes}`] : [`--initial-memory=${bytes}`, `--max-memory=${bytes}`];
  return [
    'wasm-ld',
    ...['kernel.o', '-o', 'kernel.wasm', '--no-entry', ...memory],
    ...['-z', `stack-size=${base?.stackBytes ?? kStackBytes}`],
    ...sizes,
    `--features=${[...kUsualFeatures, ...extraFeatures(options)].join(',')}`,
    // Without the constructors' own export the linker calls them again before every call of every function.
    ...['__heap_base', '__wasm_call_ctors', ...exports].map((name) => `--export=${name}`),
    ...(threads ? ['__stack_pointer', '__wasm_init_tls', '__tls_size', '__tls_align'].map((n) => `--export=${n}`) : []),
  ];
}

/** Throws CompilerCrash if the compiler itself fails; what is wrong with the source is in the diagnostics. */
export async function compile(toolchain: Toolchain, options: CompileOptions): Promise<CompileResult> {
  const start = performance.now();
  const files = (): FileTree => ({ ...options.headers, [kMainFile]: options.source });
  const done = (wasm: CompileResult['wasm'], text: string, assembly: string | null = null): CompileResult => ({
    wasm,
    diagnostics: parseDiagnostics(text),
    assembly,
    seconds: (performance.now() - start) / 1000,
  });

  if (options.source.length > kMostSourceBytes) {
    const size = `${Math.ceil(options.source.length / 1024)} KB`;
    return done(null, `error: the source has ${size}; at most ${kMostSourceBytes / 1024} KB are compiled`);
  }
  const emit = options.mode === 'syntax' ? 'nothing' : 'object';
  const compiled = await runTool(toolchain, compilerArguments(options, emit), files());
  const object = fileBytes(compiled.files, 'kernel.o');
  if (compiled.code !== 0 || emit === 'nothing') return done(null, compiled.stderr);
  if (object === null) return done(null, `${compiled.stderr}\nerror: the compiler wrote no object file`);

  const linked = await runTool(toolchain, linkerArguments(options), { 'kernel.o': object });
  const wasm = fileBytes(linked.files, 'kernel.wasm');
  const said = `${compiled.stderr}\n${linked.stderr}`;
  if (linked.code !== 0 || wasm === null) return done(null, said);

  let assembly: string | null = null;
  if (options.assembly) {
    const text = await runTool(toolchain, compilerArguments(options, 'assembly'), files());
    assembly = fileText(text.files, 'kernel.s');
  }
  return done(new Uint8Array(wasm), said, assembly);
}

export interface TrapSite {
  line: number | null;
  /** What the check that trapped says, such as "signed integer addition overflow in 'a += b'". */
  reason: string | null;
}

interface Frame {
  FunctionName: string;
  FileName: string;
  Line: number;
}

/** Where and why a checked module trapped; `offset` is the byte that engines name in a stack ("wasm-function[3]:0x206"). */
export async function trapSite(toolchain: Toolchain, wasm: Uint8Array, offset: number): Promise<TrapSite> {
  const relative = offset - codeSection(wasm);
  const site: TrapSite = { line: null, reason: null };
  // The trap itself is compiler-made and may have no line; then the instructions before it do.
  for (let back = 0; back < 8 && relative - back >= 0 && site.line === null; ++back) {
    const args = ['symbolizer', '--obj=kernel.wasm', '--output-style=JSON', `0x${(relative - back).toString(16)}`];
    const { stdout, code } = await runTool(toolchain, args, { 'kernel.wasm': wasm });
    if (code !== 0) break;
    const [answer] = JSON.parse(stdout) as { Symbol?: Frame[] }[];
    for (const { FunctionName, FileName, Line } of answer?.Symbol ?? []) {
      const reason = /^__clang_trap_msg\$[^$]*\$(.*)$/.exec(FunctionName)?.[1];
      if (back === 0 && reason !== undefined) site.reason = reason;
      if (site.line === null && Line > 0 && FileName.endsWith(kMainFile)) site.line = Line;
    }
  }
  return site;
}

/** Where the payload of the code section begins: debug information counts from there. */
function codeSection(wasm: Uint8Array): number {
  const kCode = 10;
  let at = 8; // magic and version
  while (at < wasm.length) {
    const id = wasm[at++];
    let size = 0;
    let shift = 0;
    for (let byte = 0x80; byte & 0x80; shift += 7) {
      byte = wasm[at++] ?? 0;
      size |= (byte & 0x7f) << shift;
    }
    if (id === kCode) return at;
    at += size;
  }
  return Infinity;
}

/** What a compiler gives that didn't finish. */
export function failedCompile(message: string): CompileResult {
  const diagnostic = { severity: 'error', file: null, line: 0, column: 0, range: null, message } as const;
  return { wasm: null, diagnostics: [diagnostic], assembly: null, seconds: 0 };
}

/** What to show for a module that didn't compile: the errors, or all there is. */
export function compileErrors(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return (errors.length > 0 ? errors : diagnostics).map(formatDiagnostic).join('\n');
}
