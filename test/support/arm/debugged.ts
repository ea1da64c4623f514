// A vCPU of a SystemMachine as debuggers see it, and explanations of what it runs into.
import { armDebugView } from '../../../src/arch/arm/debug-view/index.ts';
import { armv7 } from '../../../src/arch/arm/index.ts';
import type { Core } from '../../../src/cpu/exec/core.ts';
import { DebugPort } from '../../../src/cpu/exec/debug-port.ts';
import type { DebuggedCpu, ExceptionReport, ExplainContext } from '../../../src/cpu/isa/debug-view.ts';
import { Disassembler } from '../../../src/cpu/isa/disassembler.ts';
import { KvmError } from '../../../src/kvm/errors.ts';
import type { SystemMachine } from '../../unit/arch/arm/system-machine.ts';

const disassembler = new Disassembler(armv7.rows, armv7.syntax);
const FIRST_WIDE = 0xe800;

export function debuggedCpu({ vm, vcpu }: SystemMachine): DebuggedCpu {
  const port = new DebugPort(Reflect.get(vm, 'core') as Core, vcpu.id);
  return {
    id: vcpu.id,
    oneReg: (id) => {
      try {
        return vcpu.getOneReg(id);
      } catch (error) {
        if (error instanceof KvmError) return undefined;
        throw error;
      }
    },
    bank: (name, index) => port.bank(name, index),
    translate: (address, access, asUser) => port.translate(address, access, asUser),
    physicalWord: (address) => (vm.memory.contains(address, 4) ? vm.memory.readU32(address, 'little') : undefined),
    exceptions: () => port.exceptions(),
  };
}

/** Reads code where it translates to; no symbols. */
export function explainContext(cpu: DebuggedCpu): ExplainContext {
  const halfword = (address: number): number | null => {
    const found = cpu.translate(address, 'fetch');
    const word = found.outcome === 'physical' ? cpu.physicalWord(found.physical & ~3) : undefined;
    return word === undefined ? null : (word >>> (8 * (address & 2))) & 0xffff;
  };
  const word = (pc: number): number | null => {
    const [first, second] = [halfword(pc & ~1), halfword((pc & ~1) + 2)];
    if (first === null) return null;
    if ((pc & 1) === 1 && first < FIRST_WIDE) return first;
    if (second === null) return null;
    return ((pc & 1) === 1 ? (first << 16) | second : (second << 16) | first) >>> 0;
  };
  const instruction = (pc: number): string | null => {
    const found = word(pc);
    return found === null ? null : disassembler.disassemble(found, pc);
  };
  return { instruction, word, symbolize: () => null };
}

/** What `why` says of the machine's last exception. */
export function whyOf(machine: SystemMachine): ExceptionReport {
  const cpu = debuggedCpu(machine);
  const [exception] = cpu.exceptions();
  if (!exception) throw new Error('it took no exception');
  return armDebugView.explain(cpu, exception, true, explainContext(cpu));
}
