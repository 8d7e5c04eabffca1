/** Which slots of the library a student's functions fit. */
import { kGuestSlots } from './generated/guest-slots.ts';
import { parseDeclaration, type Declaration } from './grading/declaration.ts';

export type GuestSlot = keyof typeof kGuestSlots;

/** What must be the same: name and types, whatever the parameters are called. */
function typeOf({ name, returns, parameters }: Declaration): string {
  return `${returns} ${name}(${parameters.map(({ type }) => type).join(', ')})`;
}

/** The slots that one of these functions fits. */
export function slotsFor(functions: readonly Declaration[]): GuestSlot[] {
  const types = functions.map(typeOf);
  return (Object.keys(kGuestSlots) as GuestSlot[]).filter((slot) =>
    types.includes(typeOf(parseDeclaration(kGuestSlots[slot]))),
  );
}
