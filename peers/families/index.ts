import type { Family } from '../family.ts';
import type { FamilyName, Task } from '../types.ts';
import { attention } from './attention.ts';
import { caching } from './caching.ts';
import { convF32 } from './conv-f32.ts';
import { convInt8 } from './conv-int8.ts';
import { decode } from './decode.ts';
import { gemmF32 } from './gemm-f32.ts';
import { gemmInt8 } from './gemm-int8.ts';
import { rows } from './rows.ts';
import { sparse } from './sparse.ts';
import { training } from './training.ts';

/** In the order of the report. */
export const kFamilies: readonly Family[] = [
  gemmF32,
  gemmInt8,
  convF32,
  convInt8,
  attention,
  rows,
  sparse,
  training,
  decode,
  caching,
];

export function family(name: FamilyName): Family {
  const found = kFamilies.find((candidate) => candidate.name === name);
  if (!found) throw new RangeError(`no family '${name}'`);
  return found;
}

export function familyOf(task: Task): Family {
  return family(task.family);
}
