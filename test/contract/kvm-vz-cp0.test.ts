// CP0 as the kernel of a VZ guest writes and reads it: its own registers, those of a 24K or 74K (MIPS32 Volume III; MIPS32 24K Processor Core Family
// Software User's Manual, CP0), and the few that KVM keeps for it (Linux 5.10 arch/mips/kvm/vz.c kvm_vz_gpsi_cop0, kvm_trap_vz_handle_gsfc,
// kvm_vz_config_guest_wrmask; reference MIPS.md C3, C4). What user space writes by ONE_REG is in kvm-vz-registers.test.ts, TLB instructions are in
// kvm-vz-tlb.test.ts.
import { describe, expect, it } from 'vitest';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import { CP0_CAUSE, CP0_EPC, CP0_STATUS, enterUser, type Guest } from '../support/kvm/guest.ts';
import {
  addiu,
  COMPARE,
  CONTEXT,
  di,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  EPC,
  ei,
  eret,
  HWRENA,
  hypcall,
  INDEX,
  type Line,
  mfc0,
  mtc0,
  nop,
  rdhwr,
  rdpgpr,
  STATUS,
  s0,
  spin,
  t0,
  t1,
  t2,
  tlbwi,
  USERLOCAL,
  WIRED,
  wait,
  wrpgpr,
  zero,
} from '../support/kvm/mips-words.ts';
import { CODE, CPU_MODELS, GENERAL_VECTOR, ran, settled, vzGuest, written } from '../support/kvm/vz-guest.ts';

type Register = readonly [rd: number, sel: number];
const CAUSE: Register = [13, 0];
const EBASE: Register = [15, 1];
const ERROREPC: Register = [30, 0];
const RI = 10;
const CPU = 11;
const CONFIG3 = KVM_REG_MIPS_CP0_32(16, 3);
const ULRI = 0x2000n;

const withUserLocal = (guest: Guest): void => guest.vcpu.setOneReg(CONFIG3, ULRI);
const user = (value: number) => (guest: Guest) => guest.vcpu.setOneReg(CP0_STATUS, BigInt(value));

