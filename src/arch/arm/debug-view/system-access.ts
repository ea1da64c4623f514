// Coprocessor instructions by their words: which system register they are about, and who may access it (ARM DDI 0406C: A7.5, B3.17, B1.14).
import { CP14_REGISTERS, CP14_REGISTERS_64 } from '../cp15/debug-registers.ts';
import { RIGHT, type SystemRegister } from '../cp15/description.ts';
import { CP15_REGISTERS, CP15_REGISTERS_64, key32, key64 } from '../cp15/registers.ts';

const field = (word: number, at: number, bits: number): number => (word >>> at) & ((1 << bits) - 1);

/** An MRC, MCR, MRRC or MCRR of coprocessor 14 or 15. */
export interface SystemAccess {
  /** `mcr of SCTLR`, `mrc of CP15 c15, c0, 7 (opc1 4)`. */
  readonly text: string;
  readonly isRead: boolean;
  readonly coprocessor: 14 | 15;
  readonly register: SystemRegister | undefined;
}

/** Number of the coprocessor that a word is an instruction of, in either instruction set (T32: both halfwords); null: none. */
export function coprocessorOf(word: number, thumb: boolean): number | null {
  const isCoprocessor = field(word, 26, 2) === 3 && field(word, 24, 2) !== 3;
  if (!isCoprocessor || (thumb && word >>> 28 < 14)) return null;
  return field(word, 8, 4);
}

/** Of the word of a coprocessor instruction; null when it is no access to a system register. */
export function systemAccess(word: number): SystemAccess | null {
  const coprocessor = field(word, 8, 4);
  if (coprocessor !== 14 && coprocessor !== 15) return null;
  const isRead = field(word, 20, 1) === 1;
  const [crn, crm, opc2] = [field(word, 16, 4), field(word, 0, 4), field(word, 5, 3)];
  if (field(word, 24, 4) === 14 && field(word, 4, 1) === 1) {
    const opc1 = field(word, 21, 3);
    const registers = coprocessor === 15 ? CP15_REGISTERS : CP14_REGISTERS;
    const place = `CP${coprocessor} c${crn}, ${opc1}, c${crm}, ${opc2}`;
    return accessOf(isRead ? 'mrc' : 'mcr', coprocessor, isRead, registers.get(key32(opc1, crn, crm, opc2)), place);
  }
  if (field(word, 21, 7) !== 0x62) return null;
  const opc1 = field(word, 4, 4);
  const registers = coprocessor === 15 ? CP15_REGISTERS_64 : CP14_REGISTERS_64;
  const place = `CP${coprocessor} ${opc1}, c${crm} (64 bits)`;
  return accessOf(isRead ? 'mrrc' : 'mcrr', coprocessor, isRead, registers.get(key64(opc1, crm)), place);
}

function accessOf(
  mnemonic: string,
  coprocessor: 14 | 15,
  isRead: boolean,
  register: SystemRegister | undefined,
  place: string,
): SystemAccess {
  return { text: `${mnemonic} of ${register ? register.name : place}`, isRead, coprocessor, register };
}

/** The access that a trap to Hyp mode tells of: HSR's class and ISS. */
export function trappedAccess(ec: number, iss: number): SystemAccess | null {
  const isRead = (iss & 1) === 1;
  const crm = field(iss, 1, 4);
  if (ec === 3 || ec === 5) {
    const [opc2, opc1, crn] = [field(iss, 17, 3), field(iss, 14, 3), field(iss, 10, 4)];
    const coprocessor = ec === 3 ? 15 : 14;
    const registers = ec === 3 ? CP15_REGISTERS : CP14_REGISTERS;
    const place = `CP${coprocessor} c${crn}, ${opc1}, c${crm}, ${opc2}`;
    return accessOf(isRead ? 'mrc' : 'mcr', coprocessor, isRead, registers.get(key32(opc1, crn, crm, opc2)), place);
  }
  if (ec !== 4 && ec !== 0xc) return null;
  const opc1 = field(iss, 16, 4);
  const registers = ec === 4 ? CP15_REGISTERS_64 : CP14_REGISTERS_64;
  const place = `CP${ec === 4 ? 15 : 14} ${opc1}, c${crm} (64 bits)`;
  return accessOf(isRead ? 'mrrc' : 'mcrr', ec === 4 ? 15 : 14, isRead, registers.get(key64(opc1, crm)), place);
}

/** What lets User mode access a register of such a right. */
const USER_CONTROLS: ReadonlyMap<number, string> = new Map([
  [RIGHT.MONITOR, 'PMUSERENR.EN'],
  [RIGHT.PHYSICAL_COUNTER, 'CNTKCTL.PL0PCTEN'],
  [RIGHT.VIRTUAL_COUNTER, 'CNTKCTL.PL0VCTEN'],
  [RIGHT.ANY_COUNTER, 'CNTKCTL.PL0PCTEN or PL0VCTEN'],
  [RIGHT.PHYSICAL_TIMER, 'CNTKCTL.PL0PTEN'],
  [RIGHT.VIRTUAL_TIMER, 'CNTKCTL.PL0VTEN'],
]);

/** Why an access is UNDEFINED, for who is in User mode or not, in Hyp mode or not; null: it should not be. */
export function whyUndefined(access: SystemAccess, isUser: boolean | null, isHyp: boolean): string | null {
  const { register, isRead, text } = access;
  if (!register) return `${text}: this CPU has no such register`;
  const right = isRead ? register.read : register.write;
  if (right === RIGHT.NONE) return `${register.name} is ${isRead ? 'write-only' : 'read-only'}`;
  if (right === RIGHT.HYP && !isHyp) return `${register.name} is there in Hyp mode only`;
  if (right === RIGHT.BARRIER) return 'CP15 barriers are off (SCTLR.CP15BEN=0)';
  if (isUser && right === RIGHT.PL1) return `${register.name} is for PL1, and this was user mode`;
  const control = USER_CONTROLS.get(right);
  return isUser && control ? `${register.name} is not open to user mode (${control})` : null;
}
