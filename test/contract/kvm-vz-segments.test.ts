// The address space of a VZ guest: ordinary MIPS32 segments (MIPS32 Volume III, "Virtual Memory"), guest-physical addresses without a memory slot
// as MMIO (Linux 5.10 arch/mips/kvm/vz.c kvm_trap_vz_handle_tlb_ld_miss, ..._st_miss), and where exceptions go.
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { CP0_CAUSE, CP0_EPC, CP0_STATUS, enterUser, type Guest, mapPage, SPARE } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  eret,
  jr,
  type Line,
  label,
  lb,
  lbu,
  lh,
  lhu,
  li,
  ll,
  lw,
  lwl,
  lwr,
  mtc0,
  nop,
  sb,
  sc,
  sh,
  spin,
  sw,
  syscall,
  t0,
  t1,
  t2,
  zero,
} from '../support/kvm/mips-words.ts';
import {
  CODE,
  DATA,
  DEVICE,
  DEVICE_PHYSICAL,
  GENERAL_VECTOR,
  REFILL_VECTOR,
  settled,
  vzGuest,
} from '../support/kvm/vz-guest.ts';

const [TLBL, TLBS, ADEL, ADES, SYS] = [2, 3, 4, 5, 8];
const [UM, EXL, ERL, BEV] = [0x10, 2, 4, 1 << 22];
const BADVADDR = KVM_REG_MIPS_CP0_64(8, 0);
const LOAD = lw(t0, 0, t1);
const STORE = sw(t0, 0, t1);
const status = (guest: Guest, value: number): void => guest.vcpu.setOneReg(CP0_STATUS, BigInt(value));

/** Guest-physical pages hold their own number. */
function numberPages(guest: Guest): void {
  for (let page = 0x80; page < 0x90; page++) guest.vm.memory.writeU32(page << 12, page, guest.endianness);
}

/** The vector and code of the exception that a load or store of `va` raises; 'none' when it goes through. */
function access(
  instruction: number,
  va: number,
  before: Line = [],
  prepare: (guest: Guest) => void = () => {},
): string {
  const guest = settled([before, li(t1, va), instruction], prepare);
  if (guest.pc === REFILL_VECTOR) return `refill ${guest.exceptionCode}`;
  return guest.pc === GENERAL_VECTOR ? `general ${guest.exceptionCode}` : 'none';
}

describe('the segments of the kernel', () => {
  it.each([
    ['KSEG0', 0x80081000],
    ['KSEG1', 0xa0081000],
  ])('%s leads to guest-physical va & 0x1FFFFFFF without the TLB', (_name, va) => {
    const guest = settled([li(t1, va), LOAD, sw(t1, 4, t1)], numberPages);
    expect(guest.gpr(t0)).toBe(0x81);
    expect(guest.vm.memory.readU32(0x81004, 'little')).toBe(va);
  });

  it.each([0x00000000, 0x7fffe000, 0xc0000000, 0xdfffe000, 0xe0000000, 0xff200000, 0xffffe000])(
    'KUSEG, KSEG2 and KSEG3 are mapped: 0x%s',
    (va) => {
      expect(access(LOAD, va)).toBe(`refill ${TLBL}`);
      expect(access(STORE, va)).toBe(`refill ${TLBS}`);
      expect(access(STORE, va, mapPage(va, 0x80000))).toBe('none');
    },
  );

  it('and nothing of 0x40000000 to 0x7FFFFFFF is special, as it is to trap-and-emulate', () => {
    for (const va of [0x40080000, 0x60000000]) expect(access(LOAD, va)).toBe(`refill ${TLBL}`);
  });

  it('KUSEG is unmapped while Status.ERL is set: guest-physical va', () => {
    const guest = settled([li(t1, 0x00083000), LOAD], (vm) => {
      numberPages(vm);
      status(vm, ERL);
    });
    expect(guest.gpr(t0)).toBe(0x83);
    expect(access(LOAD, 0x00083000, [], (vm) => status(vm, EXL))).toBe(`general ${TLBL}`);
  });

  it('KUSEG with ERL reaches devices beyond 0x1FFFFFFF; KSEG2 stays mapped', () => {
    const guest = vzGuest();
    guest.load([LOAD, ...spin]);
    guest.setGpr(t1, 0x7ffffffc);
    status(guest, ERL);
    expect(guest.enter(10)).toBe(0);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: 0x7ffffffc, len: 4, isWrite: false });
    expect(access(LOAD, 0xc0000000, [], (vm) => status(vm, ERL))).toBe(`refill ${TLBL}`);
  });

  it('KUSEG is mapped again as soon as ERET ends ERL', () => {
    const code = [LOAD, li(t2, CODE + 20), mtc0(t2, [30, 0]), eret, LOAD]; // ErrorEPC
    const guest = settled(code, (vm) => {
      vm.setGpr(t1, 0x00083000);
      numberPages(vm);
      status(vm, ERL);
    });
    expect([guest.pc, guest.gpr(t0), guest.cp0(CP0_EPC)]).toEqual([REFILL_VECTOR, 0x83, CODE + 20]);
  });

  it('code runs in KSEG1 and in mapped pages too', () => {
    const there = [addiu(t0, zero, 7), ...spin];
    for (const va of [0xa0080000, 0xc0004000, 0x00004000]) {
      const guest = settled([mapPage(va, 0x80000), li(t1, va), jr(t1), nop], (vm) => vm.load(there, 0x80080000));
      expect([guest.gpr(t0), guest.pc]).toEqual([7, va + 4]);
    }
  });
});

