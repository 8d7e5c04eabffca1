// Runs programs, keeps their output in a log file and shows a build's progress on a terminal.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import process from 'node:process';

export const kRoot = resolve(import.meta.dirname, '../..');

/** Parallel jobs: one a core, but no more than one for every 1.5 GB, which is what an optimizing WebAssembly link may take. */
export const kJobs = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / 1.5e9)));

export class CommandError extends Error {}

export interface CommandOptions {
  /** Appended to: every area and every build has one. Without it the output goes to the terminal's stderr. */
  log?: string;
  /** What it is called among the steps; its first words, without. */
  step?: string;
  /** The log gets the output when the command has ended: for commands of one log that run side by side. */
  whole?: boolean;
  cwd?: string;
  env?: Record<string, string>;
  /** Return the exit code instead of throwing when it isn't 0. */
  mayFail?: boolean;
}

export interface CommandResult {
  code: number;
  output: string;
}

/** What has been run so far, and how long each took. */
export const kSteps: { name: string; seconds: number }[] = [];

/** Notes a step of the area whose log this is. */
export function noteStep(log: string | undefined, name: string, seconds: number): void {
  kSteps.push({ name: log === undefined ? name : `${basename(log, '.log')}: ${name}`, seconds });
}

/** Ninja's and CTest's "[12/80]" on one line that overwrites itself; nothing where there is no terminal. */
function showProgress(text: string): void {
  if (!process.stdout.isTTY) return;
  const steps = [...text.matchAll(/^\[(\d+\/\d+)\] ?(.*)$|^ *(\d+\/\d+) Test +#\d+: (\S+)/gm)];
  const last = steps.at(-1);
  if (!last) return;
  const line = `      ${last[1] ?? last[3]} ${last[2] ?? last[4] ?? ''}`;
  process.stdout.write(`\r\x1b[2K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}

export function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
}

/** Runs argv with no standard input. Throws CommandError when it can't start, or exits with another code than 0. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new CommandError('nothing to run');
  if (options.log) mkdirSync(dirname(options.log), { recursive: true });
  const log = options.log ? createWriteStream(options.log, { flags: 'a' }) : process.stderr;
  const title = `$ ${argv.join(' ')}\n`;
  if (!options.whole) log.write(title);
  const start = performance.now();

  const chunks: Buffer[] = [];
  const code = await new Promise<number>((settle, reject) => {
    const child = spawn(program, rest, {
      cwd: options.cwd ?? kRoot,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      if (!options.whole) log.write(chunk);
      showProgress(chunk.toString());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => reject(new CommandError(`cannot run ${program}: ${error.message}`)));
    child.on('close', (exitCode, signal) => settle(exitCode ?? (signal ? 128 : 1)));
  }).finally(async () => {
    if (options.whole) log.write(Buffer.concat([Buffer.from(title), ...chunks]));
    if (log !== process.stderr) await new Promise<void>((settle) => log.end(settle)); // whoever reads the log finds all of it
  });
  noteStep(options.log, options.step ?? argv.slice(0, 3).join(' '), (performance.now() - start) / 1000);

  const output = Buffer.concat(chunks).toString();
  if (code !== 0 && !options.mayFail) throw new CommandError(`${argv.slice(0, 3).join(' ')} … exited with ${code}`);
  return { code, output };
}

export function seconds(since: number): string {
  const elapsed = (performance.now() - since) / 1000;
  return elapsed < 10 ? `${elapsed.toFixed(1)} s` : `${Math.round(elapsed)} s`;
}
