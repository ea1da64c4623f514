// table: MIPS32 release 2 privileged instructions, RDHWR and HYPCALL (MIPS32 Volumes II-A and III; HYPCALL: VZ ASE, KVM's
// paravirtual interface). A more specific MFC0/MTC0 row stands for each register with effects of its own.
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { KVM_TRACE_EXIT_WAIT } from '../../../kvm/trace.ts';
import type { MipsEmitter } from '../emitter.ts';
import { CAUSE, CONFIG3_ULRI, CP0, EXC, STATUS, TIMER, TLB_ENTRIES, trapCoprocessor } from '../registers.ts';
import { insn } from './row.ts';

const CP0_REGISTER = {
  derive: {
    register: (raw: RawFields) => raw.rd! * 8 + raw.sel!,
    // The register's number as assemblers write it (rd elsewhere names a general register).
    c0: (raw: RawFields) => raw.rd!,
  },
};

/** Register sets in use: there is one. */
const SRSCTL_CSS = 0xf;
const SRSCTL_PSS = 0xf << 6;

const bits = (value: number, width: number): string => value.toString(2).padStart(width, '0');

/** MFC0 of one register that is computed. */
const mfc0 = (index: number, syntax: string, read: (e: MipsEmitter) => ReturnType<MipsEmitter['cp0']>): Row =>
  insn(
    'mfc0',
    `010000 00000 rt:5 ${bits(index >> 3, 5)} 00000000 ${bits(index & 7, 3)}` as '010000 00000 rt:5 01001 00000000 000',
    `{rt}, ${syntax}`,
    (e, { rt }) => {
      e.requireCp0();
      const value = read(e);
      e.event(
        'mfc0',
        () => e.const(index),
        () => value,
      );
      e.setGpr(rt, value);
    },
  );

/** MTC0 of one register with effects of its own. */
const mtc0 = (
  index: number,
  syntax: string,
  write: (e: MipsEmitter, value: ReturnType<MipsEmitter['cp0']>) => void,
): Row =>
  insn(
    'mtc0',
    `010000 00100 rt:5 ${bits(index >> 3, 5)} 00000000 ${bits(index & 7, 3)}` as '010000 00100 rt:5 01001 00000000 000',
    `{rt}, ${syntax}`,
    (e, { rt }) => {
      e.requireCp0();
      e.event(
        'mtc0',
        () => e.const(index),
        () => e.gpr(rt),
      );
      write(e, e.gpr(rt));
    },
  );

const WRITABLE_CAUSE = CAUSE.DC | CAUSE.IV | CAUSE.IP_SOFTWARE;

const tlbOperation = (mnemonic: string, fn: string, act: (e: MipsEmitter) => void): Row =>
  insn(mnemonic, `010000 1 0000000000000000000 ${fn}` as '010000 1 0000000000000000000 000010', '', (e) => {
    e.requireCp0();
    act(e);
  });

/** The instruction may have unmapped what follows it: its page is looked up anew. */
const tlbWrite = (e: MipsEmitter, index: ReturnType<MipsEmitter['cp0']>): void => {
  e.call('tlbWrite', index);
  e.useTables(e.userMode(e.status()));
};

const interruptEnable = (mnemonic: string, sc: '0' | '1', change: (e: MipsEmitter) => void): Row =>
  insn(
    mnemonic,
    `010000 01011 rt:5 01100 00000 ${sc} 00 000` as '010000 01011 rt:5 01100 00000 0 00 000',
    '[{rt}]',
    (e, { rt }) => {
      e.requireCp0();
      e.setGpr(rt, e.status());
      change(e);
    },
  );

/** RDHWR: kernel mode (or CU0), or enabled by HWREna, else a reserved instruction; and where `exists` says so. */
const rdhwr = (
  register: number,
  syntax: string,
  read: (e: MipsEmitter) => ReturnType<MipsEmitter['cp0']>,
  exists?: (e: MipsEmitter) => ReturnType<MipsEmitter['cp0']>,
): Row =>
  insn(
    'rdhwr',
    `011111 00000 rt:5 ${bits(register, 5)} 00000 111011` as '011111 00000 rt:5 00010 00000 111011',
    `{rt}, ${syntax}`,
    (e, { rt }) => {
      const status = e.and(e.status(), e.const(STATUS.CU0 | STATUS.UM | STATUS.EXL | STATUS.ERL));
      const refused = e.eqz(e.and(e.cp0(CP0.HWRENA), e.const(1 << register)));
      e.when(e.and(e.eq(status, e.const(STATUS.UM)), refused), () => e.reserved());
      if (exists) e.when(e.eqz(exists(e)), () => e.reserved());
      const value = read(e);
      e.exit(EXC.RI);
      e.event(
        'rdhwr',
        () => e.const(register),
        () => value,
      );
      e.setGpr(rt, value);
    },
  );