describe('MTC0 and MFC0', () => {
  it.each<[string, Register]>([
    ['EPC', EPC],
    ['ErrorEPC', ERROREPC],
    ['Compare', COMPARE],
    ['Config6, which KVM keeps', [16, 6]],
  ])('%s holds all 32 bits', (_name, to) => {
    for (const value of [0xffffffff, 0x12345678, 0]) expect(written(to, value)).toBe(value);
  });

  it('UserLocal does, in a guest that has it', () => {
    expect(written(USERLOCAL, 0x89abcdef, withUserLocal)).toBe(0x89abcdef);
  });

  it.each<[string, Register, number, number]>([
    ['Index: six bits; P is read-only', INDEX, 0x3f, 0],
    ['EntryLo0: a 20-bit frame, C, D, V, G', ENTRYLO0, 0x03ffffff, 0],
    ['EntryLo1', ENTRYLO1, 0x03ffffff, 0],
    ['Context: PTEBase; BadVPN2 is read-only', CONTEXT, 0xff800000, 0],
    ['Wired: six bits', WIRED, 0x3f, 0],
    ['EntryHi: VPN2 and an 8-bit ASID', ENTRYHI, 0xffffe0ff, 0],
    ['Cause: DC, IV and the two software interrupts; no WP, for there are no watch registers', CAUSE, 0x08800300, 0],
    ['EBase: bits 29 to 12; the rest is KSEG0 and the CPU number', EBASE, 0x3ffff000, 0x80000000],
    ['HWREna: CPUNum, SYNCI_Step, CC and CCRes', HWRENA, 0xf, 0],
    ['Config: K0', [16, 0], 7, 0x80000480],
    ['Config1: nothing', [16, 1], 0, 0xfea35180],
    ['Config2: nothing', [16, 2], 0, 0x80000000],
    ['Config3: nothing', [16, 3], 0, 0],
    ['Config4 is not there', [16, 4], 0, 0],
    ['Config5 is not there', [16, 5], 0, 0],
    ['PageGrain: nothing', [5, 1], 0, 0],
    ['IntCtl: nothing without VInt and VEIC', [12, 1], 0, 0xfc000000],
    ['LLAddr: KVM answers 0', [17, 0], 0, 0],
    ['ErrCtl: KVM answers 0', [26, 0], 0, 0],
    ['KScratch1 is not there', [31, 2], 0, 0],
    ['BadInstr is not there', [8, 1], 0, 0],
    ['nor is BadInstrP', [8, 2], 0, 0],
    ['nor SegCtl0', [5, 2], 0, 0],
    ['nor PWBase', [5, 5], 0, 0],
    ['nor MAAR', [17, 1], 0, 0],
    ['nor a register that nobody has', [22, 3], 0, 0],
  ])('%s', (_what, to, writable, fixed) => {
    expect(written(to)).toBe((writable | fixed) >>> 0);
    expect(written(to, 0)).toBe(fixed >>> 0);
  });

  it('HWREna.ULR is there with Config3.ULRI', () => {
    expect(written(HWRENA, 0xffffffff, withUserLocal)).toBe(0x2000000f);
  });

  it('Status without an FPU: CU0, RP, BEV, IM, UM, ERL, EXL and IE, never CU1, FR, RE, MX, TS, SR or NMI', () => {
    expect(written(STATUS, 0xffffffff & ~0x10)).toBe(0x1840ff07); // in kernel mode
    expect(written(STATUS, 0x12)).toBe(0x12);
    expect(written(STATUS, 0)).toBe(0);
  });

  it('BadVAddr is read-only', () => {
    const guest = ran([mtc0(t0, [8, 0]), mfc0(t1, [8, 0])], 0x1234, ({ vcpu }) =>
      vcpu.setOneReg(KVM_REG_MIPS_CP0_64(8, 0), 0x5678n),
    );
    expect(guest.gpr(t1)).toBe(0x5678);
  });

  it('EBase keeps the CPU number of its vCPU', () => {
    const guest = vzGuest({ vcpus: 4 });
    guest.load([mtc0(t0, EBASE), mfc0(t1, EBASE), ...spin]);
    for (const vcpu of guest.vcpus) {
      guest.setGpr(t0, 0x10123fff, vcpu);
      guest.enter(2, vcpu);
      expect(guest.gpr(t1, vcpu)).toBe(0x90123000 + vcpu.id);
    }
  });

  it('Cause: interrupt lines and ExcCode are read-only', () => {
    const guest = ran([mtc0(zero, CAUSE), mfc0(t1, CAUSE)], 0, ({ vcpu }) => {
      vcpu.setOneReg(CP0_CAUSE, 0x0080037cn);
      vcpu.interrupt({ cpu: -1, irq: 2 });
    });
    expect(guest.gpr(t1)).toBe(0x47c);
  });

  it.each(CPU_MODELS)('PRId and Config7 are those of a %s', (model) => {
    const guest = ran([mfc0(t1, [15, 0]), mfc0(t2, [16, 7])], 0, () => {}, { cpuModel: model });
    expect(guest.gpr(t1)).toBe(model.startsWith('24K') ? 0x00019300 : 0x00019700);
    // WII: WAIT ends on an interrupt that IE holds back. AR and IAR: no aliases in the caches.
    expect(guest.gpr(t2)).toBe((0x80000000 | (1 << 16) | (1 << 10)) >>> 0);
  });

  it('Config.BE tells the byte order', () => {
    const config = (endianness: 'little' | 'big') => ran([mfc0(t1, [16, 0])], 0, () => {}, { endianness }).gpr(t1);
    expect([config('little') & 0x8000, config('big') & 0x8000]).toEqual([0, 0x8000]);
  });
});

