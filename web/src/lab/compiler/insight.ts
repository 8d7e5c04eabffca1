/** What the compiler made of a student's code: its remarks about loops, and the instructions it chose. */
export * from './assembly.ts';
export * from './loops.ts';
