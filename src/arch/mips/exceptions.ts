// MIPS exception entry and the random index, written with the emitter: they run in WebAssembly
// (MIPS32 Volume III: exceptions; vectors and Cause as reference MIPS.md A5).
import type { Routine } from '../../cpu/isa/architecture.ts';
import { mips } from './emitter.ts';
import { CAUSE, CP0, EXC, STATUS, TLB_ENTRIES, TRAP_REFILL } from './registers.ts';

const GENERAL_VECTOR = 0x180;
const INTERRUPT_VECTOR = 0x200;

/** (trap code, pc, in a delay slot) -> address of the handler. */
const raise: Routine = {
  name: 'raise',
  parameters: 3,
  build(emitter) {
    const e = mips(emitter);
    const code = e.parameter(0);
    const inSlot = e.parameter(2);
    const status = e.status();
    const cause = e.cp0(CP0.CAUSE);
    const first = e.eqz(e.and(status, e.const(STATUS.EXL)));
    const excCode = e.and(code, e.const(0x1f));
    const unit = e.and(e.shrU(code, e.const(8)), e.const(3));
    const isInterrupt = e.eqz(excCode);

    const base = e.select(
      e.and(status, e.const(STATUS.BEV)),
      e.bootVector(),
      e.and(e.cp0(CP0.EBASE), e.const(0xfffff000)),
    );
    const special = e.select(
      e.and(isInterrupt, e.isSet(cause, CAUSE.IV)),
      e.const(INTERRUPT_VECTOR),
      e.const(GENERAL_VECTOR),
    );
    const offset = e.select(e.and(first, e.isSet(code, TRAP_REFILL)), e.const(0), special);
    const target = e.add(base, offset);

    const cleared = e.and(cause, e.const(~(CAUSE.EXCCODE | CAUSE.CE)));
    const coded = e.or(cleared, e.or(e.shl(excCode, e.const(2)), e.shl(unit, e.const(28))));
    const withSlot = e.or(e.and(coded, e.const(~CAUSE.BD)), e.shl(inSlot, e.const(31)));
    const epc = e.sub(e.parameter(1), e.shl(inSlot, e.const(2)));
    e.event(
      'exception',
      () => excCode,
      () => epc,
    );
    e.setCp0(CP0.CAUSE, e.select(first, withSlot, coded));
    e.setCp0(CP0.EPC, e.select(first, epc, e.cp0(CP0.EPC)));
    e.setCp0(CP0.STATUS, e.or(status, e.const(STATUS.EXL)));
    e.useTables(e.const(0));
    e.return(target);
  },
};

/** () -> a TLB index in [Wired, 63], from guest time and the seed. */
const randomIndex: Routine = {
  name: 'randomIndex',
  parameters: 0,
  build(emitter) {
    const e = mips(emitter);
    const wired = e.and(e.cp0(CP0.WIRED), e.const(TLB_ENTRIES - 1));
    const mixed = e.mul(e.xor(e.low(e.now()), e.seed()), e.const(0x9e3779b1));
    const bits = e.xor(mixed, e.shrU(mixed, e.const(15)));
    e.return(e.add(wired, e.remU(bits, e.sub(e.const(TLB_ENTRIES), wired))));
  },
};

export const EXCEPTION_ROUTINES: readonly Routine[] = [raise, randomIndex];

/** Trap code of a reserved instruction, and of a branch in a delay slot. */
export const RESERVED_INSTRUCTION = EXC.RI;
