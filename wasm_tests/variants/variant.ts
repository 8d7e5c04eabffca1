/** A mistake that students make, as an edit of an exercise's solution, and what grading has to say of it. */
export interface Variant {
  mistake: string;
  /** Texts of the solution and what stands there instead. */
  edits: [from: string, to: string][];
  /** All correctness and safety tasks that fail (safety isn't run if values are wrong, and is listed only where they are right). */
  fails: string[];
  /** What a message of the first of them says. */
  says: RegExp;
}
