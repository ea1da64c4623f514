// One vCPU behind the KVM contract: KVM_RUN as enter(), registers, interrupts (virt/kvm and arch/mips/kvm/mips.c order: finish the
// pending access, then immediate_exit, then enter).
import { Errno, ExitReason, KVM_INTERNAL_ERROR_EMULATION } from '../../kvm/constants.ts';
import type { KvmInterrupt, KvmRegs, Vcpu, VcpuWait } from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';
import { createKvmRun, type KvmRun } from '../../kvm/run.ts';
import type { VcpuStats } from '../../kvm/stats.ts';
import {
  KVM_TRACE_EXIT_SIGNAL,
  KVM_TRACE_EXIT_WAIT,
  KVM_TRACE_MMIO_READ,
  KVM_TRACE_MMIO_READ_UNSATISFIED,
} from '../../kvm/trace.ts';
import { Access, type OneReg } from '../isa/architecture.ts';
import type { Core } from './core.ts';
import { answerRead, createExitBox, type ExitBox } from './exit-box.ts';
import { fromGuestOrder, toGuestOrder } from './host-memory.ts';
import { WHY, WORD } from './layout.ts';
import { RefusedCalls } from './refused-calls.ts';
import { readRegisters, writeRegisters } from './vcpu-registers.ts';

const EINTR = -Errno.EINTR;
const HYPERCALL_ARGS = 6;

export class EmulatedVcpu extends RefusedCalls implements Vcpu {
  readonly id: number;
  readonly run: KvmRun = createKvmRun();
  private readonly core: Core;
  private readonly find: (id: number) => EmulatedVcpu | undefined;
  private readonly checkExtension: (cap: number) => number;
  private readonly exits: ExitBox = createExitBox();
  private readonly byId = new Map<bigint, OneReg>();
  private wait: VcpuWait = 'none';
  private gaveWay = false;
  private wakeInstant = Number.POSITIVE_INFINITY;

  constructor(
    id: number,
    core: Core,
    find: (id: number) => EmulatedVcpu | undefined,
    checkExtension: (cap: number) => number,
  ) {
    super();
    this.id = id;
    this.core = core;
    this.find = find;
    this.checkExtension = checkExtension;
    core.activate(id);
    core.model.reset(id);
    core.pc = core.model.resetPc();
    for (const register of core.model.oneRegs()) this.byId.set(register.id, register);
  }

  get waiting(): VcpuWait {
    return this.wait;
  }

  get deaf(): boolean {
    this.core.activate(this.id);
    return this.wait === 'wait' && !this.core.model.wakeable();
  }

  get wakeAt(): number {
    return this.wakeInstant;
  }

  get yielded(): boolean {
    return this.gaveWay;
  }

  get runnable(): boolean {
    if (this.wait !== 'wait') return true;
    const { core } = this;
    core.activate(this.id);
    const { model } = core;
    return model.pending() || (model.timerWakes(false) && model.timerDeadline() <= core.clock.now);
  }

  enter(deadline: number): number {
    const { core, run } = this;
    const { observer } = core;
    core.exits = this.exits;
    core.schedule(this.id);
    core.yields = false;
    observer.forget();
    const result = this.execute(deadline);
    if (observer.tracing) observer.trace({ event: 'kvm_userspace_exit', reason: run.exitReason, errno: result });
    return result;
  }

  private execute(deadline: number): number {
    const { core, run, exits } = this;
    const waited = this.wait === 'wait';
    this.wait = 'none';
    this.gaveWay = false;
    this.wakeInstant = Number.POSITIVE_INFINITY;
    this.takeAnswers();
    if (this.showWrite() || this.showSystemEvent()) return 0;
    if (exits.answered > 0 || exits.hypercall === 'answered') {
      const ended = this.step();
      if (ended !== undefined) return ended;
    }
    if (run.immediateExit) {
      if (core.model.isWaiting()) this.note('wait', core.model.timerWakes(false)); // exit_reason stays what it was
      return EINTR;
    }
    if (core.yields) return this.givesWay();
    if (!core.observer.tracing) return this.loop(deadline, waited);
    core.observer.trace({ event: 'kvm_enter', pc: core.pc });
    const result = this.loop(deadline, waited);
    core.observer.trace({ event: 'kvm_out', pc: core.pc });
    return result;
  }

