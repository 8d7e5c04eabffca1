// Who may measure: few at a time (one, normally) on the whole machine, whichever processes they belong to.
//
// A listening socket is the lock, because the system takes it away from a process that dies in whatever way. Its name is an abstract one on
// Linux; elsewhere it is a file, which is removed when nobody answers behind it.
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const kPollMs = 20;

function addressOf(name: string, slot: number): string {
  const plain = `${name}-${slot}`;
  return process.platform === 'linux' ? `\0${plain}` : join(tmpdir(), `${plain}.socket`);
}

/** Null if another process has it. */
async function tryListen(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve);
    server.listen(address, () => resolve(null));
  });
  if (failure === null) return server.unref();
  if (failure.code !== 'EADDRINUSE') throw failure;
  if (!address.startsWith('\0')) await removeStale(address);
  return null;
}

async function removeStale(path: string): Promise<void> {
  const isAnswered = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
  });
  if (!isAnswered) rmSync(path, { force: true });
}

export class TimingLock {
  readonly #name: string;
  readonly #slots: number;
  /** In the order of asking. */
  #last: Promise<unknown> = Promise.resolve();
  #hadToWait = false;

  constructor(slots = 1, name = 'optlab-timing') {
    this.#name = name;
    this.#slots = slots;
  }

  /** Resolves to what gives it back; to null if `isWanted` became false meanwhile. */
  acquire(isWanted: () => boolean = () => true): Promise<(() => void) | null> {
    const mine = this.#last.then(() => this.#take(isWanted));
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #take(isWanted: () => boolean): Promise<(() => void) | null> {
    // Who polls would never come between two takings of ours that follow at once.
    if (this.#hadToWait) await sleep(2 * kPollMs);
    this.#hadToWait = false;
    while (isWanted()) {
      for (let slot = 0; slot < this.#slots; ++slot) {
        const server = await tryListen(addressOf(this.#name, slot));
        if (server !== null) return () => void server.close();
      }
      this.#hadToWait = true;
      await sleep(kPollMs);
    }
    return null;
  }
}
