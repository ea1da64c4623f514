// What a hypervisor on the bare ARM machine needs, as KVM/ARM uses it: a world switch with a virtual interrupt, second-stage aborts with the syndrome that it
// emulates devices by, traps, and what the guest sees instead of the machine (reference ARM.md 3 to 7; ARM DDI 0406C: B1.14, B3.13.6).
import { describe, expect, it } from 'vitest';
import {
  ERET,
  GIC,
  HVC,
  MASKED,
  mcr,
  mcrr,
  mrc,
  mrrc,
  msr,
  SELF,
  SystemMachine,
  USR,
  WFE,
} from '../unit/arch/arm/system-machine.ts';

const HVBAR = 0x8000;
const HYP_TRAP = HVBAR + 0x14;
const CODE = 0x1000;
const ELR_HYP = 39;
const STAGE2 = 0x20000;
const LEVEL2 = STAGE2 + 0x1000;
/** Second stage: memory, read and write, accessed; a device. */
const MEMORY = 0x7fd;
const DEVICE_PAGE = 0x7c7;
/** SL0 says level 1, T0SZ 0. */
const VTCR = 0x80000040;
const HCR = { VM: 1, FMO: 8, IMO: 16, AMO: 32 };

const movw = (rd: number, imm: number): number => 0xe3000000 | ((imm >>> 12) << 16) | (rd << 12) | (imm & 0xfff);
const movt = (rd: number, imm: number): number => movw(rd, imm) | 0x00400000;
const li = (rd: number, value: number): number[] => [movw(rd, value & 0xffff), movt(rd, value >>> 16)];
const ldr = (rt: number, rn: number, offset = 0): number => 0xe5900000 | (rn << 16) | (rt << 12) | offset;
const str = (rt: number, rn: number, offset = 0): number => 0xe5800000 | (rn << 16) | (rt << 12) | offset;
const b = (from: number, to: number): number => (0xea000000 | (((to - from - 8) >> 2) & 0xffffff)) >>> 0;
const msrElrHyp = (rn: number): number => 0xe12ef300 | rn;

/** Loops at Hyp mode's vectors, and the first 2 MiB of the intermediate address space are memory. */
function machineOf(withGic = false): SystemMachine {
  const machine = new SystemMachine('hyp', 1, 0x100000, withGic);
  for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]).code(HVBAR + vector, [SELF]);
  machine.code(STAGE2, [LEVEL2 | 3, 0]).code(LEVEL2, [MEMORY, 0]);
  return machine.setCp15(4, 12, 0, 0, HVBAR).setCp15Pair(6, 2, BigInt(STAGE2)).setCp15(4, 2, 1, 2, VTCR);
}

const withStage2 = (machine = machineOf()): SystemMachine => machine.setCp15(4, 1, 1, 0, HCR.VM);
const hsrOf = (machine: SystemMachine): number => machine.cp15(4, 5, 2, 0);
const hsr = (ec: number, iss: number): number => ((ec << 26) | iss) >>> 0;
const IL = 1 << 25;

