// Stand-ins for what the command line talks to: streams, terminals, and the API's startVm.
import { Writable } from 'node:stream';
import { disassemble } from '../../../src/api/disassemble.ts';
import type { RunningVm, StartVmOptions, StatTable, Verdict } from '../../../src/api/index.ts';
import type { Api, Cli } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands/index.ts';
import { commandLine } from '../../../src/cli/main.ts';
import { StderrLines } from '../../../src/cli/stderr.ts';
import { plainStyle } from '../../../src/cli/style.ts';
import { sumStats } from '../../../src/kvm/stats.ts';
import { parseVmConfig } from '../../../src/vmm/config.ts';

/** Keeps what was written. */
export class Sink extends Writable {
  isTTY = false;
  columns = 0;
  rows = 0;
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.chunks.push(chunk);
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  get lines(): string[] {
    return this.text.trimEnd().split('\n');
  }
}

/** A reader that takes nothing until `open`, as a pipe into a stopped process. */
export class SlowSink extends Sink {
  private held: (() => void) | null = null;
  private isOpen = false;

  constructor() {
    super({ highWaterMark: 1024 });
  }

  override _write(chunk: Buffer, encoding: string, done: (error?: Error | null) => void): void {
    const write = (): void => super._write(chunk, encoding, done);
    if (this.isOpen) write();
    else this.held = write;
  }

  open(): void {
    this.isOpen = true;
    this.held?.();
    this.held = null;
  }
}

/** A pipe whose reader has left. */
export class BrokenSink extends Sink {
  private readonly code: string;

  constructor(code: string) {
    super({ autoDestroy: false });
    this.code = code;
  }

  override _write(_chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    done(Object.assign(new Error(`write ${this.code}`), { code: this.code }));
  }
}

export const OK: Verdict = {
  kind: 'power-off',
  exitCode: 0,
  summary: 'guest powered off',
  details: [],
  guestTimeNs: 3_412_000_000,
  instructions: 412_885_103,
  wallMs: 2900,
  stateHash: '9b0e44d1',
  runId: '7f3a19c2',
  vcpus: [{ cpu: 0, pc: 0x4000_1234, state: 'running' }],
  progress: null,
  faults: [],
  stats: sumStats([]),
  compiled: null,
};

export const PANIC: Verdict = {
  ...OK,
  kind: 'panic',
  exitCode: 100,
  summary: 'VFS: Unable to mount root fs on unknown-block(0,0)',
  guestTimeNs: 1_210_000_000,
  instructions: 96_900_000,
  wallMs: 800,
  faults: [
    {
      kind: 'panic',
      cpu: 0,
      guestTimeNs: 1_204_000_000,
      instructions: 96_331_870,
      message: 'VFS: Unable to mount root fs on unknown-block(0,0)',
      backtrace: [
        { address: 0x4058_d3d4, name: 'panic', offset: 0 },
        { address: 0x4069_96c0, name: 'mount_block_root', offset: 0x308 },
        { address: 0x4000_1234, name: null, offset: 0 },
        { address: 0x4000_5678, name: null, offset: 0 },
      ],
      likely: 'no --initrd and no --disk were given, and the command line has no root=',
    },
  ],
};

export const HANG: Verdict = {
  ...OK,
  kind: 'hang',
  exitCode: 103,
  summary: 'all 2 cpus in WAIT, no timer armed, no device request pending',
  guestTimeNs: 311_000_000,
  instructions: 24_902_117,
  wallMs: 300,
  vcpus: [
    { cpu: 0, pc: 0x4000_1234, state: 'wait' },
    { cpu: 1, pc: 0x4000_1234, state: 'wait' },
  ],
};

/** What a fake guest does: it may write, log, and decide how the run ends. */
export interface FakeGuest {
  verdict: Verdict;
  interactive?: boolean;
  stat?: StatTable;
  life?(options: StartVmOptions, stopped: Promise<string>): Promise<Verdict | undefined>;
  failStart?: Error;
}

/** What the fake saw. */
export interface Seen {
  options: StartVmOptions | null;
  stops: string[];
  sizes: [number, number][];
}

