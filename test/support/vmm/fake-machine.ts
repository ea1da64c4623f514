// A machine of fake vCPUs without a board, and a host whose time is the test's.
import { createHash } from 'node:crypto';
import { mips32 } from '../../../src/arch/mips/index.ts';
import * as kernelAbi from '../../../src/arch/mips/kernel-abi.ts';
import type { CharBackend, MmioDevice } from '../../../src/devices/device.ts';
import { Bus } from '../../../src/memory/bus.ts';
import { OnceLog } from '../../../src/util/log.ts';
import type { Machine, MachineConsole } from '../../../src/vmm/machine.ts';
import { OutputQueue } from '../../../src/vmm/output-queue.ts';
import { GuestTimers } from '../../../src/vmm/timers.ts';
import { Vm } from '../../../src/vmm/vm.ts';
import type { HostPort, VmOptions } from '../../../src/vmm/vm-options.ts';
import { FakeVm, type GuestProgram } from './fake-kvm.ts';

export const CONSOLE = 0x12000000;
/** The console `other`. */
export const OTHER_CONSOLE = 0x12001000;
const RAM = 1 << 20;

/**
 * A console with registers: a byte written to +0 is output, a word written to +4 is room for so many bytes of input, +8 reads the next
 * input byte or 0xffffffff, +12 reads columns * 65536 + rows. Input raises interrupt 2 of vCPU 0 until all is read.
 */
class FakeConsole implements MmioDevice, MachineConsole {
  readonly name: string;
  readonly size = 0x200;
  size16 = 0;
  private readonly received: number[] = [];
  private free = 0;
  private readonly output: CharBackend;
  private readonly interrupt: (irq: number) => void;

  constructor(name: string, output: CharBackend, interrupt: (irq: number) => void) {
    this.name = name;
    this.output = output;
    this.interrupt = interrupt;
  }

  room(): number {
    return this.free;
  }

  input(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.free);
    this.received.push(...bytes.subarray(0, taken));
    this.free -= taken;
    if (taken > 0) this.interrupt(2);
    return taken;
  }

  resize(columns: number, rows: number): void {
    this.size16 = columns * 0x10000 + rows;
  }

  read(offset: number): number {
    if (offset === 12) return this.size16;
    const byte = offset === 8 ? this.received.shift() : 0;
    if (this.received.length === 0) this.interrupt(-2);
    return byte ?? 0xffffffff;
  }

  write(offset: number, _length: number, value: number): void {
    if (offset === 0) this.output.write(Uint8Array.of(value & 0xff));
    if (offset === 4) this.free += value;
  }

  reset(): void {}
  registers(): readonly [] {
    return [];
  }
  restoreState(): void {}
  saveState(): { readonly free: number; readonly received: readonly number[] } {
    return { free: this.free, received: [...this.received] };
  }
}

/** What a VM is told of a guest's kernel when the test is about something else. */
export const NO_KERNEL: Pick<VmOptions, 'kernelSymbols' | 'launch' | 'onOops' | 'onFault' | 'exitLine' | 'onRecord'> = {
  kernelSymbols: null,
  launch: {
    initrd: false,
    disks: 0,
    params: '',
    memory: 64 << 20,
    programs: 'little-endian MIPS32r2',
    imageBytes: 1 << 22,
  },
  onOops: 'note',
  exitLine: null,
  onRecord: () => {},
  onFault: () => {},
};

interface FakeMachine extends Machine {
  readonly vm: FakeVm;
  readonly fakeConsole: FakeConsole;
  /** What is watched, for a program's steps to meet, and what is seen. */
  readonly watched: Watched;
}

interface Watched {
  addresses: readonly number[];
  hit: (cpu: number, pc: number) => boolean;
  userModeSeen: boolean;
}