describe('privileged instructions', () => {
  it('DI and EI give the old Status and clear or set IE', () => {
    const [diT0, eiT0] = [di | (t0 << 16), ei | (t0 << 16)] as const;
    const off = ran([diT0, mfc0(t1, STATUS)], 0, user(0xff01));
    expect([off.gpr(t0), off.gpr(t1)]).toEqual([0xff01, 0xff00]);
    const on = ran([eiT0, mfc0(t1, STATUS)], 0, user(0x8000));
    expect([on.gpr(t0), on.gpr(t1)]).toEqual([0x8000, 0x8001]);
  });

  it.each([
    ['ERL: ErrorEPC, EXL stays', 6, CODE + 20, 2],
    ['EXL: EPC', 2, CODE + 16, 0],
    ['neither: EPC', 0, CODE + 16, 0],
  ])('ERET with %s', (_what, status, pc, after) => {
    const guest = vzGuest();
    guest.load([mtc0(t0, EPC), mtc0(t1, ERROREPC), eret, nop, nop, nop, ...spin]);
    guest.setGpr(t0, CODE + 16);
    guest.setGpr(t1, CODE + 20);
    user(status)(guest);
    guest.enter(3);
    expect([guest.pc, guest.cp0(CP0_STATUS)]).toEqual([pc, after]);
  });

  it('RDPGPR and WRPGPR move within the one register set there is', () => {
    expect(ran([rdpgpr(t1, t0)], 0x1234).gpr(t1)).toBe(0x1234);
    expect(ran([wrpgpr(t2, t0)], 0x5678).gpr(t2)).toBe(0x5678);
  });

  it('RDHWR reads CPUNum, SYNCI_Step, CC and CCRes', () => {
    const guest = vzGuest({ vcpus: 3 });
    const vcpu = guest.vcpus[2]!;
    const read = (hwr: number): number => {
      guest.load([rdhwr(t2, hwr), ...spin]);
      vcpu.setRegs({ ...vcpu.getRegs(), pc: BigInt(CODE) });
      guest.enter(1, vcpu);
      return guest.gpr(t2, vcpu);
    };
    expect([read(0), read(1), read(3)]).toEqual([2, 32, 2]);
    expect(read(2)).toBeLessThan(10);
  });

  it('RDHWR of UserLocal is a reserved instruction without Config3.ULRI, in the kernel too', () => {
    const without = settled(rdhwr(t2, 29));
    expect([without.pc, without.exceptionCode]).toEqual([GENERAL_VECTOR, RI]);
    const guest = ran([mtc0(t0, USERLOCAL), rdhwr(t2, 29)], 0x4321, withUserLocal);
    expect(guest.gpr(t2)).toBe(0x4321);
  });

  // A 24K has none of these: fields of the COP0 opcode table that are reserved to it.
  it.each([
    ['TLBINV', 0x42000003],
    ['TLBINVF', 0x42000004],
    ['RFE of a MIPS I', 0x42000010],
    ['DERET outside debug mode', 0x4200001f],
    ['an operation that nobody has', 0x4200003f],
    ['DMFC0 of a 64-bit CPU', 0x40287000],
    ['DMTC0', 0x40a87000],
  ])('%s is a reserved instruction', (_name, word) => {
    const guest = settled(word);
    expect([guest.pc, guest.exceptionCode, guest.cp0(CP0_EPC)]).toEqual([GENERAL_VECTOR, RI, CODE]);
  });

  it.each([
    ['MFC0', mfc0(t0, STATUS)],
    ['MTC0', mtc0(t0, STATUS)],
    ['TLBWI', tlbwi],
    ['ERET', eret],
    ['WAIT', wait],
    ['DI', di],
    ['HYPCALL', hypcall()],
    ['TLBINV', 0x42000003],
  ])('%s in user mode: coprocessor 0 unusable, unless Status.CU0', (_name, word) => {
    const inUser = (status: number): Guest => {
      const guest = vzGuest();
      guest.load([enterUser(0x4000, 0x80000, status), ...spin]);
      guest.load(spin, GENERAL_VECTOR);
      guest.load([word, addiu(s0, zero, 1), ...spin], 0x80080000);
      guest.enter(1000);
      return guest;
    };
    const refused = inUser(0);
    expect([refused.pc, refused.exceptionCode, refused.cp0(CP0_EPC)]).toEqual([GENERAL_VECTOR, CPU, 0x4000]);
    expect((refused.cp0(CP0_CAUSE) >>> 28) & 3).toBe(0);
    expect(inUser(1 << 28).exceptionCode).not.toBe(CPU);
  });

  it.each([2, 29])('RDHWR %d in user mode: as HWREna says', (hwr) => {
    const inUser = (hwrena: number): number => {
      const guest = vzGuest();
      withUserLocal(guest);
      guest.load([enterUser(0x4000, 0x80000), ...spin]);
      guest.load(spin, GENERAL_VECTOR);
      guest.load([rdhwr(t2, hwr), ...spin], 0x80080000);
      guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_32(7, 0), BigInt(hwrena));
      guest.enter(1000);
      return guest.exceptionCode;
    };
    expect(inUser(0)).toBe(RI);
    expect(inUser(2 ** hwr)).toBe(0);
  });

  it('a write to r0 by MFC0 is none', () => {
    expect(ran([mtc0(t0, EPC), mfc0(zero, EPC), addiu(s0, zero, 0)] satisfies Line[]).gpr(zero)).toBe(0);
  });
});
