/** The values that were asked for or kept last, up to a number; what is over is forgotten, the longest unused first. */
export class Recent<Value> {
  readonly #most: number;
  /** In the order of their last use: a Map keeps that of its insertions. */
  readonly #values = new Map<string, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#most) return;
    const [oldest] = this.#values.keys();
    this.#values.delete(oldest!);
  }
}
