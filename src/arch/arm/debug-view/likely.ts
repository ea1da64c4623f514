// What an abort most likely comes from: the rules of thumb of people who read oopses.
import type { ExplainContext, Walk } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { MODE, PSR } from '../registers.ts';
import type { MemoryOperand } from './operands.ts';
import { fromUser, type Scene } from './scene.ts';
import { mmuOn } from './state.ts';
import { type FaultStatus, faultStatus } from './status.ts';

const FIRST_PAGE = 0x1000;
/** Linux's MAX_ERRNO: pointers above this are -errno. */
const FIRST_ERROR = 0xfffff001;
/** What allocators fill freed or fresh memory with, and debuggers' words. */
const POISONS: ReadonlyMap<number, string> = new Map([
  [0x6b6b6b6b, 'freed memory (POISON_FREE)'],
  [0x5a5a5a5a, 'memory that was never initialised (POISON_INUSE)'],
  [0xa5a5a5a5, 'memory that was never initialised (0xa5)'],
  [0xdeadbeef, '0xdeadbeef'],
  [0xdecafbad, 'a register that was never set (KVM fills those with 0xdecafbad)'],
]);
const LIST_POISONS: ReadonlyMap<number, string> = new Map([
  [0x100, 'LIST_POISON1'],
  [0x122, 'LIST_POISON2'],
  [0x200, 'LIST_POISON2'],
]);
const STACK_REACH = 0x2000;
const SP = 13;

export interface AbortFacts {
  readonly scene: Scene;
  readonly address: number;
  readonly status: FaultStatus;
  /** Of the mode that it was taken from. */
  readonly walk: Walk;
  readonly context: ExplainContext;
}

/** What makes a pointer wrong by its value alone; null: nothing. */
function badValue(name: string, value: number, offset: number): string | null {
  const away = offset === 0 ? '' : `, at offset ${offset < 0 ? `-${hex(-offset, 1)}` : hex(offset, 1)}`;
  const list = LIST_POISONS.get(value);
  if (list) return `a list element that was deleted already (${name} is ${list}${away}), or NULL and an offset`;
  const poison = POISONS.get(value);
  if (poison) return `a pointer out of ${poison}: ${name} = ${hex(value)}${away}`;
  if (value === 0) return `NULL dereference (${name} = 0${away})`;
  if (value >= FIRST_ERROR) return `an error value used as a pointer: ${name} = ${value - 0x1_0000_0000}${away}`;
  return null;
}

function byAddress(address: number): string | null {
  if (address < FIRST_PAGE) return `NULL dereference, at offset ${hex(address, 1)}`;
  if (address >= FIRST_ERROR) return `an error value used as a pointer: ${address - 0x1_0000_0000}`;
  const poison = POISONS.get(address - (address % 4)) ?? POISONS.get(((address >>> 16) * 0x10001) >>> 0);
  return poison ? `a pointer out of ${poison}` : null;
}

/** A fault that was to be expected, and that has been seen to; null: it was not. */
function mappedSince({ status, walk }: AbortFacts): string | null {
  const isMapping = ['translation fault', 'permission fault', 'access flag fault'].includes(status.kind);
  const { translation } = walk;
  // A domain that is closed now (a kernel shuts user memory off by DACR while it runs) was open then, and there is a page behind it.
  const isClosed =
    status.kind === 'translation fault' &&
    translation.outcome === 'fault' &&
    faultStatus(translation.trap).kind === 'domain fault';
  return isMapping && (translation.outcome === 'physical' || isClosed)
    ? 'memory that is mapped when it is first touched: the tables have it now'
    : null;
}

/** Of a data abort; `operand` where the registers are still those that it was made with. */
export function likelyOfData(facts: AbortFacts, operand: MemoryOperand | null): string {
  const { scene, address, status, walk, context } = facts;
  const base = operand ? `${operand.base} = ${hex(operand.baseValue)}` : '';
  switch (status.kind) {
    case 'alignment fault':
      return `an unaligned pointer${operand ? `: ${base}` : ''}`;
    case 'domain fault':
      return 'the domain of this memory is closed: DACR was not set, or user memory is touched without opening it';
    case 'access flag fault':
      return 'descriptors without the access flag: it is to be set in tables, or by a handler of this fault';
    case 'external abort':
      return 'a descriptor with an output address that nothing answers';
    case 'external abort on walk':
      return 'a table address that is wrong: TTBR or a table descriptor points outside of memory';
    default:
  }
  const since = mappedSince(facts);
  if (since !== null) return since;
  if (status.stage2) return secondStageCause(status);
  if (operand?.base === 'sp' && isNear(operand.baseValue, address)) return stackOverflow(operand.baseValue);
  const value = operand ? badValue(operand.base, operand.baseValue, operand.address - operand.baseValue) : null;
  if (value !== null) return value;
  if (status.kind === 'permission fault') return permissionCause(facts, context.symbolize(address));
  const known = byAddress(address);
  if (known !== null) return known;
  const sp = scene.register(SP);
  if (sp !== null && isNear(sp, address)) return stackOverflow(sp);
  return unmapped(facts, walk, operand ? `${base} is no pointer to anything` : 'a pointer to nothing');
}