export const SYNCI_STEP = 32;
const COUNT_RESOLUTION = 2;

/** Instructions of an absent coprocessor: unusable, whatever they say. */
const unusable = (mnemonic: string, opcode: string, unit: number): Row =>
  insn(mnemonic, `${opcode} operation:26` as '010001 operation:26', '{operation}', (e) =>
    e.trap(trapCoprocessor(unit)),
  );

export const SYSTEM_ROWS: readonly Row[] = [
  insn(
    'mfc0',
    '010000 00000 rt:5 rd:5 00000000 sel:3',
    '{rt}, {c0}, {sel}',
    (e, { rt, register }) => {
      e.requireCp0();
      e.event(
        'mfc0',
        () => e.imm(register),
        () => e.cp0(register),
      );
      e.setGpr(rt, e.cp0(register));
    },
    CP0_REGISTER,
  ),
  mfc0(CP0.RANDOM, '$1, 0', (e) => e.call('randomIndex')),
  mfc0(CP0.COUNT, '$9, 0', (e) => e.count()),
  insn(
    'mtc0',
    '010000 00100 rt:5 rd:5 00000000 sel:3',
    '{rt}, {c0}, {sel}',
    (e, { rt, register }) => {
      e.requireCp0();
      e.event(
        'mtc0',
        () => e.imm(register),
        () => e.gpr(rt),
      );
      e.setCp0Masked(register, e.gpr(rt));
    },
    CP0_REGISTER,
  ),
  mtc0(CP0.COUNT, '$9, 0', (e, value) => e.setCount(value)),
  mtc0(CP0.COMPARE, '$11, 0', (e, value) => {
    e.setCp0(CP0.COMPARE, value);
    e.setCp0(CP0.CAUSE, e.and(e.cp0(CP0.CAUSE), e.const(~(CAUSE.TI | CAUSE.IP7))));
    e.timerChanged(TIMER.ACKNOWLEDGED);
  }),
  mtc0(CP0.STATUS, '$12, 0', (e, value) => {
    const writable = e.statusMask();
    const status = e.or(e.and(e.status(), e.not(writable)), e.and(value, writable));
    e.setStatus(status);
    e.when(e.isSet(e.xor(e.status(), status), STATUS.CU1 | STATUS.FR), () => e.helper('fpuModeChanged'));
  }),
  mtc0(CP0.CAUSE, '$13, 0', (e, value) => {
    const old = e.cp0(CP0.CAUSE);
    const cause = e.or(e.and(old, e.const(~WRITABLE_CAUSE)), e.and(value, e.const(WRITABLE_CAUSE)));
    e.setCp0(CP0.CAUSE, cause);
    e.when(e.isSet(e.xor(old, value), CAUSE.DC), () => e.helper('countDisabled'));
    e.cutIfInterrupt(e.status(), cause);
  }),
  mtc0(CP0.ENTRYHI, '$10, 0', (e, value) => {
    const old = e.cp0(CP0.ENTRYHI);
    e.setCp0(CP0.ENTRYHI, e.and(value, e.const(0xffffe0ff)));
    e.when(e.isSet(e.xor(old, value), 0xff), () => {
      e.event(
        'asidChange',
        () => old,
        () => value,
      );
      e.forgetTranslations('not-global');
      e.useTables(e.userMode(e.status()));
    });
  }),
  mtc0(CP0.INDEX, '$0, 0', (e, value) => {
    e.unsupportedIf('MTC0 Index beyond the TLB', e.geU(value, e.const(TLB_ENTRIES)));
    e.setCp0Masked(CP0.INDEX, value);
  }),

  interruptEnable('di', '0', (e) => e.setCp0(CP0.STATUS, e.and(e.status(), e.const(~STATUS.IE)))),
  interruptEnable('ei', '1', (e) => {
    const status = e.or(e.status(), e.const(STATUS.IE));
    e.setCp0(CP0.STATUS, status);
    e.cutIfInterrupt(status, e.cp0(CP0.CAUSE));
  }),
  // One register set: the previous set is the current one.
  insn('rdpgpr', '010000 01010 rt:5 rd:5 00000000000', '{rd}, {rt}', (e, { rt, rd }) => {
    e.requireCp0();
    e.unsupportedIf('RDPGPR');
    e.setGpr(rd, e.gpr(rt));
  }),
  insn('wrpgpr', '010000 01110 rt:5 rd:5 00000000000', '{rd}, {rt}', (e, { rt, rd }) => {
    e.requireCp0();
    e.unsupportedIf('WRPGPR to another register set', e.isSet(e.cp0(CP0.SRSCTL), SRSCTL_CSS | SRSCTL_PSS));
    e.setGpr(rd, e.gpr(rt));
  }),

  tlbOperation('tlbr', '000001', (e) => e.helper('tlbRead')),
  tlbOperation('tlbwi', '000010', (e) => tlbWrite(e, e.and(e.cp0(CP0.INDEX), e.const(TLB_ENTRIES - 1)))),
  tlbOperation('tlbwr', '000110', (e) => tlbWrite(e, e.call('randomIndex'))),
  tlbOperation('tlbp', '001000', (e) => {
    const found = e.call('tlbFind', e.and(e.cp0(CP0.ENTRYHI), e.const(0xffffe000)));
    e.setCp0(CP0.INDEX, e.select(e.ltS(found, e.const(0)), e.const(0x80000000), found));
  }),
  insn('eret', '010000 1 0000000000000000000 011000', '', (e) => {
    e.requireCp0();
    const status = e.status();
    const error = e.isSet(status, STATUS.ERL);
    e.jumpNow(e.select(error, e.cp0(CP0.ERROREPC), e.cp0(CP0.EPC)));
    e.unsupportedIf('ERET outside of an exception', e.eqz(e.and(status, e.const(STATUS.ERL | STATUS.EXL))));
    e.setLlbit(e.const(0));
    e.setStatus(e.and(status, e.select(error, e.const(~STATUS.ERL), e.const(~STATUS.EXL))));
  }),
  insn('wait', '010000 1 code:19 100000', '[{code}]', (e) => {
    e.requireCp0();
    e.exit(KVM_TRACE_EXIT_WAIT);
    e.wait();
  }),
  insn('hypcall', '010000 1 0000 code:10 00000 101000', '[{code}]', (e, { code }) => {
    e.checkCp0();
    e.event('hypcall');
    e.setGpr(2, e.helper('hypercall', e.imm(code)));
  }),

  rdhwr(0, '$0', (e) => e.and(e.cp0(CP0.EBASE), e.const(0x3ff))),
  rdhwr(1, '$1', (e) => e.const(SYNCI_STEP)),
  rdhwr(2, '$2', (e) => e.count()),
  rdhwr(3, '$3', (e) => e.const(COUNT_RESOLUTION)),
  rdhwr(
    29,
    '$29',
    (e) => e.cp0(CP0.USERLOCAL),
    // Trap-and-emulate KVM answers it whatever Config3 says.
    (e) => e.or(e.trapAndEmulate(), e.isSet(e.cp0(CP0.CONFIG3), CONFIG3_ULRI)),
  ),

  unusable('cop2', '010010', 2),
  unusable('lwc2', '110010', 2),
  unusable('ldc2', '110110', 2),
  unusable('swc2', '111010', 2),
  unusable('sdc2', '111110', 2),
  // KVM lets trap-and-emulate guests execute any operation that it does not know (TLBINV, TLBINVF, DERET...): nothing happens.
  insn('c0', '010000 1 operation:25', '{operation}', (e) => {
    e.requireCp0();
    e.when(e.eqz(e.trapAndEmulate()), () => e.reserved());
  }),
  // The least specific row of coprocessor 0: what no other row takes.
  insn('cop0', '010000 operation:26', '{operation}', (e) => {
    e.requireCp0();
    e.unsupportedIf('this CP0 instruction');
    e.reserved();
  }),
];
