/**
 * Several threads that run one kernel at the same time on shared memory. The thread that grades is the first member; the others wait in
 * Atomics.wait for its calls, and each has an instance, a stack and thread-local variables of its own.
 */

/** A worker as the page, a worker and Node have it, cut down to what is needed. */
export interface TeamPort {
  post(message: TeamMessage): void;
  /** Calls `listener` with the next message. */
  next(): Promise<unknown>;
  terminate(): void;
}

export type TeamMessage =
  | { kind: 'join'; kernel: number; module: WebAssembly.Module; memory: WebAssembly.Memory; place: MemberPlace }
  | { kind: 'serve'; control: SharedArrayBuffer; member: number };

/** What a member has of a kernel's memory for itself. */
export interface MemberPlace {
  /** One past its stack, which grows downwards. */
  stackEnd: number;
  /** Its thread-local variables; 0 if the module has none. */
  tls: number;
}

export const kMemberStackBytes = 65_536;

/** Whether threads can share memory here: not in pages without cross-origin isolation. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && (globalThis.crossOriginIsolated ?? true);
}

const kMostArguments = 16;
const kMostMembers = 16;
const kTextBytes = 256;

/** Shared by all members: a call is written here, and its generation makes it known. */
export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #texts: Uint8Array;

  static readonly #kWords = 8 + kMostMembers;
  static readonly #kBytes = 8 * Math.ceil(Control.#kWords / 2) + 8 * kMostArguments + kTextBytes * (kMostMembers + 1);

  constructor(buffer = new SharedArrayBuffer(Control.#kBytes)) {
    this.buffer = buffer;
    const numbers = 8 * Math.ceil(Control.#kWords / 2);
    this.#words = new Int32Array(buffer, 0, Control.#kWords);
    this.#numbers = new Float64Array(buffer, numbers, kMostArguments);
    this.#texts = new Uint8Array(buffer, numbers + 8 * kMostArguments);
  }

  /** Leader: makes a call known to members 1 to workers − 1. */
  begin(kernel: number, name: string, args: readonly number[], workers: number): void {
    if (args.length > kMostArguments)
      throw new RangeError(`a call for several threads takes at most ${kMostArguments} arguments`);
    this.#write(0, name);
    this.#numbers.set(args);
    for (const [index, value] of [kernel, args.length, workers].entries()) this.#words[index + 2] = value;
    Atomics.store(this.#words, 1, workers - 1);
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  /** Leader: waits until they are done. What a member says of its trap, by member. */
  finish(): string[] {
    for (let left = Atomics.load(this.#words, 1); left > 0; left = Atomics.load(this.#words, 1)) {
      Atomics.wait(this.#words, 1, left);
    }
    const said: string[] = [];
    for (let member = 1; member < kMostMembers; ++member) {
      if (this.#words[8 + member] === 0) continue;
      this.#words[8 + member] = 0;
      said.push(this.#read(member));
    }
    return said;
  }

  /** Leader: lets the members go back to their messages. */
  dismiss(): void {
    this.begin(-1, '', [], kMostMembers);
  }

  /** Member: calls `run` for every call until dismissed. `run` may throw. */
  serve(member: number, run: (kernel: number, name: string, args: number[]) => void): void {
    let seen = 0;
    for (;;) {
      Atomics.wait(this.#words, 0, seen);
      const generation = Atomics.load(this.#words, 0);
      if (generation === seen) continue;
      seen = generation;
      const [, , kernel = 0, count = 0, workers = 0] = this.#words;
      if (kernel < 0) return;
      if (member >= workers) continue;
      try {
        run(kernel, this.#read(0), [...this.#numbers.subarray(0, count), member, workers]);
      } catch (error) {
        this.#write(member, error instanceof Error ? error.message : String(error));
        this.#words[8 + member] = 1;
      }
      Atomics.sub(this.#words, 1, 1);
      Atomics.notify(this.#words, 1);
    }
  }

  #write(slot: number, text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, kTextBytes - 1);
    this.#texts.set(bytes, slot * kTextBytes + 1);
    this.#texts[slot * kTextBytes] = bytes.length;
  }

  #read(slot: number): string {
    const length = this.#texts[slot * kTextBytes] ?? 0;
    // A copy: text decoders refuse shared memory.
    return new TextDecoder().decode(this.#texts.slice(slot * kTextBytes + 1, slot * kTextBytes + 1 + length));
  }
}

/** The leader's side: members that joined kernels and then serve calls. */
export class Team {
  readonly #ports: readonly TeamPort[];
  readonly control = new Control();

  /** `spawn` starts one further thread; the team has `size` with this one. */
  constructor(size: number, spawn: () => TeamPort) {
    this.#ports = Array.from({ length: Math.min(size, kMostMembers) - 1 }, spawn);
  }

  get size(): number {
    return this.#ports.length + 1;
  }

  /** Every member instantiates a kernel; `places` has one for each, the leader's first. */
  async join(
    kernel: number,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    places: readonly MemberPlace[],
  ): Promise<void> {
    for (const [index, port] of this.#ports.entries()) {
      const place = places[index + 1];
      if (place === undefined) throw new RangeError('a member has no place in memory');
      const joined = port.next();
      port.post({ kind: 'join', kernel, module, memory, place });
      const answer = await joined;
      if (answer !== 'joined') throw new Error(String(answer));
    }
  }

  /** From now on members take calls; until `control.dismiss()` they hear no messages. */
  async serve(): Promise<void> {
    for (const [index, port] of this.#ports.entries()) {
      const ready = port.next();
      port.post({ kind: 'serve', control: this.control.buffer, member: index + 1 });
      await ready;
    }
  }

  terminate(): void {
    for (const port of this.#ports) port.terminate();
  }
}

/** The members' side: what a thread does with its messages. `reply` sends a text back. */
export function createMember(reply: (text: string) => void): (message: TeamMessage) => void {
  const kernels = new Map<number, Record<string, WebAssembly.ExportValue>>();
  return (message) => {
    try {
      if (message.kind === 'join') {
        kernels.set(message.kernel, instantiateMember(message.module, message.memory, message.place));
        return reply('joined');
      }
      reply('serving');
      new Control(message.control).serve(message.member, (kernel, name, args) => {
        (kernels.get(kernel)?.[name] as (...args: number[]) => void)(...args);
      });
    } catch (error) {
      reply(error instanceof Error ? error.message : String(error));
    }
  };
}

/** An instance with its own stack and thread-local variables in shared memory. */
export function instantiateMember(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  { stackEnd, tls }: MemberPlace,
): Record<string, WebAssembly.ExportValue> {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports['__stack_pointer'] as WebAssembly.Global<'i32'>).value = stackEnd;
  if (tls !== 0) (exports['__wasm_init_tls'] as (at: number) => void)(tls);
  return exports;
}
