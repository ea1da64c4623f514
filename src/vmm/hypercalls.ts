// Hypercalls that reach user space: number -> handler (Linux include/uapi/linux/kvm_para.h, reference MIPS B2).
// 6 and 7 are the core's (7 leaves as SHUTDOWN); what a board does not have is answered -1000, as mainline KVM does.
import { KVM_ENOSYS, KVM_HC_MIPS_CONSOLE_OUTPUT } from '../kvm/constants.ts';
import type { HypercallExit } from '../kvm/run.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import { hex } from '../util/bits.ts';
import type { OnceLog } from '../util/log.ts';

export interface HypercallServices {
  readonly memory: GuestMemory;
  readonly log: OnceLog;
  /** Guest-physical address of an unmapped-segment virtual address, or null when it is not in one. */
  toPhysical(virtualAddress: number): number | null;
  consoleOutput(bytes: Uint8Array): void;
}

type HypercallHandler = (args: readonly number[], services: HypercallServices) => number;

/** -EINVAL, in the hypercall's own answer. */
const KVM_EINVAL = -22;
const TERMINALS = 4;
const PIECE = 0x10000;

const HANDLERS: ReadonlyMap<number, HypercallHandler> = new Map([[KVM_HC_MIPS_CONSOLE_OUTPUT, consoleOutput]]);

/** Answer `call`. Guest mistakes are answered -EINVAL and said once. */
export function answerHypercall(call: HypercallExit, services: HypercallServices): void {
  const handler = HANDLERS.get(call.nr);
  call.ret = handler ? handler(call.args, services) : KVM_ENOSYS;
}

/** a0 terminal, a1 guest virtual address of the bytes, a2 their number. */
function consoleOutput(args: readonly number[], services: HypercallServices): number {
  const [terminal = 0, address = 0, length = 0] = args.map((arg) => arg >>> 0);
  const refuse = (why: string): number => {
    services.log.once(`hypercall 8 ${why}`, 'warning', `guest console output hypercall refused: ${why}`);
    return KVM_EINVAL;
  };
  if (terminal >= TERMINALS) return refuse(`terminal ${terminal} of ${TERMINALS}`);
  if (length === 0) return refuse('no bytes');
  const gpa = services.toPhysical(address);
  if (gpa === null) return refuse(`address ${hex(address)} is not in an unmapped segment`);
  if (!services.memory.contains(gpa, length)) return refuse(`${hex(address)}+${hex(length, 1)} is not in RAM`);
  if (terminal !== 0) {
    services.log.once(
      `terminal ${terminal}`,
      'info',
      `guest output to terminal ${terminal} is dropped: nothing is attached`,
    );
    return 0;
  }
  for (let done = 0; done < length; done += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, length - done));
    services.memory.read(gpa + done, bytes);
    services.consoleOutput(bytes);
  }
  return 0;
}
