import type { Family } from '../family.ts';
import type { FamilyName, Task } from '../types.ts';
import { gemmF32 } from './gemm-f32.ts';
import { gemmInt8 } from './gemm-int8.ts';

/** In the order of the report. */
export const kFamilies: readonly Family[] = [gemmF32, gemmInt8];

export function family(name: FamilyName): Family {
  const found = kFamilies.find((candidate) => candidate.name === name);
  if (!found) throw new RangeError(`no family '${name}'`);
  return found;
}

export function familyOf(task: Task): Family {
  return family(task.family);
}
