// The MIPS32 release 2 architecture, trap-and-emulate mode, as the emulated core takes it.
import type { ArchitectureDefinition } from '../../cpu/isa/architecture.ts';
import { HELPERS, MipsCore } from './core.ts';
import { MipsEmitter } from './emitter.ts';
import { EVENTS } from './events.ts';
import { RESERVED_INSTRUCTION, ROUTINES } from './exceptions.ts';
import { ARITHMETIC_ROWS } from './insns/arithmetic.ts';
import { CONTROL_ROWS } from './insns/control.ts';
import { MEMORY_ROWS, unalignedRows } from './insns/memory.ts';
import { SYSTEM_ROWS } from './insns/system.ts';
import { BANKS } from './registers.ts';

const NOP = 0;

/** BEQ rs,rs,. / BGEZ $0,. / BLEZ $0,. / J . */
function isSelfJump(word: number, offset: number, pc?: number): boolean {
  const opcode = word >>> 26;
  if (opcode === 2) {
    const index = word & 0x3ffffff;
    if (pc !== undefined) return index === ((pc >>> 2) & 0x3ffffff);
    return (index & 0x3ff) === offset >>> 2;
  }
  if ((word & 0xffff) !== 0xffff) return false;
  const rs = (word >>> 21) & 31;
  const rt = (word >>> 16) & 31;
  return (
    (opcode === 4 && rs === rt) || (opcode === 1 && rs === 0 && rt === 1) || (opcode === 6 && rs === 0 && rt === 0)
  );
}

/** Trap-and-emulate MIPS of one byte order. */
export function mipsTrapAndEmulate(endianness: 'little' | 'big'): ArchitectureDefinition {
  return {
    name: endianness === 'little' ? 'mipsel-te' : 'mips-te',
    rows: [...ARITHMETIC_ROWS, ...CONTROL_ROWS, ...MEMORY_ROWS, ...unalignedRows[endianness], ...SYSTEM_ROWS],
    banks: BANKS,
    routines: ROUTINES,
    helpers: HELPERS,
    events: EVENTS,
    privileges: 2,
    reservedInstruction: RESERVED_INSTRUCTION,
    raise: 'raise',
    nop: NOP,
    isSelfJump,
    createEmitter: (banks, observing) => new MipsEmitter(banks, observing),
    createModel: (services, options) => new MipsCore(services, options),
  };
}