/** Is `address` near the stack pointer? They may be on both sides of 0. */
const isNear = (sp: number, address: number): boolean => Math.abs((sp - address) | 0) < STACK_REACH;
const stackOverflow = (sp: number): string =>
  `stack overflow, or a stack pointer that was never set: sp = ${hex(sp)}, and the stack goes on where nothing is mapped`;

function secondStageCause({ kind, forTable }: FaultStatus): string {
  if (forTable) return "the guest's own tables lie where the hypervisor has mapped nothing, or not for reading";
  if (kind === 'permission fault')
    return 'the hypervisor keeps this memory from the guest: it logs writes, or protects it';
  return 'a device that the hypervisor emulates, or memory that it has not given to the guest';
}

function permissionCause({ scene, walk, address }: AbortFacts, symbol: string | null): string {
  const refused = /(PL[012]) (read|write), .* gives PL[012] (\w+)$/.exec(walk.fault ?? '');
  const where = symbol === null ? '' : ` (${symbol})`;
  if (!refused) return `rights of the page that have changed since${where}`;
  const [, who, , rights] = refused;
  if (rights !== 'none') return `a write to read-only memory${where}`;
  if (who !== 'PL0') return `memory at ${hex(address)} that is closed to everybody${where}`;
  const how = fromUser(scene) === false ? 'an access with user rights (ldrt, strt)' : 'user access';
  return `${how} to kernel memory${where}`;
}

function unmapped({ scene, address }: AbortFacts, walk: Walk, otherwise: string): string {
  const { cpu } = scene;
  const isIdentity = walk.translation.outcome === 'fault' && cpu.physicalWord(address - (address % 4)) !== undefined;
  const mode = scene.psr === null ? MODE.SVC : scene.psr & PSR.M;
  return isIdentity && mmuOn(cpu, mode)
    ? `a missing mapping, or a physical address used as a virtual one: there is RAM at physical ${hex(address)}`
    : `${otherwise}, or a mapping is missing`;
}

/** Of a prefetch abort. */
export function likelyOfFetch(facts: AbortFacts): string {
  const { scene, address, status, walk, context } = facts;
  switch (status.kind) {
    case 'domain fault':
      return 'code in a domain that DACR closes';
    case 'access flag fault':
      return 'descriptors without the access flag: it is to be set in tables, or by a handler of this fault';
    case 'external abort':
    case 'external abort on walk':
      return 'a table or descriptor that points outside of memory';
    case 'debug event':
      return 'a breakpoint instruction that nobody handles';
    default:
  }
  const since = mappedSince(facts);
  if (since !== null) return since;
  if (status.stage2) return secondStageCause(status);
  if (address < FIRST_PAGE) return 'a jump through a NULL pointer';
  const known = byAddress(address);
  if (known !== null) return `a jump through ${known}`;
  const sp = scene.register(SP);
  if (status.kind === 'permission fault') {
    if (/never|writable|UWXN/.test(walk.fault ?? '')) {
      const onStack = sp !== null && isNear(sp, address);
      const what = onStack ? 'code on the stack, or a return address that was overwritten' : 'a jump into data';
      return `${what}: memory that must not be executed`;
    }
    if (/PXN/.test(walk.fault ?? '')) return 'the kernel jumps to user memory';
    const symbol = context.symbolize(address);
    if (/PL0 fetch/.test(walk.fault ?? ''))
      return `a user program jumps into kernel memory${symbol === null ? '' : ` (${symbol})`}`;
    return 'a jump into memory that PL1 must not execute';
  }
  return unmapped(facts, walk, 'a jump through a garbage pointer');
}
