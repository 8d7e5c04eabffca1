// What GitHub Classroom's reporter wants to be given: the result of the one student of a run, in base64.
//
//   node tools/autograder/classroom-result.ts OUT >>"$GITHUB_OUTPUT"
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [out = ''] = process.argv.slice(2);
const results = globSync('classroom/*.json', { cwd: out });
if (results.length !== 1) {
  console.error(`classroom-result: '${out}' has results of ${results.length} students; it takes a run of one`);
  process.exit(2);
}
console.log(`result=${readFileSync(join(out, results[0]!)).toString('base64')}`);
