// WFI, WFE and SEV (ARM DDI 0406C: B1.8.13, B1.8.14, B1.14.12).
import type { I32 } from '../../cpu/emit/values.ts';
import type { ArmEmitter } from './emitter.ts';
import { interruptsAsk } from './modes.ts';
import { CP15, HCR, WAITING } from './registers.ts';
import { HSR_EC, TRAP_HYP_NARROW, trapToHyp } from './syndrome.ts';

const ISS_WFE = 1;

function trapWhen(e: ArmEmitter, waits: I32, hcr: number, iss: number): void {
  const code = trapToHyp(HSR_EC.WFX, iss);
  const trapped = e.and(e.isSet(e.cp15(CP15.HCR), hcr), e.eqz(e.isHyp()));
  e.when(e.and(trapped, waits), () => {
    const narrow = e.eq(e.sub(e.nextPc(), e.pc()), e.const(2));
    e.trap(e.select(narrow, e.const(code | TRAP_HYP_NARROW), e.const(code)));
  });
}

/** Wait for an interrupt. */
export function wfi(e: ArmEmitter): void {
  trapWhen(e, e.eqz(interruptsAsk(e)), HCR.TWI, 0);
  e.event('wfi', () => e.eqz(interruptsAsk(e)));
  e.bankWrite('waiting', 0, e.const(WAITING.WFI));
  e.cut();
}

/** Wait for an event; one that has come already is used up. */
export function wfe(e: ArmEmitter): void {
  const sevs = e.bankRead('sevs');
  const came = e.or(e.bankRead('event'), e.ne(sevs, e.bankRead('sevsSeen')));
  const waits = e.eqz(came);
  trapWhen(e, waits, HCR.TWE, ISS_WFE);
  e.bankWrite('event', 0, e.const(0));
  e.bankWrite('sevsSeen', 0, sevs);
  e.bankWrite('waiting', 0, e.select(waits, e.const(WAITING.WFE), e.const(WAITING.NO)));
  e.when(waits, () => {
    e.event('wfe');
    e.cut();
  });
}

/** Send an event to every vCPU of the machine, this one included. */
export function sev(e: ArmEmitter): void {
  e.bankWrite('sevs', 0, e.add(e.bankRead('sevs'), e.const(1)));
}
