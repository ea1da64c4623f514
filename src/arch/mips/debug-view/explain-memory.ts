// Why an access to memory has failed: which pointer it was, what the translation says, and what that is likely to mean (MIPS32 Volume III: 4, 6.2).
import { hex } from '../../../util/bits.ts';
import { EXC } from '../registers.ts';
import { accessOf } from './exceptions.ts';
import { explainFetch } from './explain-fetch.ts';
import { type MemoryOperand, memoryOperand } from './operands.ts';
import { type Suspicion, suspectAddress, suspectValue } from './pointers.ts';
import { SP } from './registers.ts';
import { type Explanation, gprName, place, registerIs, registerNow, type Scene } from './scene.ts';
import { lookUp, REFILLED, segmentOf, summary, walk } from './translation.ts';

const FP = 30;
const PAGE = 0x1000;
/** How far below sp an access is still one of the stack. */
const NEAR_STACK = 0x10000;

const UNALIGNED = 'data that may be unaligned takes lwl and lwr, or loads of bytes (get_unaligned() in Linux)';
const LINKED = 'LL and SC have no form for unaligned data';

/** The pointer of a load or store as it was. */
interface Pointer {
  readonly register: number;
  readonly value: number;
  /** Is that what the register has now? */
  readonly isNow: boolean;
}

export function explainMemory(scene: Scene): Explanation {
  const { exception, code } = scene;
  const access = accessOf(exception);
  const about = hex(exception.address >>> 0);
  if (access === 'fetch') return { about, ...explainFetch(scene) };
  const operand = scene.word === null ? null : memoryOperand(scene.word);
  const pointer = operand === null ? null : pointerOf(scene, operand);
  const operands = operand === null || pointer === null ? [] : operandTexts(scene, operand, pointer);
  const why =
    code === EXC.AdEL || code === EXC.AdES ? addressError(scene, operand, pointer) : notMapped(scene, pointer);
  return { about, operands, ...why };
}

/** The base is known from the address, whatever the register has now. */
function pointerOf(scene: Scene, { base, offset, index }: MemoryOperand): Pointer | null {
  const address = scene.exception.address >>> 0;
  const now = registerNow(scene, base);
  const displacement = offset ?? registerNow(scene, index);
  // Some instructions report a byte of theirs other than the first.
  const isNow = Math.abs(address - ((now + displacement) >>> 0)) < 8;
  if (isNow) return { register: base, value: now, isNow };
  return offset === null ? null : { register: base, value: (address - offset) >>> 0, isNow };
}

function operandTexts(scene: Scene, { offset, index, stored }: MemoryOperand, { register, value, isNow }: Pointer) {
  const texts = register === 0 ? [] : [`${registerIs(register, value)}${isNow ? '' : ' then'}`];
  if (offset === null) texts.push(registerIs(index, registerNow(scene, index)));
  if (stored !== null && stored !== 0 && stored !== register && isNow)
    texts.push(registerIs(stored, registerNow(scene, stored)));
  return texts;
}

function addressError(scene: Scene, operand: MemoryOperand | null, pointer: Pointer | null): Explanation {
  const address = scene.exception.address >>> 0;
  const { alignment } = operand ?? { alignment: 1 };
  const suspicion = suspect(scene, pointer);
  if (address % alignment !== 0) {
    const fact = `${hex(address)} is no multiple of ${alignment}`;
    if (suspicion) return { fact, ...suspicion };
    return {
      ...{ fact, cause: 'unaligned pointer' },
      details: [operand?.isLinked ? LINKED : UNALIGNED],
    };
  }
  const segment = segmentOf(scene.cpu, address);
  if (segment.kernelOnly) {
    const fact = `${segment.name} address, ${segment.text}, from user mode`;
    return { fact, cause: 'user access to kernel memory', ...suspicion };
  }
  return { fact: 'the address would be allowed as the registers are now' };
}