describe('user mode', () => {
  const inUser = (instruction: number, va: number): Guest =>
    settled(enterUser(0x4000, 0x80000), (guest) => {
      guest.load([instruction, nop, ...spin], 0x80080000);
      guest.setGpr(t1, va);
    });

  it.each([0x80000000, 0x80080000, 0x9ffffffc, 0xa0000000, 0xbffffffc, 0xc0000000, 0xfffffffc])(
    'has nothing from 0x80000000 on: an address error at 0x%s',
    (va) => {
      for (const [instruction, code] of [
        [LOAD, ADEL],
        [STORE, ADES],
      ] as const) {
        const guest = inUser(instruction, va);
        expect([guest.pc, guest.exceptionCode, guest.cp0(CP0_EPC)]).toEqual([GENERAL_VECTOR, code, 0x4000]);
        expect(guest.cp0(BADVADDR)).toBe(va);
      }
    },
  );

  it('fetches nothing from there either', () => {
    const guest = inUser(jr(t1), 0x80080000);
    expect([guest.pc, guest.exceptionCode, guest.cp0(BADVADDR)]).toEqual([GENERAL_VECTOR, ADEL, 0x80080000]);
    expect(guest.cp0(CP0_EPC)).toBe(0x80080000);
  });

  it('has all of KUSEG, to 0x7FFFFFFF, through the TLB', () => {
    const guest = inUser(LOAD, 0x7ffffffc);
    expect([guest.pc, guest.exceptionCode, guest.cp0(BADVADDR)]).toEqual([REFILL_VECTOR, TLBL, 0x7ffffffc]);
    expect(inUser(LOAD, 0x4000).gpr(t0)).toBe(LOAD);
  });

  it.each([
    ['UM alone', UM, ADEL],
    ['UM with EXL is kernel mode', UM | EXL, 0],
    ['UM with ERL is kernel mode', UM | ERL, 0],
    ['bit 3 does not exist: kernel mode', 8, 0],
  ])('%s', (_what, bits, code) => {
    const guest = settled([mapPage(0x4000, 0x80000), spin], (vm) => vm.load([LOAD, ...spin], 0x80080000));
    guest.setGpr(t1, 0x80081000);
    status(guest, bits);
    guest.pc = (bits & ERL) === 0 ? 0x4000 : 0x80000; // unmapped
    guest.enter(1);
    expect(guest.exceptionCode).toBe(code);
  });
});

