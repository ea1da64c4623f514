// table: what the bench measures. Scales are chosen so that about a second of QEMU's CPU time lies between them; in the rows called long five
// seconds, for work that has much more code than loops: compiling is most of a short run of it.
import type { GuestRun, Machine } from './contenders.ts';
import type { Inputs } from './inputs.ts';
import type { Witness } from './outputs.ts';

export interface Row {
  readonly machine: Machine;
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

type Scales = readonly [small: number, large: number];

/** The rows of one machine; `prefix` is that of their names and groups. */
class RowsOf {
  private readonly machine: Machine;
  private readonly prefix: string;

  constructor(machine: Machine, prefix: string) {
    this.machine = machine;
    this.prefix = prefix;
  }

  private linux({ kernel, peerKernel, initrd }: Paths, params: string): GuestRun {
    return { machine: this.machine, kernel, peerKernel, initrd, params, memoryMiB: GUEST_MEMORY };
  }

  private named(group: string, name: string): Pick<Row, 'machine' | 'group' | 'name'> {
    return { machine: this.machine, group: this.prefix + group, name: this.prefix + name };
  }

  /** A name of the guest's own benchmark program. */
  bench(group: string, doing: string, scales: Scales, name = doing): Row {
    return {
      ...this.named(group, name),
      scales,
      witness: 'bench',
      needs: ['kernel', 'peerKernel', 'initrd', 'benchProgram'],
      guest: (paths, scale) => this.linux(paths, `bench=${doing}:${scale}`),
    };
  }

  private job(paths: Paths, name: string, scale: number): GuestRun {
    return this.linux(paths, `rdinit=/tsvm-bench/init.sh job=${name}:${scale}`);
  }

  /** A job of guest/init.sh. */
  own(group: string, name: string, doing: string, scales: Scales | null, needs: Row['needs'] = []): Row {
    return {
      ...this.named(group, name),
      scales,
      witness: 'job',
      needs: ['kernel', 'peerKernel', 'initrd', ...needs],
      guest: (paths, scale) => this.job(paths, doing, scale),
    };
  }

  /** One on the disk. */
  disk(name: string, doing: string, scales: Scales, needs: Row['needs'] = []): Row {
    return {
      ...this.own('disk', name, doing, scales, ['disk', ...needs]),
      guest: (paths, scale) => ({ ...this.job(paths, doing, scale), disk: paths.disk }),
    };
  }

  /** A loop of guests/bench: no Linux, memory mapped by wired TLB entries. */
  loop(name: string, scales: Scales): Row {
    return {
      ...this.named('loops', `loop-${name}`),
      scales,
      witness: 'loop',
      needs: ['loops', 'peerLoops'],
      guest: ({ loops, peerLoops }, scale) => ({
        machine: this.machine,
        kernel: loops,
        peerKernel: peerLoops,
        params: `loop=${name} n=${scale} hz=${TIMER_HZ}`,
        memoryMiB: 64,
      }),
    };
  }

  boot(name: string, params: string): Row {
    return {
      ...this.named('boot', name),
      scales: null,
      turns: 3,
      witness: 'ready',
      needs: ['kernel', 'peerKernel', 'initrd'],
      guest: (paths) => this.linux(paths, params),
    };
  }

  /** RAM filled, for peak memory. */
  resident(): Row {
    return {
      ...this.own('resident', 'resident', 'memory', null),
      guest: (paths) => this.job(paths, 'memory', FILLED),
    };
  }
}

const mips = new RowsOf('malta', '');
const arm = new RowsOf('arm-virt', 'arm-');

export const ROWS: readonly Row[] = [
  mips.bench('integer', 'core', [1, 97]),
  mips.bench('integer', 'int', [1, 161]),
  mips.bench('float', 'fpu', [1, 81]),
  mips.bench('float', 'mandel', [1, 161]),
  mips.bench('memory', 'mem', [1, 4]),
  mips.bench('memory', 'tlb', [1, 9]),
  mips.bench('system', 'syscall', [1, 41]),
  mips.bench('system', 'pipe', [1, 25]),
  mips.bench('system', 'fork', [1, 25]),
  mips.bench('system', 'exec', [1, 4]),
  mips.own('system', 'fault', 'pages', [1, 2001], ['ownPrograms']),
  mips.bench('system', 'thread', [1, 401]),
  mips.bench('system', 'file', [1, 241]),
  mips.bench('long', 'fork', [1, 121], 'fork-long'),
  mips.bench('long', 'exec', [1, 17], 'exec-long'),
  mips.bench('long', 'file', [1, 1201], 'file-long'),
  mips.own('programs', 'shell', 'shell', [1, 4]),
  mips.own('programs', 'hash', 'hash', [1, 65]),
  mips.own('programs', 'spawn', 'spawn', [1, 401]),
  mips.disk('blk-cached', 'cached', [1, 17]),
  mips.disk('blk-direct', 'direct', [1, 61]),
  mips.disk('blk-write', 'write', [1, 21]),
  mips.disk('blk-random', 'random', [1, 15_001], ['ownPrograms']),
  mips.boot('boot-lpj', LPJ),
  mips.boot('boot', ''),
  mips.loop('int', [2_000_000, 120_000_000]),
  mips.loop('mem', [2_000_000, 120_000_000]),
  mips.loop('call', [500_000, 30_000_000]),
  mips.resident(),
  arm.bench('integer', 'core', [1, 65]),
  arm.bench('integer', 'int', [1, 13]),
  arm.bench('float', 'fpu', [1, 81]),
  arm.bench('float', 'mandel', [1, 321]),
  arm.bench('memory', 'mem', [1, 5]),
  arm.bench('memory', 'tlb', [1, 33]),
  arm.bench('system', 'syscall', [1, 25]),
  arm.bench('system', 'pipe', [1, 17]),
  arm.bench('system', 'fork', [1, 17]),
  arm.bench('system', 'exec', [1, 4]),
  arm.bench('system', 'thread', [1, 401]),
  arm.bench('system', 'file', [1, 121]),
  arm.bench('long', 'fork', [1, 81], 'fork-long'),
  arm.bench('long', 'exec', [1, 13], 'exec-long'),
  arm.bench('long', 'file', [1, 601], 'file-long'),
  arm.own('programs', 'shell', 'shell', [1, 4]),
  arm.own('programs', 'hash', 'hash', [1, 65]),
  arm.own('programs', 'spawn', 'spawn', [1, 401]),
  arm.disk('blk-cached', 'cached', [1, 17]),
  arm.disk('blk-direct', 'direct', [1, 61]),
  arm.disk('blk-write', 'write', [1, 21]),
  arm.boot('boot', ''),
  // What QEMU is given, too: the kernel unpacks itself.
  {
    ...arm.boot('boot-zimage', ''),
    guest: (paths) => ({ ...arm.boot('', '').guest(paths, 1), kernel: paths.peerKernel }),
  },
  arm.resident(),
];
