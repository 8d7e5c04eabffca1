/** How a run of a kernel can end other than well. Each becomes a message that says what to look at. */

/** Values differ from what was asked for. */
export class Mismatch extends Error {
  override name = 'Mismatch';
  /** A drawing of the right and the wrong elements, a text per row; empty for single numbers. */
  readonly picture: string[];
  constructor(message: string, picture: string[] = []) {
    super(message);
    this.picture = picture;
  }
}

/** The kernel touched what isn't its own. */
export class Violation extends Error {
  override name = 'Violation';
}

/** WebAssembly stopped the kernel: out of bounds, division by zero, a failed check. */
export class KernelTrap extends Error {
  override name = 'KernelTrap';
  /** The byte of the module, where the engine tells. */
  readonly offset: number | null;
  constructor(message: string, offset: number | null) {
    super(message);
    this.offset = offset;
  }
}
