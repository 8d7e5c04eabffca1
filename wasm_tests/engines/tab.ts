// What Firefox and WebKit have in common: a tab that can be opened, asked, pressed and looked at.
import assert from 'node:assert/strict';

/** One page of a browser; the two drivers implement it. */
export interface Tab {
  open(url: string): Promise<void>;
  /** Calls a function, given as source, in the page; arguments and result pass as JSON. */
  call(source: string, args: readonly unknown[]): Promise<unknown>;
  /** A trusted press of the mouse at this point of the window. */
  press(x: number, y: number): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  screenshot(): Promise<Buffer>;
  /** Warnings and errors of the console, and uncaught errors. */
  readonly problems: string[];
  close(): Promise<void>;
}

/** Finds through open shadow roots: 'a >>> b' is b anywhere below the last a. In the page. */
const kFind = `(path) => {
  const all = (root, selector) => [...root.querySelectorAll('*')].flatMap((element) => [
    ...(element.matches(selector) ? [element] : []),
    ...(element.shadowRoot ? all(element.shadowRoot, selector) : []),
  ]);
  const below = (root, selector) => [...(root.shadowRoot ? all(root.shadowRoot, selector) : []), ...all(root, selector)];
  return path.split(' >>> ').reduce((roots, selector) => roots.slice(-1).flatMap((root) => below(root, selector)), [document]);
}`;

const kPause = 50;
const kQuiet = 700;
const pause = (ms: number) => new Promise((settle) => setTimeout(settle, ms));

/** A tab with what tests ask of it. Paths are selectors, ' >>> ' between them. */
export class Walk {
  readonly tab: Tab;
  /** A busy machine is slow; nothing here is a measurement. */
  limitMs = 90_000;

  constructor(tab: Tab) {
    this.tab = tab;
  }

  /** `body` sees `find(path)`, which gives elements, and `args`. */
  evaluate<T>(body: string, ...args: unknown[]): Promise<T> {
    return this.tab.call(`async (...args) => { const find = ${kFind}; ${body} }`, args) as Promise<T>;
  }

  /** Asks until the answer is neither null nor false. */
  async until<T>(what: string, ask: () => Promise<T | null | false>): Promise<T> {
    const limit = Date.now() + this.limitMs;
    for (;;) {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
      if (Date.now() > limit) {
        throw new Error(
          `${what}: not within ${this.limitMs / 1000} s; console: ${this.tab.problems.join('; ') || 'clean'}`,
        );
      }
      await pause(kPause);
    }
  }

  /** What a reader sees of an element. */
  text(path: string): Promise<string> {
    return this.evaluate(`return find(args[0]).at(-1)?.innerText ?? ''`, path);
  }

  waitForText(path: string, pattern: RegExp): Promise<string> {
    return this.until(`${pattern} in ${path}`, async () => {
      const text = await this.text(path);
      return pattern.test(text) ? text : null;
    });
  }

  /** Presses the button below `path` whose text is `name`, once it is there, enabled and not covered. */
  async click(path: string, name: string): Promise<void> {
    const point = await this.until(`button '${name}' in ${path}`, () =>
      this.evaluate<[number, number] | null>(
        `const button = find(args[0] + ' >>> button').find((one) => one.innerText.trim().startsWith(args[1]) && !one.disabled);
        if (!button) return null;
        button.scrollIntoView({ block: 'center', behavior: 'instant' });
        await new Promise((settle) => requestAnimationFrame(() => requestAnimationFrame(settle)));
        const early = button.getBoundingClientRect().y; // what loads late above it moves it
        await new Promise((settle) => setTimeout(settle, 400));
        if (!button.isConnected || button.getBoundingClientRect().y !== early) return null;
        const box = button.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2].map(Math.round);
        let hit = document.elementFromPoint(x, y);
        while (hit?.shadowRoot?.elementFromPoint(x, y) && hit.shadowRoot.elementFromPoint(x, y) !== hit) hit = hit.shadowRoot.elementFromPoint(x, y);
        return hit && (button === hit || button.contains(hit)) ? [x, y] : null;`,
        path,
        name,
      ),
    );
    await this.tab.press(...point);
  }

  /** Waits until the page has asked for nothing new for a while: what is cut off by leaving it is an error in the console. */
  async settle(): Promise<void> {
    let [seen, since] = [-1, Date.now()];
    await this.until('a page that is loaded', async () => {
      const loaded = await this.evaluate<number>(
        `return document.readyState === 'complete' ? performance.getEntriesByType('resource').length : -1`,
      );
      if (loaded !== seen) [seen, since] = [loaded, Date.now()];
      return loaded >= 0 && Date.now() - since > kQuiet;
    });
  }

  /** Since the last time. */
  assertClean(): void {
    assert.deepEqual(this.tab.problems.splice(0), []);
  }
}
