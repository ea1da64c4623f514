// Why there was no instruction to be had: jumps through bad pointers, returns to bad addresses, code that ran on into nothing (MIPS32 Volume III:
// 6.2.9, 6.2.10).
import { hex } from '../../../util/bits.ts';
import { EXC } from '../registers.ts';
import { callRegister } from './operands.ts';
import { suspectAddress } from './pointers.ts';
import { RA } from './registers.ts';
import { branchBefore, type Explanation, gprName, instructionAt, place, registerNow, type Scene } from './scene.ts';
import { REFILLED, segmentOf, summary, walk } from './translation.ts';

const PAGE = 0x1000;
const REGISTERS = 32;

export function explainFetch(scene: Scene): Explanation {
  const { cpu, exception, code } = scene;
  const address = exception.address >>> 0;
  if (code === EXC.AdEL) {
    if ((address & 3) !== 0) return { fact: `${hex(address)} is no multiple of 4`, ...unaligned(scene, address) };
    const { name, text } = segmentOf(cpu, address);
    const details = whoJumped(scene, address);
    return { fact: `${name} address, ${text}, from user mode`, cause: 'user program jumped into the kernel', details };
  }
  const fact = summary(cpu, address, false);
  const now = walk(cpu, address, 'fetch', scene.fromUser);
  if (now.translation.outcome === 'physical') return { fact, ...REFILLED };
  if (exception.inSlot)
    return {
      ...{ fact, cause: 'the delay slot is on a page that is not mapped' },
      details: ['the branch is the last instruction of its page'],
    };
  const suspicion = suspectAddress(address, scene.isBigEndian);
  if (suspicion?.cause === 'NULL dereference')
    return { fact, cause: 'jump through a NULL pointer', details: whoJumped(scene, address) };
  if (suspicion) return { fact, cause: suspicion.cause, details: [...suspicion.details, ...whoJumped(scene, address)] };
  const ranOn = ranInto(scene, address);
  if (ranOn) return { fact, ...ranOn };
  return { fact, cause: 'jump to where no code is mapped', details: whoJumped(scene, address) };
}

function unaligned(scene: Scene, address: number): Explanation {
  const suspicion = suspectAddress(address, scene.isBigEndian);
  const details = whoJumped(scene, address);
  if (suspicion && suspicion.cause !== 'NULL dereference')
    return { cause: suspicion.cause, details: [...suspicion.details, ...details] };
  const compressed = 'bit 0 would mean MIPS16e or microMIPS code, which this CPU does not have';
  return {
    cause: 'jump to an unaligned address',
    details: (address & 1) === 0 ? details : [compressed, ...details],
  };
}

/** The page before ends with an instruction that goes on here. */
function ranInto(scene: Scene, address: number): Explanation | undefined {
  if (address % PAGE !== 0 || branchBefore(scene, address) !== null || holders(scene, address).length > 0)
    return undefined;
  const last = instructionAt(scene, address - 4);
  if (last === null) return undefined;
  return { cause: 'code ran on beyond its last page', details: [`the instruction before is ${last}`] };
}

/** General registers that have this value now. */
function holders(scene: Scene, address: number): number[] {
  if (!scene.isLatest || address === 0) return [];
  return Array.from({ length: REGISTERS }, (_, n) => n).filter((n) => registerNow(scene, n) === address);
}

/** Who may have jumped to `address`, as far as the registers still tell. */
function whoJumped(scene: Scene, address: number): string[] {
  if (!scene.isLatest) return [];
  const ra = registerNow(scene, RA);
  if (ra === address)
    return ['ra has the same address: a return with a bad return address (saved on a stack that was overwritten?)'];
  const names = holders(scene, address).map(gprName);
  const held = names.length > 0 ? [`${names.join(', ')} ${names.length > 1 ? 'have' : 'has'} the same address`] : [];
  return [...callLine(scene, address, ra), ...held];
}

/** The last call, by ra; it is the jump itself when its register has the address. */
function callLine(scene: Scene, address: number, ra: number): string[] {
  const { cpu, code, context } = scene;
  const isUserJump = code === EXC.AdEL && (address & 3) === 0;
  const call = branchBefore(scene, ra);
  if (call === null || (isUserJump && segmentOf(cpu, ra).kernelOnly)) return [];
  const register = callRegister(context.word(call) ?? 0);
  const isIt = register !== null && registerNow(scene, register) === address;
  const text = `${instructionAt(scene, call) ?? place(scene, call)} (ra = ${place(scene, ra)})`;
  return [isIt ? `jumped from ${text}` : `the last call was ${text}`];
}
