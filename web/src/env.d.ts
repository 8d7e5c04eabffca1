declare module 'virtual:optlab-manifest' {
  export const files: Record<import('#lab/assets.ts').AssetName, import('#lab/data.ts').DataFile>;
}

declare module 'virtual:optlab-exercises' {
  interface ExerciseContent {
    spec: import('#lab/grading/exercise.ts').ExerciseSpec;
    headers: Record<string, string>;
    starter: string;
    /** Three, as HTML. */
    hints: string[];
    reference: string | null;
  }
  /** By "<lesson>/<id>". */
  export const exercises: Record<string, () => Promise<{ default: ExerciseContent }>>;
  /** Empty where the site was built without them. */
  export const solutions: Record<string, () => Promise<{ default: string }>>;
}