  /** `waited`: the last KVM_RUN came back because the guest waits. */
  private loop(deadline: number, waited: boolean): number {
    const { core } = this;
    const { model, clock, observer } = core;
    for (;;) {
      const now = clock.now;
      model.updateTimers(now);
      if (model.isWaiting()) {
        model.wake();
        if (model.isWaiting()) return this.waits('wait', model.timerWakes(false));
        if (waited) observer.count('halt_wakeup');
      }
      // One may let in another, which goes to a mode that is more privileged.
      for (let trap = model.interrupt(); trap >= 0; trap = model.interrupt()) core.raise(trap, false);
      if (now >= deadline) {
        observer.count('signal');
        if (observer.tracing) observer.trace({ event: 'kvm_exit', pc: core.pc, reason: KVM_TRACE_EXIT_SIGNAL });
        return this.interrupted();
      }
      observer.goesOn(core.pc);
      const until = Math.min(deadline, model.timerDeadline());
      const budget = Math.ceil((until - now) / clock.nsPerInstruction);
      const ended = this.handle(core.run(Math.max(1, Math.min(budget, core.longestRun))), deadline);
      if (ended !== undefined) return ended;
      if (core.yields) return this.givesWay();
    }
  }

  /** Run one step: the instruction that has its answers. A number is enter's result, undefined means go on. */
  private step(): number | undefined {
    const { core, exits } = this;
    const before = core.clock.instructions;
    let ended: number | undefined;
    do {
      exits.answersUsed = 0;
      const why = core.run(1);
      if (why === WHY.SPIN) break; // user space moved the pc to a jump to itself, which loop() knows how to take
      ended = this.handle(why, Number.POSITIVE_INFINITY);
    } while (ended === undefined && core.clock.instructions === before); // only a fetch entry was filled
    // Committed, or another instruction ran in its place (user space moved the pc, an exception came first): answers are for one step.
    // One that the host holds back is not over.
    const isHeld = ended === EINTR && core.clock.instructions === before;
    if (exits.read === null && !isHeld) exits.answered = 0;
    if (exits.hypercall === 'answered') exits.hypercall = 'none';
    return ended;
  }

  /** What to do when the program returned; a number is enter's result, undefined means go on. */
  private handle(why: number, deadline: number): number | undefined {
    const { core } = this;
    core.observer.instructionDone(core.pc);
    switch (why) {
      case WHY.BUDGET:
        if (core.model.isWaiting()) this.waitExecuted();
        return this.showWrite() || this.showSystemEvent() ? 0 : undefined;
      case WHY.FETCH:
        return this.fetch();
      case WHY.EXIT: {
        const at = core.pc; // in a delay slot, the slot's
        core.rewindToBranch();
        return this.takeHeld() ? this.interrupted() : this.showExit(at);
      }
      case WHY.SPIN:
        return this.spin(deadline);
      case WHY.WATCH:
        return this.watched(deadline);
      default:
        throw new Error(`the program ended with ${why}`);
    }
  }

  private fetch(): number | undefined {
    const { core } = this;
    const outcome = core.fetch();
    if (outcome === 'unemulated') {
      const at = core.pc;
      core.rewindToBranch();
      this.exits.unemulated = 'instruction fetch where there is no memory';
      return this.showExit(at);
    }
    if (outcome === 'filled') {
      core.rewindToBranch();
      return undefined;
    }
    core.clock.retire(1); // an exception counts like an instruction
    core.raise(outcome, core.i32[WORD.IN_SLOT >>> 2] !== 0);
    return undefined;
  }

  /** Has the instruction left because the host wants the vCPU to stand before an access of it? */
  private takeHeld(): boolean {
    const { exits } = this;
    const { held } = exits;
    exits.held = false;
    if (held) {
      exits.answersUsed = 0;
      exits.writes.length = 0; // it will make them again
    }
    return held;
  }

