// The reference machine with a program in it: RAM, MMIO, and what the manual leaves open.
import { mips32 } from '../../../src/arch/mips/index.ts';
import { Cap } from '../../../src/kvm/constants.ts';
import { type Ended, ReferenceMachine } from './machine.ts';
import { MACHINES, type MachineName, type MachineSpec } from './machines.ts';
import { BOOT_BYTES, BOOT_PAGE, type Endianness, type GuestProgram, RAM_BYTES } from './programs.ts';
import {
  bytesOf,
  CP0_CONFIG1,
  CP0_EBASE,
  CP0_STATUS,
  NS_PER_INSTRUCTION,
  type Outside,
  RecordedMmio,
  SEED,
  sign,
  type Visible,
} from './tested.ts';

const CP0_ENTRYHI = 8 * 10;

/** Do two different TLB entries match this address? The manual leaves open what happens then. */
function matchesTwice(spec: MachineSpec, { banks, state }: ReferenceMachine, address: number): boolean {
  const mapped = address < spec.kusegEnd || (address >= spec.kseg2 && address < spec.kseg2End);
  if (!mapped) return false;
  const words = (name: string): Uint32Array => new Uint32Array(state, banks[name]!.offset, banks[name]!.count);
  const hi = words('tlbHi');
  const mask = words('tlbMask');
  let first = -1;
  for (let i = 0; i < hi.length; i++) {
    if (((hi[i]! ^ address) & ~(mask[i]! | 0x1fff)) !== 0) continue;
    const [lo0, lo1] = [words('tlbLo0'), words('tlbLo1')];
    const asid = words('cp0')[CP0_ENTRYHI]! & 0xff;
    if ((lo0[i]! & lo1[i]! & 1) === 0 && (hi[i]! & 0xff) !== asid) continue;
    if (first >= 0 && [hi, mask, lo0, lo1].some((part) => part[i] !== part[first])) return true;
    if (first < 0) first = i;
  }
  return false;
}

export class JudgedReference {
  readonly machine: ReferenceMachine;
  readonly mmio = new RecordedMmio();
  readonly ram = new Uint8Array(RAM_BYTES);
  readonly boot = new Uint8Array(BOOT_BYTES);
  private readonly endianness: Endianness;
  private readonly words: Uint32Array;
  private readonly spec: MachineSpec;

  constructor(endianness: Endianness, machine: MachineName) {
    const spec = MACHINES[machine];
    this.spec = spec;
    this.endianness = endianness;
    this.machine = new ReferenceMachine(mips32(endianness), {
      endianness,
      machine,
      ram: [
        { base: 0, bytes: this.ram },
        { base: BOOT_PAGE, bytes: this.boot },
      ],
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: SEED,
      mmio: this.mmio,
      isUndefined: (reference, address) => matchesTwice(spec, reference, address),
    });
    this.words = new Uint32Array(this.machine.state, 0, this.machine.state.byteLength >>> 2);
  }

  /** Power-on, with this program. */
  load(program: GuestProgram): void {
    const { machine } = this;
    bytesOf(program.ram, this.endianness, this.ram);
    bytesOf(program.boot, this.endianness, this.boot);
    this.mmio.log.length = 0;
    machine.reset();
    this.set(CP0_EBASE, this.spec.kseg0);
    if (program.fpu) {
      machine.model.enableCap!(Cap.MIPS_FPU);
      this.set(CP0_CONFIG1, 1);
    }
    this.set(CP0_STATUS, program.status);
    // In ONE_REG order: 0-31, hi, lo.
    const registers = machine.model.oneRegs();
    [...program.gpr, program.hi, program.lo].forEach((value, i) => {
      registers[i]!.set(sign(value));
    });
    machine.pc = program.pc;
  }

  set(id: bigint, value: number): void {
    const register = this.machine.model.oneRegs().find((one) => one.id === id);
    register!.set(sign(value));
  }

  tell(outside: Outside): void {
    if (outside.kind === 'interrupt') this.machine.model.setInterrupt(Math.abs(outside.irq), outside.irq > 0);
    else if (outside.kind === 'write') this.machine.writeFromOutside(outside.physical, outside.bytes);
  }

  enter(deadline: number): Ended {
    return this.machine.enter(deadline);
  }

  look(): Visible {
    const { machine } = this;
    machine.model.normalise();
    const { instructions, now, pc, banks } = machine;
    return { instructions, now, pc, banks, words: this.words };
  }
}