describe('a guest-physical address without a memory slot', () => {
  const exit = (code: Line, prepare: (guest: Guest) => void = () => {}, endianness: Endianness = 'little'): Guest => {
    const guest = vzGuest({ endianness });
    guest.load([code, ...spin]);
    guest.setGpr(t1, DEVICE);
    prepare(guest);
    expect(guest.enter(1000)).toBe(0);
    return guest;
  };

  it.each([
    ['KSEG0', 0x90000000, 0x10000000],
    ['KSEG1', 0xb4000000, 0x14000000],
    ['the end of KSEG1', 0xbffffffc, 0x1ffffffc],
    ['KSEG1 behind the memory at 0', 0xa0200000, 0x00200000],
  ])('through %s is MMIO at va & 0x1FFFFFFF', (_name, va, gpa) => {
    const { vcpu } = exit(LOAD, (guest) => guest.setGpr(t1, va));
    expect(vcpu.run.exitReason).toBe(ExitReason.MMIO);
    expect(vcpu.run.mmio).toMatchObject({ physAddr: gpa, len: 4, isWrite: false });
  });

  it.each([0x18000000, 0x40000000, 0xfffff000])('through the TLB is MMIO at any 32-bit address: %s', (gpa) => {
    const { vcpu } = exit([mapPage(0xc0000000, gpa), li(t1, 0xc0000ffc), STORE]);
    expect(vcpu.run.exitReason).toBe(ExitReason.MMIO);
    expect(vcpu.run.mmio).toMatchObject({ physAddr: gpa + 0xffc, len: 4, isWrite: true });
  });

  it.each<[Endianness, string, number, number[], number]>([
    ['little', 'LW', lw(t0, 0, t1), [0x84, 0x33, 0x22, 0x91], 0x91223384],
    ['big', 'LW', lw(t0, 0, t1), [0x84, 0x33, 0x22, 0x91], 0x84332291],
    ['little', 'LH', lh(t0, 0, t1), [0x84, 0x93], 0xffff9384],
    ['big', 'LH', lh(t0, 0, t1), [0x84, 0x93], 0xffff8493],
    ['little', 'LHU', lhu(t0, 0, t1), [0x84, 0x93], 0x9384],
    ['big', 'LHU', lhu(t0, 0, t1), [0x84, 0x93], 0x8493],
    ['little', 'LB', lb(t0, 0, t1), [0x84], 0xffffff84],
    ['big', 'LBU', lbu(t0, 0, t1), [0x84], 0x84],
  ])('%s-endian %s takes the bytes as they lie in memory', (endianness, _name, word, bytes, value) => {
    const guest = exit(word, () => {}, endianness);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: DEVICE_PHYSICAL, len: bytes.length, isWrite: false });
    guest.vcpu.run.mmio.data.set(bytes);
    guest.enter(10);
    expect(guest.gpr(t0)).toBe(value);
  });

  it.each<[Endianness, string, number, number[]]>([
    ['little', 'SW', sw(t0, 4, t1), [0x78, 0x56, 0x34, 0x12]],
    ['big', 'SW', sw(t0, 4, t1), [0x12, 0x34, 0x56, 0x78]],
    ['little', 'SH', sh(t0, 4, t1), [0x78, 0x56]],
    ['big', 'SH', sh(t0, 4, t1), [0x56, 0x78]],
    ['big', 'SB', sb(t0, 4, t1), [0x78]],
  ])('%s-endian %s gives them so', (endianness, _name, word, bytes) => {
    const { mmio } = exit(word, (guest) => guest.setGpr(t0, 0x12345678), endianness).vcpu.run;
    expect(mmio).toMatchObject({ physAddr: DEVICE_PHYSICAL + 4, len: bytes.length, isWrite: true });
    expect([...mmio.data.subarray(0, bytes.length)]).toEqual(bytes);
  });

  it('LWL and LWR read their word', () => {
    for (const word of [lwl(t0, 2, t1), lwr(t0, 2, t1)])
      expect(exit(word).vcpu.run.mmio).toMatchObject({ physAddr: DEVICE_PHYSICAL, len: 4, isWrite: false });
  });

  it('in a delay slot: once, and the branch is taken', () => {
    const guest = exit([b('there'), LOAD, nop, label('there'), addiu(t2, zero, 5)]);
    guest.vcpu.run.mmio.data.set([9, 0, 0, 0]);
    guest.enter(10);
    expect([guest.gpr(t0), guest.gpr(t2), guest.pc]).toEqual([9, 5, CODE + 16]);
  });

  it.each([
    ['LL', ll(t0, 0, t1)],
    ['SC', sc(t0, 0, t1)],
  ])('is nothing that KVM emulates for %s: an internal error', (_name, word) => {
    const guest = vzGuest();
    guest.load([ll(t0, 0, t2), word, ...spin]);
    guest.setGpr(t1, DEVICE);
    guest.setGpr(t2, DATA);
    expect(guest.enter(10)).toBe(0);
    expect([guest.vcpu.run.exitReason, guest.pc]).toEqual([ExitReason.INTERNAL_ERROR, CODE + 4]);
  });

  it('is nothing to execute from: an internal error there', () => {
    const guest = vzGuest();
    guest.load([jr(t1), nop]);
    guest.setGpr(t1, DEVICE);
    expect(guest.enter(10)).toBe(0);
    expect([guest.vcpu.run.exitReason, guest.pc]).toEqual([ExitReason.INTERNAL_ERROR, DEVICE]);
  });

  it('misaligned is an address error of the guest, not MMIO', () => {
    expect(access(lw(t0, 2, t1), DEVICE)).toBe(`general ${ADEL}`);
    expect(access(sh(t0, 1, t1), DEVICE)).toBe(`general ${ADES}`);
  });
});