  /** An instruction that the host watches: tell it, and run the instruction, unless it wants the vCPU to stand before it. */
  private watched(deadline: number): number | undefined {
    const { core } = this;
    const { set, address } = core.place(core.pc);
    const host = core.hostAddress(address, Access.FETCH);
    if (host === undefined) throw new Error('a watched instruction that is not there');
    if (core.i32[WORD.IN_SLOT >>> 2] !== 0) core.rewindToBranch();
    else if (core.watch.executes(this.id, address, host)) return this.interrupted();
    else if (core.codePages.idles(host, set)) return this.spin(deadline);
    return core.codePages.asPlain(host, set, () => this.handle(core.run(1), deadline));
  }

  /** A jump to itself with nothing in its slot: skip to the deadline as if it had run. */
  private spin(deadline: number): number | undefined {
    const { core } = this;
    const { model, clock } = core;
    const { set, address } = core.place(core.pc);
    const host = core.hostAddress(address, Access.FETCH);
    if (host === undefined) throw new Error('a self-jump without an instruction');
    const { architecture } = core.program;
    const word = set === 0 ? core.i32[host >>> 2]! : core.i32[host >>> 2]! >>> (8 * (host & 2));
    if (!architecture.isSelfJump(word, address & 0xfff, core.pc))
      return core.codePages.asPlain(host, set, () => this.handle(core.run(1), deadline));
    // No time passes: whoever drives the vCPU decides what happens when nothing can end the spin.
    if (!model.interruptible()) return this.waits('spin', false);
    const until = model.timerWakes(true) ? Math.min(deadline, model.timerDeadline()) : deadline;
    if (until === Number.POSITIVE_INFINITY) return this.waits('wait', false); // for an interrupt from outside
    const { selfJumpLength } = architecture;
    const rounds = Math.ceil((until - clock.now) / clock.nsPerInstruction / selfJumpLength);
    clock.retire(selfJumpLength * Math.max(1, rounds));
    return undefined;
  }

  private waits(kind: VcpuWait, timerWakes: boolean): number {
    this.note(kind, timerWakes);
    return this.interrupted();
  }

  private note(kind: VcpuWait, timerWakes: boolean): void {
    this.wait = kind;
    this.wakeInstant = timerWakes ? this.core.model.timerDeadline() : Number.POSITIVE_INFINITY;
  }

  private givesWay(): number {
    this.gaveWay = true;
    return this.interrupted();
  }

  private interrupted(): number {
    this.run.exitReason = ExitReason.INTR;
    return EINTR;
  }

  private waitExecuted(): void {
    const { observer, pc } = this.core;
    observer.count('wait');
    observer.exit(pc, KVM_TRACE_EXIT_WAIT);
  }

  // Exits and their completion

  private takeAnswers(): void {
    const { exits, run, core } = this;
    if (exits.read) {
      const value = fromGuestOrder(run.mmio.data, exits.read.length, core.bigEndian);
      core.observer.mmio(KVM_TRACE_MMIO_READ, exits.read.physical, exits.read.length, value);
      answerRead(exits, exits.read, value);
    }
    if (exits.hypercall === 'asked') {
      exits.hypercall = 'answered';
      exits.hypercallResult = run.hypercall.ret;
    }
  }

  private showSystemEvent(): boolean {
    const { exits, run } = this;
    if (!exits.systemEvent) return false;
    run.exitReason = ExitReason.SYSTEM_EVENT;
    run.systemEvent.type = exits.systemEvent.type;
    run.systemEvent.flags = exits.systemEvent.flags;
    exits.systemEvent = null;
    return true;
  }

  private showWrite(): boolean {
    const write = this.exits.writes.shift();
    if (!write) return false;
    const { mmio } = this.run;
    mmio.physAddr = write.physical;
    mmio.len = write.length;
    mmio.isWrite = true;
    toGuestOrder(write.value, mmio.data, write.length, this.core.bigEndian);
    this.run.exitReason = ExitReason.MMIO;
    return true;
  }

