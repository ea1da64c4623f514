// CP0 as the guest kernel of a trap-and-emulate vCPU writes and reads it (reference MIPS.md A3; Linux arch/mips/kvm/emulate.c
// kvm_mips_emulate_CP0). What user space writes by ONE_REG is in kvm-registers.test.ts, the timer in kvm-timer.test.ts.
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_32 } from '../../src/kvm/mips.ts';
import { CODE, CP0_CAUSE, CP0_EPC, CP0_STATUS, Guest, register } from '../support/kvm/guest.ts';
import {
  addiu,
  CONTEXT,
  di,
  ENTRYHI,
  ENTRYLO0,
  EPC,
  ei,
  eret,
  HWRENA,
  INDEX,
  type Line,
  mfc0,
  mtc0,
  nop,
  PAGEMASK,
  rdhwr,
  rdpgpr,
  STATUS,
  s0,
  spin,
  t0,
  t1,
  t2,
  USERLOCAL,
  WIRED,
  wrpgpr,
  zero,
} from '../support/kvm/mips-words.ts';

type Register = readonly [rd: number, sel: number];
const CAUSE: Register = [13, 0];
const EBASE: Register = [15, 1];
const ERROREPC: Register = [30, 0];

/** Run `code` with t0 = `value`; the guest afterwards. */
function execute(code: readonly Line[], value = 0xffffffff, prepare: (guest: Guest) => void = () => {}): Guest {
  const guest = new Guest();
  guest.load([...code, ...spin]);
  guest.setGpr(t0, value);
  prepare(guest);
  guest.enter(code.length);
  expect(guest.pc).toBe(CODE + 4 * code.length);
  return guest;
}
/** What MFC0 reads after MTC0 wrote `value`. */
const written = (to: Register, value = 0xffffffff): number => execute([mtc0(t0, to), mfc0(t1, to)], value).gpr(t1);

describe('MTC0 and MFC0', () => {
  it.each<[string, Register]>([
    ['EPC', EPC],
    ['ErrorEPC', ERROREPC],
    ['UserLocal', USERLOCAL],
    ['KScratch1', [31, 2]],
    ['KScratch6', [31, 7]],
  ])('%s holds all 32 bits', (_name, to) => {
    expect(written(to)).toBe(0xffffffff);
    expect(written(to, 0x12345678)).toBe(0x12345678);
    expect(written(to, 0)).toBe(0);
  });

  it.each<[string, Register, number, number]>([
    ['EBase: the base in KSEG0, the CPU number stays', EBASE, 0x1ffff000, 0x40000000],
    ['HWREna: CPUNum, SYNCI_Step, CC, CCRes, ULR', HWRENA, 0x2000000f, 0],
    ['EntryHi: VPN2 and an 8-bit ASID', ENTRYHI, 0xffffe0ff, 0],
  ])('%s', (_what, to, writable, fixed) => {
    expect(written(to)).toBe((writable | fixed) >>> 0);
    expect(written(to, 0)).toBe(fixed);
  });

  it('EBase keeps the CPU number of its vCPU', () => {
    const guest = new Guest({ vcpus: 4 });
    guest.load([mtc0(t0, EBASE), mfc0(t1, EBASE), ...spin]);
    for (const vcpu of guest.vcpus) {
      guest.setGpr(t0, 0x50123fff, vcpu);
      guest.enter(2, vcpu);
      expect(guest.gpr(t1, vcpu)).toBe(0x50123000 + vcpu.id);
    }
  });

  it('HWREna.ULR only while Config3.ULRI is set', () => {
    const config3 = KVM_REG_MIPS_CP0_32(16, 3);
    const without = (guest: Guest) => guest.vcpu.setOneReg(config3, 0x80000000n);
    expect(execute([mtc0(t0, HWRENA), mfc0(t1, HWRENA)], 0xffffffff, without).gpr(t1)).toBe(0xf);
  });

  it('Cause: DC, IV and the two software interrupts', () => {
    expect(written(CAUSE)).toBe(0x08800300);
    const guest = execute([mtc0(zero, CAUSE), mfc0(t1, CAUSE)], 0, ({ vcpu }) => {
      vcpu.setOneReg(CP0_CAUSE, 0x0080037cn);
      vcpu.interrupt({ cpu: -1, irq: 2 });
    });
    expect(guest.gpr(t1)).toBe(0x47c); // the line and ExcCode are not its
  });

  it('Status: NMI, CU1 and FR never stick; IM, EXL, ERL, IE and BEV do', () => {
    const [nmi, cu1, fr, bev] = [1 << 19, 1 << 29, 1 << 26, 1 << 22];
    const all = written(STATUS);
    expect(all & (nmi | cu1 | fr)).toBe(0);
    expect(all & (bev | 0xff07)).toBe(bev | 0xff07);
    expect(written(STATUS, 0)).toBe(0);
  });

  it.each<[string, Register, number]>([
    ['PRId', [15, 0], 0x00019300],
    ['Config2', [16, 2], 0x80000000],
    ['Config3', [16, 3], 0x80002000],
    ['Config5', [16, 5], 0],
  ])('%s reads as user space sees it', (_name, from, value) => {
    expect(execute([mfc0(t1, from)]).gpr(t1)).toBe(value);
  });

  it('Config5: nothing of it is writable without FPU and MSA', () => {
    expect(written([16, 5])).toBe(0);
  });

  it('ErrCtl reads 0', () => {
    expect(written([26, 0])).toBe(0);
  });

  it('a write to r0 by MFC0 is none', () => {
    expect(execute([mtc0(t0, EPC), mfc0(zero, EPC), addiu(s0, zero, 0)]).gpr(zero)).toBe(0);
  });

  it('what the guest wrote is what user space reads', () => {
    const guest = execute([mtc0(t0, EPC), mtc0(t0, USERLOCAL), mtc0(t0, WIRED)], 0x80000007);
    expect(guest.vcpu.getOneReg(CP0_EPC)).toBe(register(0x80000007));
    expect(guest.vcpu.getOneReg(KVM_REG_MIPS_CP0_32(6, 0)) & 0x3fn).toBe(7n);
  });

  it('EntryLo, Context and PageMask hold what TLB handlers put there', () => {
    expect(written(ENTRYLO0, 0x0123456e)).toBe(0x0123456e);
    expect(written(PAGEMASK, 0x1fffe000)).toBe(0x1fffe000);
    expect(written(CONTEXT, 0xc0800000)).toBe(0xc0800000);
  });
});

