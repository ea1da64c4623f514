// What the host may want to hear of a guest without the guest noticing: that an instruction is about to run, and that a vCPU has been in user
// mode. No state of the guest is here; costs nothing when nobody asks.
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { CodePages } from './code-pages.ts';
import { WORD } from './layout.ts';

/** vCPU `cpu` is about to run the instruction at virtual address `pc`; its state may be looked at. Is KVM_RUN to come back before it? */
export type ExecutionListener = (cpu: number, pc: number) => boolean;

export interface WatchedCore {
  readonly i32: Int32Array;
  readonly memory: GuestMemory;
  readonly codePages: CodePages;
  /** Host address of the arena. */
  readonly arena: number;
}

export class HostWatch {
  private readonly core: WatchedCore;
  private listener: ExecutionListener = () => false;

  constructor(core: WatchedCore) {
    this.core = core;
  }

  /** Tell `hit` before an instruction at one of these guest-physical addresses runs (not of one in a delay slot). Replaces what was watched before. */
  execution(addresses: readonly number[], hit: ExecutionListener): void {
    const { memory, arena, codePages, i32 } = this.core;
    this.listener = hit;
    const hosts = addresses.flatMap((gpa) => {
      const range = memory.find(gpa);
      return range ? [arena + range.offset + (gpa - range.gpa)] : [];
    });
    i32[WORD.LINK_BRANCH >>> 2] = 0; // records may go
    codePages.watch(new Set(hosts));
  }

  /** A watched instruction is about to run. True: it is not to run now. */
  executes(cpu: number, pc: number): boolean {
    return this.listener(cpu, pc);
  }

  /** Has a vCPU been in user mode since `forgetUserMode`? */
  get userModeSeen(): boolean {
    return (this.core.i32[WORD.USER_SEEN >>> 2]! & 1) !== 0;
  }

  forgetUserMode(): void {
    this.core.i32[WORD.USER_SEEN >>> 2] = 0;
  }
}
