// Formats everything in place: C++ with clang-format, the rest with Prettier.   npm run format
import process from 'node:process';
import { run } from './lib/command.ts';
import { cppFiles, kPrettierTargets } from './lib/sources.ts';

try {
  await run(['clang-format', '-i', ...cppFiles()]);
  await run(['npx', 'prettier', '--write', '--log-level=warn', '--no-error-on-unmatched-pattern', ...kPrettierTargets]);
} catch (error) {
  console.error(`format: ${(error as Error).message}`);
  process.exitCode = 1;
}