function fakeMachine(programs: readonly GuestProgram[], output: OutputQueue, nsPerInstruction = 10): FakeMachine {
  const vm = new FakeVm(
    {
      cpu: mips32('little'),
      type: 2,
      arenaSize: RAM,
      endianness: 'little',
      maxVcpus: programs.length,
      nsPerInstruction,
      seed: 1,
      paravirtHypercalls: true,
      engine: 'regions',
    },
    programs,
  );
  vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM, userspaceAddr: 0 });
  const vcpus = programs.map((_, id) => vm.createVcpu(id));
  const watched: Watched = { addresses: [], hit: () => false, userModeSeen: false };
  let interrupted: (cpu: number) => void = () => {};
  const interrupt = (irq: number): void => {
    vcpus[0]!.interrupt({ cpu: -1, irq });
    if (irq > 0) interrupted(0);
  };
  let otherOutput: (console: string, bytes: Uint8Array) => void = () => {};
  const fakeConsole = new FakeConsole('console', output, interrupt);
  const fakeOther = new FakeConsole('other', { write: (bytes) => otherOutput('other', bytes) }, interrupt);
  const bus = new Bus();
  bus.add(CONSOLE, fakeConsole, 'little');
  bus.add(OTHER_CONSOLE, fakeOther, 'little');
  return {
    vm,
    fakeConsole,
    vcpus,
    entry: 0x40000000,
    deviceTree: null,
    clock: vm.clock,
    memory: vm.memory,
    bus,
    windows: () => bus.windows(),
    timers: new GuestTimers(vm.clock),
    devices: [fakeConsole, fakeOther].map((device) => ({ name: device.name, device })),
    console: fakeConsole,
    consoles: new Map([
      ['console', fakeConsole],
      ['other', fakeOther],
    ]),
    kernelAbi,
    toPhysical: (address) => (address >= 0x40000000 && address < 0x60000000 ? address - 0x40000000 : null),
    observe: () => vm.observe(),
    agent: null,
    onAgentOutput: () => {},
    onOtherOutput: (listener) => {
      otherOutput = listener;
    },
    watchExecution: (_who, addresses, hit) => {
      watched.addresses = addresses;
      watched.hit = hit;
    },
    debug: {
      vcpu: () => vm.debugPort(),
      pc: (id) => Number(vcpus[id]!.getRegs().pc),
      watchPlaces: () => {},
      watchData: () => true,
    },
    userModeSeen: () => watched.userModeSeen,
    compiledCode: () => null,
    forgetUserMode: () => {
      watched.userModeSeen = false;
    },
    watched,
    hashState: (update) => vm.hashState(update),
    onInterrupt: (listener) => {
      interrupted = listener;
    },
    onSystemEvent: () => {},
  };
}

/**
 * Host time that moves only when the test or the VM's waiting moves it: reading the clock takes `msPerLook`, a timer fires at once
 * and moves the time to its end, unless the test holds timers.
 */
export class FakeHost implements HostPort {
  ms = 0;
  slept = 0;
  /** How much too late timers fire. */
  lateMs = 0;
  msPerLook: () => number = () => 0.5;
  /** Called at every turn of the event loop and before every sleep: where outside things happen. */
  onTurn: () => void = () => {};

  now(): number {
    this.ms += this.msPerLook();
    return this.ms;
  }

  async turn(): Promise<void> {
    this.onTurn();
  }

  timer(ms: number, callback: () => void): () => void {
    let cancelled = false;
    queueMicrotask(() => {
      this.onTurn();
      if (cancelled) return;
      this.ms += ms + this.lateMs;
      this.slept += ms + this.lateMs;
      callback();
    });
    return () => {
      cancelled = true;
    };
  }

  sha256(): ReturnType<HostPort['sha256']> {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
  }
}

export interface TestVm {
  readonly vm: Vm;
  readonly host: FakeHost;
  readonly machine: FakeMachine;
  readonly messages: string[];
  /** What the guest has put out so far. */
  text(): string;
}

export function testVm(
  programs: readonly GuestProgram[],
  options: Partial<VmOptions> = {},
  host = new FakeHost(),
): TestVm {
  const output = new OutputQueue();
  const machine = fakeMachine(programs, output);
  const messages: string[] = [];
  const chunks: Uint8Array[] = [];
  const vm = new Vm({
    machine,
    host,
    log: new OnceLog({ log: (level, message) => messages.push(`${level}: ${message}`) }),
    seed: 1,
    limit: null,
    timeout: null,
    debugMmio: false,
    pull: null,
    sourceOpen: false,
    driven: false,
    stopAtStart: false,
    waitNote: null,
    replay: null,
    identity: 'test',
    output,
    ...NO_KERNEL,
    onConsole: (bytes) => {
      chunks.push(bytes);
    },
    onInputRoom: () => {},
    ...options,
  });
  return { vm, host, machine, messages, text: () => Buffer.concat(chunks).toString('latin1') };
}

/** Steps that print `text`. */
export function* print(text: string): Generator<{ write: number; data: number[] }, void> {
  for (const character of text) yield { write: CONSOLE, data: [character.charCodeAt(0)] };
}