  /** `at`: address of the instruction that left (the visible pc is its branch's when it sits in a slot). */
  private showExit(at: number): 0 {
    const { exits, run, core } = this;
    exits.answersUsed = 0;
    if (exits.unemulated !== null) {
      run.exitReason = ExitReason.INTERNAL_ERROR;
      run.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
      run.internal.pc = at;
      run.internal.instruction = (core.fetchWord(core.place(at).address & ~3) ?? 0) >>> 0;
      run.internal.message = exits.unemulated;
      exits.unemulated = null;
    } else if (exits.shutdown) {
      run.exitReason = ExitReason.SHUTDOWN;
      exits.shutdown = false;
    } else if (exits.hypercall === 'asked') {
      run.exitReason = ExitReason.HYPERCALL;
      run.hypercall.nr = this.gpr(2);
      for (let i = 0; i < HYPERCALL_ARGS; i++) run.hypercall.args[i] = this.gpr(4 + i);
      run.hypercall.ret = 0;
    } else if (exits.read) {
      core.observer.mmio(KVM_TRACE_MMIO_READ_UNSATISFIED, exits.read.physical, exits.read.length, 0);
      run.exitReason = ExitReason.MMIO;
      run.mmio.physAddr = exits.read.physical;
      run.mmio.len = exits.read.length;
      run.mmio.isWrite = false;
      run.mmio.data.fill(0);
    } else throw new Error('the program left for nothing');
    return 0;
  }

  private gpr(index: number): number {
    return this.core.u32[(this.core.banks.gpr!.offset >>> 2) + index]!;
  }

  // Registers and interrupts

  getRegs(): KvmRegs {
    this.core.activate(this.id);
    return readRegisters(this.core);
  }

  setRegs(regs: KvmRegs): void {
    this.core.activate(this.id);
    writeRegisters(this.core, regs);
  }

  getRegList(): bigint[] {
    this.core.activate(this.id);
    return [...this.byId.values()].filter((register) => register.listed?.() ?? true).map(({ id }) => id);
  }

  getOneReg(id: bigint): bigint {
    return this.oneReg(id, 'KVM_GET_ONE_REG').get();
  }

  setOneReg(id: bigint, value: bigint): void {
    this.oneReg(id, 'KVM_SET_ONE_REG').set(value);
  }

  private oneReg(id: bigint, call: string): OneReg {
    const register = this.byId.get(id);
    if (!register) throw new KvmError('EINVAL', call, `no register 0x${id.toString(16)}`);
    this.core.activate(this.id);
    return register;
  }

  interrupt({ cpu, irq }: KvmInterrupt): void {
    const target = cpu === -1 ? this : this.find(cpu);
    if (!target) throw new KvmError('EINVAL', 'KVM_INTERRUPT', `no vCPU ${cpu}`);
    const { core } = this;
    if (!core.model.hasInterrupt(Math.abs(irq)))
      throw new KvmError('EINVAL', 'KVM_INTERRUPT', `irq ${irq} is not one of +-2, 3, 4, 6`);
    core.setInterrupt(target.id, Math.abs(irq), irq > 0);
  }

  /** KVM asks for an answered capability, no flags and a first argument of 0, in this order (kvm_vcpu_ioctl_enable_cap). */
  enableCap(cap: number, flags: number, args: readonly bigint[]): void {
    const call = 'KVM_ENABLE_CAP';
    if (this.checkExtension(cap) === 0) throw new KvmError('EINVAL', call, `there is no capability ${cap}`);
    if (flags !== 0 || (args[0] ?? 0n) !== 0n)
      throw new KvmError('EINVAL', call, 'no flags and no arguments are known');
    this.core.activate(this.id);
    if (!this.core.model.enableCap?.(cap)) throw new KvmError('EINVAL', call, `capability ${cap} is no vCPU's`);
  }

  stats(): VcpuStats {
    return this.core.observer.stats(this.id);
  }
}
