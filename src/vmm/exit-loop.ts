// The KVM_RUN loop: enter the vCPU, serve what it left for, enter again, until it leaves for nothing (-EINTR).
// One switch over exit_reason and nothing else; what serving means is in ExitServices, so that this is tested with a fake.
// Everything else (timers, journal, scheduling) acts only after -EINTR: then no access of the vCPU is half done.
import { Errno, ExitReason, exitReasonName, KVM_SYSTEM_EVENT_CRASH, KVM_SYSTEM_EVENT_RESET } from '../kvm/constants.ts';
import type { Vcpu } from '../kvm/contract.ts';
import type { HypercallExit, InternalErrorExit, MmioExit } from '../kvm/run.ts';
import { hex } from '../util/bits.ts';
import { type Ending, ending, guestExit, systemEvent } from './verdict.ts';

/** What the loop needs of the VM. */
export interface ExitServices {
  /**
   * The guest instant to run to at most; asked again after every exit, for serving it may have armed a timer. An instant that is past
   * makes the vCPU finish its pending access and come back.
   */
  deadline(): number;
  /** Serve a device access; for a read, `data[0..len)` is filled in guest memory order. */
  mmio(access: MmioExit): void;
  /** Serve a hypercall; the answer goes into `ret`. */
  hypercall(call: HypercallExit): void;
  /** Why the guest may have come to `pc`, where there is nothing to execute; null when that is not known. */
  explain(vcpu: Vcpu, pc: number): string | null;
}

/** a1 of the EXIT_VM hypercall when a0 is an exit code: "tsvm" (declared by the boards that have hypercall 7). */
const EXIT_CODE_MAGIC = 0x7473766dn;
const A0 = 4;
const A1 = 5;

/** Run `vcpu` until it returns -EINTR (null) or the run is over. */
export function runVcpu(vcpu: Vcpu, services: ExitServices): Ending | null {
  for (;;) {
    const result = vcpu.enter(services.deadline());
    if (result === -Errno.EINTR) return null;
    if (result !== 0) return ending('tsvm-failed', `KVM_RUN on cpu${vcpu.id} failed with ${result}`);
    const over = serveExit(vcpu, services);
    if (over) return over;
  }
}

/** Serve one exit of `vcpu`; the ending when this was the last one. */
function serveExit(vcpu: Vcpu, services: ExitServices): Ending | null {
  const { run } = vcpu;
  switch (run.exitReason) {
    case ExitReason.MMIO:
      services.mmio(run.mmio);
      return null;
    case ExitReason.HYPERCALL:
      services.hypercall(run.hypercall);
      return null;
    case ExitReason.INTR:
    case ExitReason.IRQ_WINDOW_OPEN:
      return null;
    case ExitReason.SHUTDOWN:
      return shutdown(vcpu);
    case ExitReason.SYSTEM_EVENT:
      return kvmSystemEvent(run.systemEvent.type);
    case ExitReason.INTERNAL_ERROR:
      return internalError(vcpu, run.internal, services);
    default:
      return ending('tsvm-failed', `cpu${vcpu.id} left with ${exitReasonName(run.exitReason)}, which nobody serves`);
  }
}

/** Finish a pending access without running the guest: state is consistent only after this (api.rst section 5). */
export function settle(vcpu: Vcpu, services: ExitServices): void {
  vcpu.run.immediateExit = true;
  runVcpu(vcpu, services);
  vcpu.run.immediateExit = false;
}

function shutdown(vcpu: Vcpu): Ending {
  const { gpr } = vcpu.getRegs();
  const magic = BigInt.asUintN(32, gpr[A1] ?? 0n);
  if (magic !== EXIT_CODE_MAGIC) return systemEvent('power-off');
  return guestExit(Number(BigInt.asIntN(32, gpr[A0] ?? 0n)));
}

function kvmSystemEvent(type: number): Ending {
  if (type === KVM_SYSTEM_EVENT_CRASH) return ending('panic', 'guest reported a crash');
  return systemEvent(type === KVM_SYSTEM_EVENT_RESET ? 'reboot' : 'power-off');
}

function internalError(vcpu: Vcpu, error: InternalErrorExit, services: ExitServices): Ending {
  const why = error.instruction === 0 ? services.explain(vcpu, error.pc) : null;
  return ending('reset', `cpu${vcpu.id} met what KVM cannot emulate: ${error.message}`, [
    // A fetch that failed has no instruction to show (0 is a NOP, which never leaves).
    `${error.instruction === 0 ? '' : `instruction ${hex(error.instruction)} at `}pc ${hex(error.pc)}`,
    ...(why === null ? [] : [why]),
  ]);
}
