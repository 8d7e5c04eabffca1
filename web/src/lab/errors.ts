/** A file that is missing, damaged or not what it should be. The message names it. */
export class DataError extends Error {
  override name = 'DataError';
}

/** The engine could not start, or its worker died. The message says what to do. */
export class EngineError extends Error {
  override name = 'EngineError';
}

/** The reader stopped a task before it had anything to report. Nothing has failed. */
export class StoppedError extends Error {
  override name = 'StoppedError';
  constructor() {
    super('Stopped');
  }
}

/** This browser lacks something that no build can do without. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