describe('an exception goes', () => {
  const IV = 1 << 23;
  const IP2 = 1 << 10;
  const boot = (guest: Guest): void =>
    guest.vm.setUserMemoryRegion({
      ...{ slot: 1, flags: 0, memorySize: 0x1000, userspaceAddr: SPARE },
      guestPhysAddr: 0x1fc00000,
    });

  /** Where the exception of `code` leads, from the base of exceptions. */
  const vector = (code: Line, bits: number, cause: number, ebase: number): number => {
    const guest = vzGuest();
    boot(guest);
    guest.load([code, ...spin]);
    const base = (bits & BEV) !== 0 ? 0xbfc00200 : ebase;
    for (const place of [0, 0x180, 0x200]) guest.load(spin, base + place);
    guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_64(15, 1), BigInt(ebase));
    guest.vcpu.setOneReg(CP0_CAUSE, BigInt(cause));
    status(guest, bits);
    guest.setGpr(t1, 0x6000);
    guest.enter(10);
    return guest.pc - base;
  };

  describe.each([
    ['EBase', 0, 0x80000000],
    ['EBase, moved', 0, 0x80100000],
    ['EBase in KSEG1', 0, 0xa0101000],
    ['0xBFC00200 with Status.BEV', BEV, 0x80000000],
  ])('to %s', (_name, bev, ebase) => {
    it('+ 0 on a TLB refill', () => {
      expect(vector(LOAD, bev, 0, ebase)).toBe(0);
    });
    it('+ 0x180 on a TLB refill with EXL', () => {
      expect(vector(LOAD, bev | EXL, 0, ebase)).toBe(0x180);
    });
    it('+ 0x180 on anything else', () => {
      expect(vector(syscall, bev, 0, ebase)).toBe(0x180);
      expect(vector(lw(t0, 1, t1), bev, IV, ebase)).toBe(0x180);
    });
    it('+ 0x180 on an interrupt, + 0x200 with Cause.IV', () => {
      expect(vector(nop, bev | IP2 | 1, IP2, ebase)).toBe(0x180);
      expect(vector(nop, bev | IP2 | 1, IP2 | IV, ebase)).toBe(0x200);
    });
  });

  it('with EPC, Cause.BD and ExcCode: in a delay slot EPC is the branch', () => {
    const guest = settled([nop, b(1), syscall, nop]);
    expect([guest.pc, guest.exceptionCode, guest.cp0(CP0_EPC)]).toEqual([GENERAL_VECTOR, SYS, CODE + 4]);
    expect(guest.cp0(CP0_CAUSE) >>> 31).toBe(1);
    expect(guest.cp0(CP0_STATUS)).toBe(EXL);
  });

  it('with EXL set: EPC and BD stay', () => {
    const guest = settled(syscall, ({ vcpu }) => {
      vcpu.setOneReg(CP0_STATUS, BigInt(EXL));
      vcpu.setOneReg(CP0_EPC, 0x1234n);
    });
    expect([guest.pc, guest.exceptionCode, guest.cp0(CP0_EPC)]).toEqual([GENERAL_VECTOR, SYS, 0x1234]);
  });

  it('nowhere when its vector has no memory: an internal error there', () => {
    const guest = vzGuest();
    guest.load(syscall);
    status(guest, BEV);
    expect(guest.enter(10)).toBe(0);
    expect([guest.vcpu.run.exitReason, guest.pc]).toEqual([ExitReason.INTERNAL_ERROR, 0xbfc00380]);
  });

  it('and the vCPU starts at 0xBFC00000 when user space has memory there', () => {
    const guest = vzGuest();
    boot(guest);
    guest.load([addiu(t0, zero, 3), ...spin], 0xbfc00000);
    guest.pc = 0xbfc00000;
    status(guest, BEV | ERL);
    guest.enter(10);
    expect([guest.gpr(t0), guest.pc]).toEqual([3, 0xbfc00004]);
  });
});