describe('a guest under a hypervisor', () => {
  it('gets an interrupt of the timer that was the hypervisor as a virtual one, and calls back', () => {
    const [GICD, GICC, GICH, GICV] = [0, 1, 2, 3].map((n) => GIC + 0x2000 * n) as [number, number, number, number];
    const machine = machineOf(true);
    // The guest finds GICV where GICC is.
    const level3 = STAGE2 + 0x2000;
    machine.code(LEVEL2 + 8 * (GICC >>> 21), [level3 | 3, 0]);
    machine.code(level3 + 8 * ((GICC >>> 12) & 511), [GICV | DEVICE_PAGE, 0, (GICV + 0x1000) | DEVICE_PAGE, 0]);
    const GUEST = 0x4000;
    const VBAR = 0x5000;
    const INJECTED = 27;
    machine.code(CODE, [
      ...[...li(0, HVBAR), mcr(4, 0, 12, 0, 0), ...li(0, VBAR), mcr(0, 0, 12, 0, 0)],
      ...[...li(0, STAGE2), ...li(1, 1 << 16), mcrr(6, 0, 1, 2), ...li(0, VTCR), mcr(4, 0, 2, 1, 2)],
      ...[...li(0, HCR.VM | HCR.FMO | HCR.IMO | HCR.AMO), mcr(4, 0, 1, 1, 0)],
      ...[...li(1, GICD), movw(0, 1), str(0, 1), ...li(0, 1 << 26), str(0, 1, 0x100)],
      ...[...li(1, GICC), movw(0, 1), str(0, 1), movw(0, 0xff), str(0, 1, 4)],
      ...[...li(1, GICH), movw(0, 1), str(0, 1)],
      ...[movw(0, 30), mcr(4, 0, 14, 2, 0), movw(0, 1), mcr(4, 0, 14, 2, 1)],
      ...[movw(0, 0x153), msr(9, 0, true), movw(0, GUEST), msrElrHyp(0), ERET],
    ]);
    machine.code(GUEST, [...li(2, GICC), movw(0, 1), str(0, 2), movw(0, 0xf8), str(0, 2, 4), SELF]);
    machine.code(VBAR + 0x18, [ldr(8, 2, 0xc), str(8, 2, 0x10), movw(0, 0x77), HVC(0x123), SELF]);
    machine.code(HVBAR + 0x14, [
      b(HVBAR + 0x14, HVBAR + 0x100),
      ...[...li(10, GICC), ldr(11, 10, 0xc), movw(12, 0), mcr(4, 12, 14, 2, 1), str(11, 10, 0x10)],
      ...[...li(10, GICH), ...li(12, ((1 << 28) | (10 << 23) | INJECTED) >>> 0), str(12, 10, 0x100), ERET],
    ]);
    machine.code(HVBAR + 0x100, [mrc(4, 5, 5, 2, 0), SELF]);
    machine.at(CODE, MASKED.HYP).run(400);
    expect(machine.pc).toBe(HVBAR + 0x104);
    expect([machine.reg(11), machine.reg(8)]).toEqual([26, INJECTED]);
    expect([machine.reg(5), machine.reg(0)]).toEqual([hsr(0x12, IL | 0x123), 0x77]);
    expect([machine.reg(ELR_HYP), machine.reg(40)]).toEqual([VBAR + 0x28, 0x1d2]);
  });

  it('has the identity, and the time, that the hypervisor gives it', () => {
    const machine = machineOf().setCp15(4, 0, 0, 0, 0x410fc075).setCp15(4, 0, 0, 5, 0x80000003);
    machine.code(CODE, [mrc(0, 0, 0, 0, 0), mrc(0, 1, 0, 0, 5), mrrc(0, 2, 3, 14), mrrc(1, 4, 5, 14), SELF]);
    machine.setCp15Pair(4, 14, 0x1_0000_0000n).at(CODE, MASKED.SVC).run(5);
    expect([machine.reg(0), machine.reg(1)]).toEqual([0x410fc075, 0x80000003]);
    expect([machine.reg(3), machine.reg(5)]).toEqual([0, 0xffffffff]);
    machine.at(CODE, MASKED.HYP).run(5);
    expect([machine.reg(0), machine.reg(1)]).toEqual([0x414fc0f0, 0x80000000]);
  });
});