function notMapped(scene: Scene, pointer: Pointer | null): Explanation {
  const { cpu, exception, code, fromUser } = scene;
  const address = exception.address >>> 0;
  const isWrite = code !== EXC.TLBL;
  const now = walk(cpu, address, isWrite ? 'write' : 'read', fromUser);
  const isAsThen = now.translation.outcome !== 'fault' || now.translation.trap === exception.trap;
  const fact = `${summary(cpu, address, isWrite)}${isAsThen ? '' : ' now'}`;
  // Whatever such an address looks like: it was right.
  if (now.translation.outcome !== 'fault') return { fact, ...REFILLED };
  const suspicion = suspect(scene, pointer);
  if (suspicion) return { fact, ...suspicion };
  if (code === EXC.Mod) return { fact, ...readOnly(scene, address) };
  const { elsewhere, entry } = lookUp(cpu, address);
  const stack = stackTrouble(scene, pointer, address);
  if (stack) return { fact, ...stack };
  if (entry === undefined && elsewhere.length > 0)
    return {
      ...{ fact, cause: 'wrong address space' },
      details: ["EntryHi.ASID was not switched, or the pointer is another process's"],
    };
  return { fact, ...missing(scene, address, entry !== undefined) };
}

function missing({ fromUser, cpu }: Scene, address: number, isThere: boolean): Suspicion {
  const page = isThere ? 'the page is in the TLB as one that is not present' : 'nobody has put the page into the TLB';
  if (fromUser)
    return {
      cause: 'user program without that page',
      details: [`${page}: a wild pointer, or a page that the kernel brings in when it is touched`],
    };
  const { name } = segmentOf(cpu, address);
  if (name === 'useg')
    return {
      cause: 'kernel access to user memory that is not mapped',
      details: [`${page}: a wild pointer, or one of a user program that was not checked`],
    };
  return {
    cause: 'missing mapping',
    details: [`${page}: memory that was unmapped (vmalloc, a module, ioremap), or a wild pointer`],
  };
}

function readOnly(scene: Scene, address: number): Suspicion {
  const symbol = scene.context.symbolize(address);
  return {
    cause: symbol === null ? 'write to a read-only page' : `write to read-only memory, ${symbol}`,
    details: ['code and constants are mapped so; and pages whose first write the kernel wants to see (copy-on-write)'],
  };
}

/** What the pointer's value alone says; then what the address says. */
function suspect(scene: Scene, pointer: Pointer | null): Suspicion | undefined {
  const address = scene.exception.address >>> 0;
  if (pointer === null) return suspectAddress(address, scene.isBigEndian);
  const { register, value } = pointer;
  const name = gprName(register);
  if (value === 0 && register !== 0 && register !== SP) {
    const details =
      address === 0 ? [] : [`${name} is NULL, and ${offsetText(address)} the offset of what was accessed`];
    return { cause: 'NULL dereference', details };
  }
  if (register === SP) return undefined;
  if (register === 0) return suspectAddress(address, scene.isBigEndian);
  const known = suspectValue(value, name, scene.isBigEndian);
  if (known) return known;
  return address < PAGE ? suspectAddress(address, scene.isBigEndian) : undefined;
}

function offsetText(address: number): string {
  const signed = address | 0;
  return signed < 0 ? `-${hex(-signed, 1)}` : hex(signed, 1);
}

/** By sp, or a little below it: a stack that has grown out of its memory, or an sp that is none. */
function stackTrouble(scene: Scene, pointer: Pointer | null, address: number): Suspicion | undefined {
  const { cpu, fromUser } = scene;
  const bySp = pointer?.register === SP || pointer?.register === FP;
  const sp = pointer?.register === SP ? pointer.value : registerNow(scene, SP);
  const isNear = address >= sp - NEAR_STACK && address < sp + PAGE;
  if (!bySp && !isNear) return undefined;
  const above = ((address | (PAGE - 1)) + 1) >>> 0;
  const isMappedAbove = walk(cpu, above, 'write', fromUser).translation.outcome === 'physical';
  if (isMappedAbove)
    return {
      cause: 'stack overflow',
      details: [
        `the page above, at ${place(scene, above)}, is mapped; sp = ${hex(sp)}: the stack has outgrown its memory`,
      ],
    };
  if (!bySp) return undefined;
  return {
    cause: 'a stack pointer that leads nowhere',
    details: [`sp = ${hex(sp)}: no stack was set up, or sp was lost`],
  };
}