describe('DI and EI', () => {
  it('give the old Status and clear or set IE', () => {
    const status = (value: bigint) => (guest: Guest) => guest.vcpu.setOneReg(CP0_STATUS, value);
    // DI and EI with rt = t0.
    const [diT0, eiT0] = [di | (t0 << 16), ei | (t0 << 16)] as const;
    const off = execute([diT0, mfc0(t1, STATUS)], 0, status(0xff01n));
    expect([off.gpr(t0), off.gpr(t1)]).toEqual([0xff01, 0xff00]);
    const on = execute([eiT0, mfc0(t1, STATUS)], 0, status(0x8000n));
    expect([on.gpr(t0), on.gpr(t1)]).toEqual([0x8000, 0x8001]);
  });
});

describe('ERET', () => {
  const returns = (status: bigint): Guest => {
    const guest = new Guest();
    guest.load([mtc0(t0, EPC), mtc0(t1, ERROREPC), eret, nop, nop, nop, ...spin]);
    guest.setGpr(t0, CODE + 16);
    guest.setGpr(t1, CODE + 20);
    guest.vcpu.setOneReg(CP0_STATUS, status);
    guest.enter(3);
    return guest;
  };

  it('with ERL goes to ErrorEPC and clears ERL only', () => {
    const guest = returns(6n);
    expect([guest.pc, guest.cp0(CP0_STATUS)]).toEqual([CODE + 20, 2]);
  });

  it('with EXL goes to EPC and clears EXL', () => {
    const guest = returns(2n);
    expect([guest.pc, guest.cp0(CP0_STATUS)]).toEqual([CODE + 16, 0]);
  });
});

describe('RDHWR in the kernel', () => {
  it('reads CPUNum, SYNCI_Step, CC, CCRes and ULR', () => {
    const guest = new Guest({ vcpus: 3 });
    const read = (hwr: number): number => {
      const vcpu = guest.vcpus[2]!;
      guest.load([rdhwr(t2, hwr), ...spin]);
      vcpu.setRegs({ ...vcpu.getRegs(), pc: BigInt(CODE) });
      guest.enter(1, vcpu);
      return guest.gpr(t2, vcpu);
    };
    expect(read(0)).toBe(2);
    expect([16, 32, 64]).toContain(read(1));
    expect(read(2)).toBeLessThan(10);
    expect(read(3)).toBe(2);
    guest.vcpus[2]!.setOneReg(0x7030_0000_0001_0022n, 0x1234n);
    expect(read(29)).toBe(0x1234);
  });
});

// Linux 5.10 arch/mips/kvm/emulate.c, kvm_mips_emulate_CP0 and kvm_mips_emulate_cache (reference MIPS.md A3, A4).
describe('what trap-and-emulate KVM does not do as hardware does', () => {
  const co = (fn: number): number => (0x42000000 | fn) >>> 0;
  const fails = (code: readonly number[], value = 0): string => {
    const guest = new Guest();
    guest.load([...code, ...spin]);
    guest.setGpr(t0, value);
    guest.enter(code.length);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTERNAL_ERROR);
    expect(guest.pc).toBe(CODE + 4 * (code.length - 1));
    return guest.vcpu.run.internal.message;
  };

  it.each([
    ['TLBINV', 0x03],
    ['TLBINVF', 0x04],
    ['RFE', 0x10],
    ['DERET', 0x1f],
    ['an operation that nobody has', 0x3f],
  ])('%s does nothing', (_name, fn) => {
    execute([co(fn), addiu(s0, zero, 1)]);
  });

  it.each<[string, Register]>([
    ['PRId', [15, 0]],
    ['Config', [16, 0]],
    ['Config7', [16, 7]],
    ['IntCtl', [12, 1]],
    ['BadVAddr', [8, 0]],
    ['a register that does not exist', [22, 3]],
  ])('%s holds what the guest writes', (_name, to) => {
    expect(written(to, 0x12345678)).toBe(0x12345678);
  });

  it.each([
    ['MTC0 Index of an entry that is not there', [mtc0(t0, INDEX)], 64],
    ['RDPGPR', [rdpgpr(t1, t0)], 0],
    ['WRPGPR while SRSCtl names another register set', [mtc0(t0, [12, 2]), wrpgpr(t1, t0)], 1],
    ['DMTC0', [0x40a87000], 0],
    ['ERET in neither exception level', [eret], 0],
    ['CACHE Index Load Tag D', [(0x2f << 26) | (0x05 << 16)], 0],
    ['CACHE Hit Writeback D', [(0x2f << 26) | (0x19 << 16)], 0],
  ])('%s is an internal error', (_name, code, value) => {
    expect(
      fails(
        code.map((word) => word >>> 0),
        value,
      ),
    ).toContain('does not emulate');
  });

  it.each([0x00, 0x01, 0x10, 0x11, 0x15])('CACHE operation 0x%s is taken', (op) => {
    execute([((0x2f << 26) | (op << 16)) >>> 0, addiu(s0, zero, 1)]);
  });
});
