// What an instruction asks user space for beside MMIO: how it says so in the exit box, and that the run ends.
import { createExitBox, type ExitBox } from './exit-box.ts';
import { WHY, WORD } from './layout.ts';

export abstract class ExitRequests {
  /** Answers and exits of the vCPU that runs. */
  exits: ExitBox = createExitBox();
  abstract readonly i32: Int32Array;
  /** Does the program run? */
  abstract readonly running: boolean;
  abstract cut(): void;

  hypercall(): boolean {
    const { exits } = this;
    if (exits.hypercall === 'answered') {
      exits.hypercall = 'none';
      return true;
    }
    exits.hypercall = 'asked';
    this.i32[WORD.WHY >>> 2] = WHY.EXIT;
    return false;
  }

  get hypercallAnswered(): boolean {
    return this.exits.hypercall === 'answered';
  }

  get hypercallResult(): number {
    return this.exits.hypercallResult;
  }

  /** The running vCPU leaves with KVM_EXIT_SYSTEM_EVENT after this instruction. */
  requestSystemEvent(type: number, flags: number): void {
    if (!this.running) throw new Error('a system event without a vCPU that runs');
    this.exits.systemEvent = { type, flags };
    this.cut();
  }

  shutdown(): void {
    this.exits.shutdown = true;
    this.i32[WORD.WHY >>> 2] = WHY.EXIT;
  }

  unemulated(message: string): void {
    this.exits.unemulated = message;
    this.i32[WORD.WHY >>> 2] = WHY.EXIT;
  }
}
