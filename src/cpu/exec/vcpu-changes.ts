// Changes of a vCPU's state that others make: interrupt lines, being switched on. While a vCPU runs (an in-kernel device serves its access, or it asks for it
// by an instruction) the states are in use, so that they wait for the end of the instruction.

/** What the core lends. */
export interface ChangedCore {
  readonly running: boolean;
  readonly active: number;
  /** Another vCPU should run now. */
  yields: boolean;
  activate(vcpu: number): void;
  cut(): void;
}

interface Change {
  readonly vcpu: number;
  readonly wakes: boolean;
  readonly action: () => void;
}

export class VcpuChanges {
  private readonly core: ChangedCore;
  private waiting: Change[] = [];

  constructor(core: ChangedCore) {
    this.core = core;
  }

  get wait(): boolean {
    return this.waiting.length > 0;
  }

  /** Do something to the state of `vcpu`, which is active for it. `wakes`: that may be what it waits for. */
  make(vcpu: number, wakes: boolean, action: () => void): void {
    const { core } = this;
    if (core.running) {
      this.waiting.push({ vcpu, wakes, action });
      core.cut();
      return;
    }
    core.activate(vcpu);
    action();
  }

  /** The run has ended: make what waited for that. */
  apply(): void {
    const { core } = this;
    const running = core.active;
    for (const { vcpu, wakes, action } of this.waiting) {
      core.activate(vcpu);
      action();
      if (wakes && vcpu !== running) core.yields = true;
    }
    this.waiting = [];
    core.activate(running);
  }
}
