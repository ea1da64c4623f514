// Where an address leads, each step of it: both table formats, Hyp mode's regime, both stages (ARM DDI 0406C: B3). The outcome, the address and the trap
// code are those of the generated functions of ../mmu/.
import type { DebugAccess, DebuggedCpu, Walk, WalkStep } from '../../../cpu/isa/debug-view.ts';
import { FS, STATUS } from '../mmu/words.ts';
import { ABORT, CP15, HCR, MODE, TRAP } from '../registers.ts';
import { cp15, isSet, mmuOn, modeName, modeOf, usesLongDescriptors } from './state.ts';
import { walkHyp, walkLong, walkSecond } from './walk-long.ts';
import { walkShort } from './walk-short.ts';
import { address40, isRefused, longFault, type Stage, shortFault, type Walking } from './walking.ts';

const PAGE = 0x1000;
const WORD = 0x1_0000_0000;

/** The walk of an access of the current mode. */
export function walk(cpu: DebuggedCpu, address: number, access: DebugAccess): Walk {
  return walkAs(cpu, address, access, modeOf(cpu), false);
}

/** The walk of an access of `mode`; `asUser`: with the rights of User mode, which Hyp mode does not have. */
export function walkAs(cpu: DebuggedCpu, address: number, access: DebugAccess, mode: number, asUser: boolean): Walk {
  const steps: WalkStep[] = [];
  const user = mode === MODE.USR || (asUser && mode !== MODE.HYP);
  const asked: Walking = { cpu, address: address >>> 0, access, user, steps };
  const found = bothStages(asked, mode);
  if (isRefused(found)) {
    const { parts, fault } = found;
    return { steps, translation: { outcome: 'fault', trap: parts | kindOf(access) }, fault };
  }
  return { steps, translation: { outcome: 'physical', physical: found.output } };
}

function kindOf(access: DebugAccess): number {
  if (access === 'fetch') return TRAP.PREFETCH_ABORT;
  return TRAP.DATA_ABORT | (access === 'write' ? ABORT.WRITE : 0);
}

function bothStages(asked: Walking, mode: number): Stage {
  const { cpu, address, access, user, steps } = asked;
  const isHyp = mode === MODE.HYP;
  const hcr = cp15(cpu, CP15.HCR);
  const who = `${modeName(mode)}${user && mode !== MODE.USR ? ', as PL0' : ''} ${access}`;
  steps.push({ what: 'regime', text: `${isHyp ? 'PL2' : user ? 'PL1&0, PL0' : 'PL1&0, PL1'} (${who})` });
  let stage: Stage = { output: address };
  if (mmuOn(cpu, mode)) stage = isHyp ? walkHyp(asked) : firstStage(asked);
  else steps.push({ what: 'stage 1', text: offText(isHyp, hcr) });
  if (!isHyp && isSet(hcr, HCR.VM | HCR.DC) && !isRefused(stage)) {
    const ipa = stage.output;
    const second = walkSecond(asked, ipa - (ipa % PAGE), false);
    stage = isRefused(second) ? second : { output: second.output - (second.output % PAGE) + (ipa % PAGE) };
  }
  if (isRefused(stage) || stage.output < WORD) return stage;
  const fault = `external abort: there is nothing at physical ${address40(stage.output)}`;
  const isLong = isHyp || usesLongDescriptors(cpu);
  return isLong ? longFault(STATUS.EXTERNAL, false, false, fault) : shortFault(FS.EXTERNAL, 0, fault);
}

function firstStage(asked: Walking): Stage {
  return usesLongDescriptors(asked.cpu) ? walkLong(asked) : walkShort(asked);
}

function offText(isHyp: boolean, hcr: number): string {
  if (isHyp) return 'MMU off (HSCTLR.M=0): the address itself';
  if (isSet(hcr, HCR.DC)) return 'off (HCR.DC): the address itself';
  return isSet(hcr, HCR.TGE) ? 'off (HCR.TGE): the address itself' : 'MMU off (SCTLR.M=0): the address itself';
}
