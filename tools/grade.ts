// Grades students' C++:   npm run grade -- FILES… [--help]
import process from 'node:process';
import { CommandError } from './lib/command.ts';
import { gradeAll } from './grade/grade-all.ts';
import { merge } from './grade/merge.ts';
import { kUsage, parseCommand, UsageError } from './grade/options.ts';

try {
  const command = parseCommand(process.argv.slice(2));
  if (command.command === 'help') {
    console.log(kUsage);
  } else if (command.command === 'merge') {
    const { students, submissions } = merge(command);
    console.log(`${students.length} students, ${submissions.length} submissions\n${command.out}/gradebook.csv`);
  } else {
    process.exitCode = await gradeAll(command);
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(`grade: ${isUsage || error instanceof CommandError ? error.message : (error as Error).stack}`);
  process.exitCode = isUsage ? 2 : 1;
}