export function fakeApi(guest: FakeGuest): { api: Api; seen: Seen } {
  const seen: Seen = { options: null, stops: [], sizes: [] };
  const api: Api = {
    diffRuns: async () => ({ kind: 'none', verdict: OK }),
    disassemble,
    describeMachines: () => [
      {
        name: 'mips-paravirt',
        summary: 'paravirtual MIPS',
        architecture: 'MIPS32r2',
        cpuModels: ['24Kf', '74Kf'],
        maxCpus: 8,
        maxMemory: 2 ** 28,
        consoles: ['virtio'],
        devices: [
          {
            name: 'virtio-console',
            windows: [{ bus: null, address: 0x1200_0000, size: 0x200 }],
            pci: null,
            irq: { chip: 'kvm', line: 4 },
            needs: { disks: 0, console: null, transport: null },
          },
          {
            name: 'virtio-mmio1',
            windows: [{ bus: null, address: 0x1200_0200, size: 0x200 }],
            pci: null,
            irq: { chip: 'kvm', line: 5 },
            needs: { disks: 1, console: null, transport: null },
          },
          {
            name: 'virtio-mmio2',
            windows: [{ bus: null, address: 0x1200_0400, size: 0x200 }],
            pci: null,
            irq: { chip: 'kvm', line: 6 },
            needs: { disks: 2, console: null, transport: null },
          },
        ],
      },
    ],
    async startVm(options) {
      seen.options = options;
      options.onRecord?.('{"journal":1}');
      const config = parseVmConfig(options);
      if (guest.failStart) throw guest.failStart;
      let stop = (_reason: string): void => {};
      const stopped = new Promise<string>((resolve) => {
        stop = resolve;
      });
      // The machine starts after startVm has resolved, as the API promises.
      const life = new Promise(setImmediate).then(async () => (await guest.life?.(options, stopped)) ?? guest.verdict);
      const vm: RunningVm = {
        config,
        inferred: {
          format: 'elf',
          elfClass: 32,
          endianness: 'little',
          architecture: 'MIPS32r2',
          entry: 0x4059_1a70,
          compression: null,
          guestKind: 'trap-and-emulate guest',
          machine: 'mips-paravirt',
          virtioTransport: null,
          symbols: null,
        },
        command: `tsvm run --machine mips-paravirt --mem 128M --cpus 1 --seed 1 ${config.kernel}`,
        interactive: guest.interactive ?? false,
        send() {},
        closeInput() {},
        resize: (columns, rows) => void seen.sizes.push([columns, rows]),
        watch: () => () => {},
        stat: async () => guest.stat ?? { guestTimeNs: 0, instructions: 0, lines: [], exits: null },
        sendInput: () => true,
        sendBreak: () => true,
        inputBacklog: () => 0,
        consoles: ['uart0'],
        subscribeOutput: () => () => {},
        takeTerminal: () => () => {},
        debugTarget: () => Promise.reject(new Error('the fake has none')),
        paused: false,
        pause: async () => {},
        resume() {},
        drive: async () => 'ended',
        clock: { instructions: 0, guestTimeNs: 0 },
        stop: (reason = '') => {
          seen.stops.push(reason);
          stop(reason);
        },
        wait: () => life,
        journal: () => '{"journal":1}\n',
        journalEntries: () => [],
        sendToAgent() {},
        addressOf: () => null,
        inspect: {
          readMemory: () => new Uint8Array(0),
          writeMemory() {},
          register: () => 0,
          setRegister() {},
          registers: () => [],
        },
        symbolize: (address) => (address === 0x4000_1234 ? 'idle+0x8' : null),
      };
      return vm;
    },
  };
  return { api, seen };
}

export interface FakeSurroundings {
  readonly cli: Omit<Cli, 'help'>;
  readonly stdout: Sink;
  readonly stderr: Sink;
}

export function surroundings(api: Api, changes: Partial<Cli> = {}): FakeSurroundings {
  const stdout = (changes.stdout as Sink | undefined) ?? new Sink();
  const stderr = (changes.stderr as Sink | undefined) ?? new Sink();
  return {
    stdout,
    stderr,
    cli: {
      env: { TSVM_RUNS: '', TSVM_RUNTIME_DIR: '' },
      sameTerminal: false,
      stdinFile: null,
      version: '1.2.3',
      loadApi: async () => api,
      ...changes,
      stdout,
      stderr,
      said: new StderrLines(stderr, plainStyle),
    },
  };
}

/** Run one command line against a fake machine. */
export async function tsvm(argv: string[], guest: Partial<FakeGuest> = {}, changes: Partial<Cli> = {}) {
  const { api, seen } = fakeApi({ verdict: OK, ...guest });
  const around = surroundings(api, changes);
  const exitCode = await commandLine(argv, around.cli, COMMANDS);
  return { exitCode, seen, stdout: around.stdout.text, stderr: around.stderr.text, lines: around.stderr.lines };
}