describe('a second-stage abort', () => {
  const IPA = 0x40_0120;
  const [ISV, SSE, WNR] = [1 << 24, 1 << 21, 1 << 6];
  const TRANSLATION_2 = 6;
  const sas = (log2: number): number => ISV | (log2 << 22);
  const srt = (rt: number): number => rt << 16;
  const [BYTE, HALFWORD, WORD] = [sas(0), sas(1), sas(2)];

  it.each([
    ['ldr r3, [r1]', 0xe5913000, WORD | srt(3)],
    ['ldr r3, [r1, r2]', 0xe7913002, WORD | srt(3)],
    ['ldrb r14, [r1, #-0]', 0xe551e000, BYTE | srt(14)],
    ['strb r4, [r1]', 0xe5c14000, BYTE | srt(4) | WNR],
    ['str r15, [r1]', 0xe581f000, WNR],
    ['ldrh r5, [r1]', 0xe1d150b0, HALFWORD | srt(5)],
    ['strh r5, [r1, r2]', 0xe18150b2, HALFWORD | srt(5) | WNR],
    ['ldrsb r6, [r1]', 0xe1d160d0, BYTE | SSE | srt(6)],
    ['ldrsh r7, [r1]', 0xe1d170f0, HALFWORD | SSE | srt(7)],
    ['ldrne r3, [r1]', 0x15913000, WORD | srt(3)],
    ['ldr r3, [r1], #4', 0xe4913004, 0],
    ['ldr r3, [r1, #0]!', 0xe5b13000, 0],
    ['ldrt r3, [r1], #0', 0xe4b13000, 0],
    ['ldrd r4, r5, [r1]', 0xe1c140d0, 0],
    ['strd r4, r5, [r1]', 0xe1c140f0, WNR],
    ['ldm r1, {r3}', 0xe8910008, 0],
    ['ldrex r3, [r1]', 0xe1913f9f, 0],
  ] as const)('of %s', (_, word, iss) => {
    const machine = withStage2().code(CODE, [word, SELF]).setReg(1, IPA).setReg(2, 0).at(CODE, MASKED.SVC).run(2);
    expect(machine.pc).toBe(HYP_TRAP);
    expect(hsrOf(machine).toString(16)).toBe(hsr(0x24, IL | iss | TRANSLATION_2).toString(16));
    expect([machine.cp15(4, 6, 0, 0), machine.cp15(4, 6, 0, 4)]).toEqual([IPA, (IPA >>> 12) << 4]);
    expect(machine.reg(ELR_HYP)).toBe(CODE);
  });

  it.each([
    ['ldr r3, [r1]', [0x680b], WORD | srt(3)],
    ['str r3, [r1, r2]', [0x508b], WORD | srt(3) | WNR],
    ['ldrsh r3, [r1, r2]', [0x5e8b], HALFWORD | SSE | srt(3)],
    ['strb r3, [r1]', [0x700b], BYTE | srt(3) | WNR],
    ['ldrh r3, [r1]', [0x880b], HALFWORD | srt(3)],
    ['ldr r3, [sp]', [0x9b00], WORD | srt(3)],
    ['ldr.w r12, [r1]', [0xf8d1, 0xc000], IL | WORD | srt(12)],
    ['strh.w r8, [r1, #-0]', [0xf821, 0x8c00], IL | HALFWORD | srt(8) | WNR],
    ['ldrsb.w r9, [r1, r2]', [0xf911, 0x9002], IL | BYTE | SSE | srt(9)],
    ['ldrt r9, [r1]', [0xf851, 0x9e00], IL | WORD | srt(9)],
    ['ldr.w r9, [r1], #4', [0xf851, 0x9b04], IL],
    ['ldm r1, {r3}', [0xe891, 0x0018], IL],
  ] as const)('of T32 %s', (_, halfwords, iss) => {
    const machine = withStage2()
      .halfwords(CODE, [...halfwords, 0xe7fe])
      .setReg(1, IPA)
      .setReg(2, 0);
    machine
      .at(CODE, MASKED.SVC | 0x20)
      .setReg(18, IPA)
      .run(2);
    expect(machine.pc).toBe(HYP_TRAP);
    expect(hsrOf(machine).toString(16)).toBe(hsr(0x24, iss | TRANSLATION_2).toString(16));
  });

  it('of an instruction fetch', () => {
    const machine = withStage2().code(CODE, [0xe12fff11]).setReg(1, IPA).at(CODE, USR).run(2);
    expect(machine.pc).toBe(HYP_TRAP);
    expect(hsrOf(machine)).toBe(hsr(0x20, IL | TRANSLATION_2));
    expect([machine.cp15(4, 6, 0, 2), machine.cp15(4, 6, 0, 4)]).toEqual([IPA, (IPA >>> 12) << 4]);
  });

  it('of permission', () => {
    const machine = withStage2();
    machine.code(LEVEL2 + 16, [0x77d, 0]); // read-only
    machine
      .code(CODE, [ldr(3, 1), str(3, 1), SELF])
      .setReg(1, IPA)
      .at(CODE, MASKED.SVC)
      .run(2);
    expect([machine.pc, hsrOf(machine)]).toEqual([HYP_TRAP, hsr(0x24, IL | WORD | srt(3) | WNR | 0xe)]);
    expect(machine.reg(ELR_HYP)).toBe(CODE + 4);
  });

  it('of a table of the first stage says so, and nothing of the instruction', () => {
    const machine = withStage2().setCp15(0, 2, 0, 0, 0x400000).setCp15(0, 2, 0, 2, 0).setCp15(0, 3, 0, 0, 1);
    machine.code(0x40000, [0xc02, 0x600001, 0xc02]).setCp15(0, 2, 0, 0, 0x40000);
    machine
      .code(CODE, [ldr(3, 1), SELF])
      .setReg(1, 0x123456)
      .setCp15(0, 1, 0, 0, 0x00c50079)
      .at(CODE, MASKED.SVC)
      .run(2);
    expect([machine.pc, hsrOf(machine)]).toEqual([HYP_TRAP, hsr(0x24, IL | 0x80 | TRANSLATION_2)]);
    expect([machine.cp15(4, 6, 0, 0), machine.cp15(4, 6, 0, 4)]).toEqual([0x123456, 0x6000]);
  });

  it('of an access that the hypervisor makes for the guest, which goes on behind it', () => {
    const machine = withStage2()
      .code(CODE, [ldr(3, 1), 0xe2833001, SELF])
      .setReg(1, IPA);
    // It reads HSR, says that R3 is 0x55 and skips the instruction.
    machine.code(HYP_TRAP, [b(HYP_TRAP, HVBAR + 0x40)]);
    machine.code(HVBAR + 0x40, [mrc(4, 7, 5, 2, 0), movw(3, 0x55), movw(8, CODE + 4), msrElrHyp(8), ERET]);
    machine.at(CODE, MASKED.SVC).run(8);
    expect([machine.pc, machine.reg(3)]).toEqual([CODE + 8, 0x56]);
  });
});

