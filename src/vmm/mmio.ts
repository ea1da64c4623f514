// Where an MMIO exit goes: a device on the bus, RAM that the guest reached through an address KVM calls device space
// (reference MIPS A13: the boot tables of a trap-and-emulate Linux in host KSEG0), or nobody.
import type { MmioExit } from '../kvm/run.ts';
import type { Bus } from '../memory/bus.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import { hex } from '../util/bits.ts';
import type { OnceLog } from '../util/log.ts';

export class MmioRouter {
  private readonly bus: Bus;
  private readonly memory: GuestMemory;
  private readonly log: OnceLog;
  private readonly sayEach: boolean;

  /** With `sayEach` (--debug-mmio) every unclaimed access is reported, else the first. */
  constructor(bus: Bus, memory: GuestMemory, log: OnceLog, sayEach: boolean) {
    this.bus = bus;
    this.memory = memory;
    this.log = log;
    this.sayEach = sayEach;
  }

  serve(access: MmioExit): void {
    const { physAddr, data, len, isWrite } = access;
    if (isWrite ? this.bus.write(physAddr, data, len) : this.bus.read(physAddr, data, len)) return;
    if (this.memory.contains(physAddr, len)) {
      if (isWrite) this.writeRam(physAddr, data.subarray(0, len));
      else this.memory.read(physAddr, data.subarray(0, len));
      return;
    }
    if (!isWrite) data.fill(0, 0, len);
    this.sayUnclaimed(access);
  }

  /** A store to a READONLY slot also leaves as MMIO; it is dropped, as a ROM drops it. */
  private writeRam(gpa: number, bytes: Uint8Array): void {
    if (!this.memory.find(gpa)?.readonly) this.memory.write(gpa, bytes);
  }

  private sayUnclaimed({ physAddr, data, len, isWrite }: MmioExit): void {
    const bytes = Array.from(data.subarray(0, len), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const what = isWrite ? `write of ${len} (${bytes}) to` : `read of ${len} from`;
    const message = `guest ${what} ${hex(physAddr)}: nobody is there, ${isWrite ? 'dropped' : 'reads 0'}`;
    if (this.sayEach) this.log.log('warning', message);
    else this.log.once('mmio-unclaimed', 'warning', `${message} (said once; --debug-mmio says each)`);
  }
}
