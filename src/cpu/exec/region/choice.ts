// The code of a choice (if-conversion.ts): both arms one after the other on the same registers, and a select for every register that one of
// them writes.
import type { FunctionWriter } from '../../wasm/writer.ts';
import type { Arm } from './graph.ts';
import type { Registers } from './instruction.ts';
import type { RegisterLocals } from './keeping.ts';
import { writtenBy } from './registers.ts';

/** Computes both arms of choices in one function, and keeps the locals for that. */
export class Choices {
  private readonly w: FunctionWriter;
  private readonly registers: RegisterLocals;
  private readonly locals: number[] = [];

  constructor(w: FunctionWriter, registers: RegisterLocals) {
    this.w = w;
    this.registers = registers;
  }

  /**
   * `lower` writes the code of an arm, which goes no further than the registers' locals; local `condition` is not 0 when the first arm is the
   * way. Returns the registers that have been written.
   */
  choose(taken: Arm, otherwise: Arm, condition: number, lower: (arm: Arm) => void): Registers {
    const { w, registers } = this;
    const first = writtenBy(taken.instructions);
    const written = new Map([...first, ...writtenBy(otherwise.instructions)]);
    const before = new Map<number, number>();
    const after = new Map<number, number>();
    let used = 0;
    for (const [offset, bank] of written) {
      before.set(offset, this.local(used++));
      w.get(registers.at(offset, bank)).set(before.get(offset)!);
    }
    lower(taken);
    for (const [offset, bank] of first) {
      const register = registers.at(offset, bank);
      after.set(offset, this.local(used++));
      w.get(register).set(after.get(offset)!).get(before.get(offset)!).set(register);
    }
    lower(otherwise);
    for (const [offset, bank] of written) {
      const register = registers.at(offset, bank);
      w.get(after.get(offset) ?? before.get(offset)!)
        .get(register)
        .get(condition)
        .op('select')
        .set(register);
    }
    return written;
  }

  private local(index: number): number {
    this.locals[index] ??= this.w.local('i32', `choice${index}`);
    return this.locals[index];
  }
}
