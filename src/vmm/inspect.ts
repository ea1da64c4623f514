// A machine that stands still, looked into and changed by whoever drives it: memory and registers. What is changed enters through the journal,
// as everything from outside does.
import { KvmError } from '../kvm/errors.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { JournalEntry } from './journal.ts';
import type { Machine, MachineConsole } from './machine.ts';

/** An address of the guest: virtual in an unmapped segment (a kernel's), or physical. */
export type GuestPlace = number | { readonly physical: number };

/** A register by its ONE_REG id, for those that the calling convention has no name for. */
const RAW_ID = /^0x[0-9a-f]{1,16}$/;
/** Bytes that are read or written at once. */
const MOST = 1 << 28;

type Inspected = Pick<Machine, 'memory' | 'toPhysical' | 'vcpus' | 'kernelAbi' | 'agent' | 'consoles'>;

function isGiven(vcpu: Machine['vcpus'][number], id: bigint): boolean {
  try {
    vcpu.getOneReg(id);
    return true;
  } catch (error) {
    if (error instanceof KvmError) return false;
    throw error;
  }
}

export class Inspector {
  private readonly machine: Inspected;
  /** The registers that each vCPU has. */
  private names: (readonly (readonly [name: string, id: bigint])[])[] | null = null;

  constructor(machine: Inspected) {
    this.machine = machine;
  }

  /** Guest-physical address of `length` bytes of RAM at `place`. @throws TsvmError usage when they are not there */
  physical(place: GuestPlace, length: number): number {
    const at = typeof place === 'number' ? this.machine.toPhysical(place >>> 0) : place.physical;
    if (at === null)
      throw new TsvmError('usage', `${hex((place as number) >>> 0)} is not in an unmapped segment`, {
        next: 'give { physical: ADDRESS } for what the guest has mapped by its TLB',
      });
    if (!Number.isSafeInteger(length) || length < 0 || length > MOST)
      throw new TsvmError('usage', `${length}: not a number of bytes that can be read or written`);
    if (!Number.isSafeInteger(at) || !this.machine.memory.contains(at, length))
      throw new TsvmError('usage', `there is no RAM at physical ${hex(at)}+${hex(length, 1)}`);
    return at;
  }

  read(place: GuestPlace, length: number): Uint8Array {
    const at = this.physical(place, length);
    const bytes = new Uint8Array(length);
    this.machine.memory.read(at, bytes);
    return bytes;
  }

  /** `address`: guest-physical, and RAM. */
  write(address: number, bytes: Uint8Array): void {
    this.machine.memory.write(address, bytes);
  }

  /** An entry of a journal that may be of another machine. @throws TsvmError usage when this one has nothing that it is about */
  check({ instructions, event }: JournalEntry): void {
    try {
      if (event.type === 'memory') this.physical({ physical: event.address }, event.bytes.length);
      else if (event.type === 'register') this.id(event.cpu, event.name);
      else if (event.type === 'agent' && !this.machine.agent) throw new TsvmError('usage', 'there is no guest agent');
      else if ('console' in event && event.console !== undefined) this.console(event.console);
    } catch (error) {
      if (!(error instanceof TsvmError)) throw error;
      throw new TsvmError('usage', `the journal, at instruction ${instructions}: ${error.message}`, {
        next: 'replay it with the options of the run that it is of',
      });
    }
  }

  /** By its device's name; undefined: the machine's own. @throws TsvmError usage when there is no such */
  console(name: string | undefined): MachineConsole {
    const names = [...this.machine.consoles.keys()];
    const found = this.machine.consoles.get(name ?? names[0]!);
    if (found) return found;
    throw new TsvmError('usage', `there is no console called ${JSON.stringify(name)}`, {
      next: `one of ${names.join(', ')}`,
    });
  }

  /** A register of 32 bits, unsigned. @throws TsvmError usage for a name or a vCPU that is not there */
  register(cpu: number, name: string): number {
    return Number(BigInt.asUintN(32, this.vcpu(cpu).getOneReg(this.id(cpu, name))));
  }

  /** What does not fit is cut; `high`: the upper 32 bits of a register that has them. @throws TsvmError usage as register() */
  setRegister(cpu: number, name: string, value: number, high?: number): void {
    const wide = high === undefined ? BigInt(value | 0) : (BigInt(high >>> 0) << 32n) | BigInt(value >>> 0);
    this.vcpu(cpu).setOneReg(this.id(cpu, name), wide);
  }

  /** Every register of every vCPU that has a name; floating-point ones by their lower halves. */
  registers(): { readonly cpu: number; readonly name: string; readonly value: number }[] {
    this.names ??= this.machine.vcpus.map((vcpu) => this.namesOf(vcpu));
    return this.machine.vcpus.flatMap((vcpu, cpu) =>
      this.names![cpu]!.map(([name, id]) => ({ cpu, name, value: Number(BigInt.asUintN(32, vcpu.getOneReg(id))) })),
    );
  }

  /** KVM lists some CP0 registers of VZ that it does not give (Config4 where the CPU has none). */
  private namesOf(vcpu: Machine['vcpus'][number]): (readonly [name: string, id: bigint])[] {
    const { REGISTER_NAMES, registerIds } = this.machine.kernelAbi;
    const known = vcpu.getRegList().filter((id) => isGiven(vcpu, id));
    return REGISTER_NAMES.flatMap((name) => {
      const id = registerIds(name).find((candidate) => known.includes(candidate));
      return id === undefined ? [] : [[name, id] as const];
    });
  }

  private vcpu(cpu: number): Machine['vcpus'][number] {
    const vcpu = this.machine.vcpus[cpu];
    if (!vcpu) throw new TsvmError('usage', `there is no cpu${cpu}: the machine has ${this.machine.vcpus.length}`);
    return vcpu;
  }

  private id(cpu: number, name: string): bigint {
    const vcpu = this.vcpu(cpu);
    const known = vcpu.getRegList();
    const ids = RAW_ID.test(name) ? [BigInt(name)] : this.machine.kernelAbi.registerIds(name, vcpu);
    const id = ids.find((candidate) => known.includes(candidate));
    if (id === undefined) throw new TsvmError('usage', `cpu${cpu} has no register called ${JSON.stringify(name)}`);
    return id;
  }
}
