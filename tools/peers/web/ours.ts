// OptLab itself: the relaxed-SIMD links, which hold the exact rungs too.
import type { Loaded, Operands, Peak, Prepared, Task, WebPeer } from '../types.ts';

interface Tensor {
  view(): Float32Array;
  delete(): void;
}
interface Packed {
  delete(): void;
}
interface Probe {
  step(): boolean;
  peaks(): Peak[];
  delete(): void;
}
interface Module {
  Tensor: new (rows: number, columns: number) => Tensor;
  RooflineProbe: new (seconds: number) => Probe;
  buildInfo(): { version: string; build: string; isa: string };
  setThreads(threads: number): number;
  PackedMatrix: new (b: Tensor, variant: string) => Packed;
  gemmMultiplyPacked(a: Tensor, b: Packed, c: Tensor): void;
}

/** The rung that each row of the report measures, at one thread and at several. */
const kRungs: Readonly<Record<string, readonly [string, string]>> = {
  fast: ['relaxed', 'relaxed_threads'],
  exact: ['simd', 'simd_threads'],
};

let module: Module;
let threads = 1;

async function load(wanted: number): Promise<Loaded> {
  const url = `/optlab/relaxed${wanted > 1 ? '-threads' : ''}/optlab.mjs`;
  const { default: create } = (await import(url)) as { default: (options: object) => Promise<Module> };
  module = await create({ threads: wanted });
  threads = module.setThreads(wanted);
  const { version, build, isa } = module.buildInfo();
  return { threads, details: `${version}, build ${build}, ${isa}` };
}

async function prepare({ m, k, n }: Task, operands: Operands, row: string): Promise<Prepared> {
  const rungs = kRungs[row];
  if (!rungs) throw new Error(`no row '${row}'`);
  const rung = rungs[threads > 1 ? 1 : 0];
  const a = new module.Tensor(m, k);
  const b = new module.Tensor(k, n);
  const c = new module.Tensor(m, n);
  a.view().set(operands.a);
  b.view().set(operands.b);
  const packed = new module.PackedMatrix(b, rung);
  return {
    run: () => module.gemmMultiplyPacked(a, packed, c),
    output: () => c.view().slice(),
    dispose: () => [a, b, c, packed].forEach((handle) => handle.delete()),
  };
}

function probe(seconds: number): Peak[] {
  const race = new module.RooflineProbe(seconds);
  while (race.step());
  const peaks = race.peaks();
  race.delete();
  return peaks;
}

export const peer: WebPeer = { load, prepare, probe };