describe('another virtual machine', () => {
  it('has other memory', () => {
    const machine = machineOf();
    const other = 0x30000;
    machine.code(0x50000, [0x1111]).code(0x51000, [0x2222]);
    // Its pages: those of the code, and one that is elsewhere.
    machine.code(other, [(other + 0x1000) | 3, 0]).code(other + 0x1000, [(other + 0x2000) | 3, 0]);
    machine.code(other + 0x2008, [CODE | 0x7ff, 0]).code(other + 0x2000 + 8 * 0x50, [0x51000 | 0x7ff, 0]);
    machine.code(HYP_TRAP, [b(HYP_TRAP, HVBAR + 0x40)]).code(HVBAR + 0x40, [mcrr(6, 6, 7, 2), ERET]);
    machine.code(CODE, [ldr(0, 1), HVC(0), ldr(2, 1), SELF]).setReg(1, 0x50000);
    machine.setReg(6, other).setReg(7, 0x20000).setCp15(4, 1, 1, 0, HCR.VM).at(CODE, MASKED.SVC).run(6);
    expect([machine.pc, machine.reg(0), machine.reg(2)]).toEqual([CODE + 12, 0x1111, 0x2222]);
  });
});

describe('traps', () => {
  const CONDITION = 0x1e00000;
  const iss = (opc1: number, crn: number, crm: number, opc2: number, isRead: number, rt = 5): number =>
    CONDITION | IL | (opc2 << 17) | (opc1 << 14) | (crn << 10) | (rt << 5) | (crm << 1) | isRead;

  it.each([
    ['TID0', 15, mrc(7, 5, 0, 0, 0) & ~0x100, hsr(5, iss(7, 0, 0, 0, 1))],
    ['TID1', 16, mrc(0, 5, 0, 0, 3), hsr(3, iss(0, 0, 0, 3, 1))],
    ['TID2', 17, mrc(1, 5, 0, 0, 1), hsr(3, iss(1, 0, 0, 1, 1))],
    ['TID2, written', 17, mcr(2, 5, 0, 0, 0), hsr(3, iss(2, 0, 0, 0, 0))],
    ['TPC', 23, mcr(0, 5, 7, 10, 1), hsr(3, iss(0, 7, 10, 1, 0))],
    ['TPU', 24, mcr(0, 5, 7, 5, 0), hsr(3, iss(0, 7, 5, 0, 0))],
    ['TWE', 14, WFE, hsr(1, CONDITION | IL | 1)],
    ['TVM: DACR', 26, mcr(0, 5, 3, 0, 0), hsr(3, iss(0, 3, 0, 0, 0))],
    ['TVM: CONTEXTIDR', 26, mcr(0, 5, 13, 0, 1), hsr(3, iss(0, 13, 0, 1, 0))],
  ] as const)('HCR.%s', (_, bit, word, syndrome) => {
    const machine = machineOf()
      .setCp15(4, 1, 1, 0, 1 << bit)
      .code(CODE, [word, SELF])
      .at(CODE, MASKED.SVC)
      .run(2);
    expect([machine.pc, hsrOf(machine).toString(16)]).toEqual([HYP_TRAP, syndrome.toString(16)]);
    expect([machine.reg(ELR_HYP), machine.reg(40)]).toEqual([CODE, MASKED.SVC]);
  });

  it.each([
    ['HCPTR.TCPAC', [1, 2], 0x80000000, mrc(0, 5, 1, 0, 2), hsr(3, iss(0, 1, 0, 2, 1))],
    ['HDCR.TPMCR', [1, 1], 1 << 5, mrc(0, 5, 9, 12, 0), hsr(3, iss(0, 9, 12, 0, 1))],
    ['HDCR.TDRA', [1, 1], 1 << 11, mrc(0, 5, 1, 0, 0) & ~0x100, hsr(5, iss(0, 1, 0, 0, 1))],
    ['HDCR.TDOSA', [1, 1], 1 << 10, mrc(0, 5, 1, 1, 4) & ~0x100, hsr(5, iss(0, 1, 1, 4, 1))],
    ['HSTR.T15', [1, 3], 1 << 15, mrc(4, 5, 15, 0, 0), hsr(3, iss(4, 15, 0, 0, 1))],
  ] as const)('%s', (_, [crm, opc2], value, word, syndrome) => {
    const machine = machineOf().setCp15(4, 1, crm, opc2, value).code(CODE, [word, SELF]).at(CODE, MASKED.SVC).run(2);
    expect([machine.pc, hsrOf(machine).toString(16)]).toEqual([HYP_TRAP, syndrome.toString(16)]);
  });

  it('wait for what must not be done anyhow', () => {
    const machine = machineOf().setCp15(4, 1, 1, 0, 1 << 18);
    machine
      .code(CODE, [mrc(0, 5, 0, 1, 0), SELF])
      .at(CODE, USR)
      .run(2);
    expect(machine.pc).toBe(4);
  });
});
