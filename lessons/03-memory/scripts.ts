/** What the cases of kv-append do, as their exercise.json says it. */

export interface Command {
  verb: 'append' | 'truncate';
  /** Tokens, or the new length. */
  count: number;
  layer: number;
}

export function parseScript(text: string): Command[] {
  return text.split(';').map((part) => {
    const found = /^\s*(append|truncate) (-?\d+)(?: to (\d+))?\s*$/.exec(part);
    if (found === null) throw new Error(`'${part}' is no command of a script`);
    return { verb: found[1] as Command['verb'], count: Number(found[2]), layer: Number(found[3] ?? 0) };
  });
}

/** A float32 in as few digits as tell it from others. */
export function shown(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value);
}
