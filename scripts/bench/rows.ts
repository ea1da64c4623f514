// table: what the bench measures. Scales are chosen so that about a second of QEMU's CPU time lies between them; in the rows called long five
// seconds, for work that has much more code than loops: compiling is most of a short run of it.
import type { GuestRun } from './contenders.ts';
import type { Inputs } from './inputs.ts';
import type { Witness } from './outputs.ts';

export interface Row {
  readonly name: string;
  /** Rows of a group have a geometric mean together. */
  readonly group: string;
  /** Two scales of the work, whose costs are subtracted; null where whole runs are measured, start and end included. */
  readonly scales: readonly [small: number, large: number] | null;
  /** Turns in a round: more than one where they are short and differ much. */
  readonly turns?: number;
  readonly witness: Witness;
  readonly needs: readonly (keyof Inputs)[];
  guest(paths: Paths, scale: number): GuestRun;
}

export type Paths = Readonly<Record<keyof Inputs, string>>;

/** MiB. Also what peak memory is compared with. */
export const GUEST_MEMORY = 256;
/** What `memory` fills of that: about all that Linux and its initramfs leave. */
const FILLED = 200;
/** Delay loops per jiffy, so that Linux need not measure them: what QEMU's malta finds on the machine of guests/MANIFEST.md. */
const LPJ = 'lpj=2174976';
const TIMER_HZ = 100;

const linux = ({ kernel, initrd }: Paths, params: string): GuestRun => ({
  kernel,
  initrd,
  params,
  memoryMiB: GUEST_MEMORY,
});

/** A name of the guest's own benchmark program. */
const bench = (group: string, name: string, small: number, large: number): Row => ({
  name,
  group,
  scales: [small, large],
  witness: 'bench',
  needs: ['kernel', 'initrd', 'benchProgram'],
  guest: (paths, scale) => linux(paths, `bench=${name}:${scale}`),
});

const job = (paths: Paths, name: string, scale: number): GuestRun =>
  linux(paths, `rdinit=/tsvm-bench/init.sh job=${name}:${scale}`);

/** A job of guest/init.sh. */
const own = (group: string, name: string, doing: string, small: number, large: number): Row => ({
  name,
  group,
  scales: [small, large],
  witness: 'job',
  needs: ['kernel', 'initrd'],
  guest: (paths, scale) => job(paths, doing, scale),
});

/** One on the disk. */
const disk = (name: string, doing: string, small: number, large: number): Row => ({
  ...own('disk', name, doing, small, large),
  needs: ['kernel', 'initrd', 'disk'],
  guest: (paths, scale) => ({ ...job(paths, doing, scale), disk: paths.disk }),
});

/** A loop of guests/bench: no Linux, memory mapped by wired TLB entries. */
const loop = (name: string, small: number, large: number): Row => ({
  name: `loop-${name}`,
  group: 'loops',
  scales: [small, large],
  witness: 'loop',
  needs: ['loops', 'peerLoops'],
  guest: ({ loops, peerLoops }, scale) => ({
    kernel: loops,
    peerKernel: peerLoops,
    params: `loop=${name} n=${scale} hz=${TIMER_HZ}`,
    memoryMiB: 64,
  }),
});

const boot = (name: string, params: string): Row => ({
  name,
  group: 'boot',
  scales: null,
  turns: 3,
  witness: 'ready',
  needs: ['kernel', 'initrd'],
  guest: (paths) => linux(paths, params),
});

export const ROWS: readonly Row[] = [
  bench('integer', 'core', 1, 97),
  bench('integer', 'int', 1, 161),
  bench('float', 'fpu', 1, 81),
  bench('float', 'mandel', 1, 161),
  bench('memory', 'mem', 1, 4),
  bench('memory', 'tlb', 1, 9),
  bench('system', 'syscall', 1, 41),
  bench('system', 'pipe', 1, 25),
  bench('system', 'fork', 1, 25),
  bench('system', 'exec', 1, 4),
  own('system', 'fault', 'pages', 1, 2001),
  bench('system', 'thread', 1, 401),
  bench('system', 'file', 1, 241),
  { ...bench('long', 'fork', 1, 121), name: 'fork-long' },
  { ...bench('long', 'exec', 1, 17), name: 'exec-long' },
  { ...bench('long', 'file', 1, 1201), name: 'file-long' },
  own('programs', 'shell', 'shell', 1, 4),
  own('programs', 'hash', 'hash', 1, 65),
  own('programs', 'spawn', 'spawn', 1, 401),
  disk('blk-cached', 'cached', 1, 17),
  disk('blk-direct', 'direct', 1, 61),
  disk('blk-write', 'write', 1, 21),
  disk('blk-random', 'random', 1, 15_001),
  boot('boot-lpj', LPJ),
  boot('boot', ''),
  loop('int', 2_000_000, 120_000_000),
  loop('mem', 2_000_000, 120_000_000),
  loop('call', 500_000, 30_000_000),
  {
    name: 'resident',
    group: 'resident',
    scales: null,
    witness: 'job',
    needs: ['kernel', 'initrd'],
    guest: (paths) => job(paths, 'memory', FILLED),
  },
];
