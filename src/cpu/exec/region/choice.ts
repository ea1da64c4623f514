// The code of a choice (if-conversion.ts): both arms one after the other on the same registers, and a select for every register that one of
// them writes.
import type { Banks } from '../../isa/register-file.ts';
import type { FunctionWriter } from '../../wasm/writer.ts';
import type { Arm } from './flow.ts';
import type { RegionInstruction } from './instruction.ts';
import { writtenBy } from './registers.ts';
import type { RegionSemantics } from './semantics.ts';

/** Computes both arms of choices in one function, and keeps the locals for that. */
export class Choices {
  private readonly w: FunctionWriter;
  private readonly banks: Banks;
  private readonly semantics: RegionSemantics;
  private readonly locals: number[] = [];

  constructor(w: FunctionWriter, banks: Banks, semantics: RegionSemantics) {
    this.w = w;
    this.banks = banks;
    this.semantics = semantics;
  }

  /** `lower` writes one instruction's code; local `condition` is not 0 when the first arm is the way. */
  choose(taken: Arm, otherwise: Arm, condition: number, lower: (instruction: RegionInstruction) => void): void {
    const { w } = this;
    const first = this.writtenIn(taken);
    const second = this.writtenIn(otherwise);
    const before = new Map<number, number>();
    const after = new Map<number, number>();
    let used = 0;
    for (const register of new Set([...first, ...second])) {
      before.set(register, this.local(used++));
      w.get(register).set(before.get(register)!);
    }
    for (const instruction of taken.instructions) lower(instruction);
    for (const register of first) {
      after.set(register, this.local(used++));
      w.get(register).set(after.get(register)!).get(before.get(register)!).set(register);
    }
    for (const instruction of otherwise.instructions) lower(instruction);
    for (const [register, old] of before)
      w.get(after.get(register) ?? old)
        .get(register)
        .get(condition)
        .op('select')
        .set(register);
  }

  /** The locals of the registers that an arm writes. */
  private writtenIn({ instructions }: Arm): number[] {
    return [...writtenBy(instructions, this.banks)].map(([offset, bank]) =>
      this.semantics.register(bank, (offset - bank.offset) / bank.size),
    );
  }

  private local(index: number): number {
    this.locals[index] ??= this.w.local('i32', `choice${index}`);
    return this.locals[index];
  }
}
