// Writes result.schema.json, the records' contract for programs that are not ours:   node tools/grade/result-schema.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { toJsonSchema } from '@valibot/to-json-schema';
import { kMeasurement, kTaskResult, kTestResult } from '#lab/grading/result.ts';
import { kGradeRecord } from './record.ts';

export const kSchemaPath = join(import.meta.dirname, 'result.schema.json');

export function resultSchema(): object {
  const definitions = { test: kTestResult, measurement: kMeasurement, task: kTaskResult };
  // JSON has finite numbers only.
  return toJsonSchema(kGradeRecord, { definitions, ignoreActions: ['finite'] });
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(kSchemaPath, `${JSON.stringify(resultSchema(), null, 2)}\n`);
