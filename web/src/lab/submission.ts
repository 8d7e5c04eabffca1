/** What a student hands in: one zip with the folder that `npm run grade` reads, `<student>/<lesson>/<exercise>.cpp`. */
import { strToU8, zipSync } from 'fflate';

const kMostName = 60;

/** A name as the folder it becomes: letters and digits of any script, with - for the rest. Empty if nothing is left. */
export function studentFolder(name: string): string {
  const plain = name
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}\p{M}._-]+/gu, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '');
  return [...plain].slice(0, kMostName).join('');
}

/** `code`: by "<lesson>/<exercise>". Throws RangeError if there is no name or nothing to hand in. */
export function makeSubmission(name: string, code: ReadonlyMap<string, string>): Uint8Array {
  const student = studentFolder(name);
  if (student === '') throw new RangeError('A submission needs a name or number of its student, of letters or digits');
  if (code.size === 0) throw new RangeError('There is nothing to hand in yet: no exercise has been changed');
  const files = [...code].map(([exercise, text]) => [`${student}/${exercise}.cpp`, strToU8(text)] as const);
  return zipSync(Object.fromEntries(files), { level: 6 });
}
