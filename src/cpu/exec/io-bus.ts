// KVM's MMIO bus: what the kernel serves by itself before an access leaves to user space. In-kernel devices first, then ioeventfds, then
// coalesced zones (virt/kvm/kvm_main.c kvm_io_bus_write, eventfd.c, coalesced_mmio.c; reference KVM-API.md 5 and 6).
import { type CoalescedMmioRing, createCoalescedMmioRing, KVM_COALESCED_MMIO_MAX } from '../../kvm/coalesced-mmio.ts';
import {
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
  KVM_IOEVENTFD_VALID_FLAG_MASK,
} from '../../kvm/constants.ts';
import type { CoalescedMmioZone, IoEventFd } from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';
import type { InKernelWindow } from '../../kvm/in-kernel-device.ts';

const LENGTHS: ReadonlySet<number> = new Set([0, 1, 2, 4, 8]);

export class IoBus {
  readonly ring: CoalescedMmioRing = createCoalescedMmioRing();
  private readonly order: 'little' | 'big';
  private windows: readonly InKernelWindow[] = [];
  private eventFds: readonly IoEventFd[] = [];
  private zones: readonly CoalescedMmioZone[] = [];

  /** `order` is the guest's byte order. */
  constructor(order: 'little' | 'big') {
    this.order = order;
  }

  /** Throws KvmError EEXIST when the window overlaps another one. */
  addDevice(window: InKernelWindow): void {
    for (const { base, device } of this.windows)
      if (window.base < base + device.size && base < window.base + window.device.size)
        throw new KvmError('EEXIST', 'KVM_CREATE_DEVICE', `${window.device.name} overlaps ${device.name}`);
    this.windows = [...this.windows, window];
  }

  /** A load of `length` bytes by `vcpu`: the value as the guest's register gets it (unsigned), or undefined when nobody serves it. */
  read(physical: number, length: number, vcpu: number): number | undefined {
    for (const window of this.windows) {
      const offset = physical - window.base;
      if (offset < 0 || offset + length > window.device.size || !isWidth(length)) continue;
      return this.inOrder(window, window.device.read(offset, length, vcpu), length);
    }
    return undefined;
  }

  /** A store of the low `length` bytes of `value` (unsigned) by `vcpu`: did somebody take it? */
  write(physical: number, length: number, value: number, vcpu: number): boolean {
    for (const window of this.windows) {
      const offset = physical - window.base;
      if (offset < 0 || offset + length > window.device.size || !isWidth(length)) continue;
      window.device.write(offset, length, this.inOrder(window, value, length), vcpu);
      return true;
    }
    for (const eventFd of this.eventFds)
      if (matches(eventFd, physical, length, value)) {
        eventFd.fd.signal();
        return true;
      }
    return this.coalesce(physical, length, value);
  }

  /** KVM_IOEVENTFD. */
  ioeventfd(request: IoEventFd): void {
    if ((request.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) !== 0) this.deassign(request);
    else this.assign(request);
  }

  registerZone(zone: CoalescedMmioZone): void {
    checkPio('KVM_REGISTER_COALESCED_MMIO', zone);
    this.zones = [...this.zones, { ...zone }];
  }

  unregisterZone(zone: CoalescedMmioZone): void {
    checkPio('KVM_UNREGISTER_COALESCED_MMIO', zone);
    this.zones = this.zones.filter((known) => known.pio !== zone.pio || !contains(known, zone.addr, zone.size));
  }

  private assign(request: IoEventFd): void {
    const refuse = (errno: 'EINVAL' | 'EEXIST', why: string): never => {
      throw new KvmError(errno, 'KVM_IOEVENTFD', why);
    };
    const { addr, len, flags } = request;
    if (!LENGTHS.has(len)) refuse('EINVAL', `length ${len} is not 0, 1, 2, 4 or 8`);
    if (!Number.isSafeInteger(addr) || addr < 0 || !Number.isSafeInteger(addr + len))
      refuse('EINVAL', 'the range wraps');
    if (flags < 0 || flags > KVM_IOEVENTFD_VALID_FLAG_MASK) refuse('EINVAL', `unknown flags ${flags}`);
    if (len === 0 && hasDatamatch(request)) refuse('EINVAL', 'a match of data needs a length');
    if (this.eventFds.some((known) => collide(known, request))) refuse('EEXIST', 'an ioeventfd is there already');
    this.eventFds = [...this.eventFds, { ...request }];
  }

  private deassign(request: IoEventFd): void {
    const found = this.eventFds.find(
      (known) =>
        busOf(known) === busOf(request) &&
        known.fd === request.fd &&
        known.addr === request.addr &&
        known.len === request.len &&
        hasDatamatch(known) === hasDatamatch(request) &&
        (!hasDatamatch(known) || known.datamatch === request.datamatch),
    );
    if (!found) throw new KvmError('ENOENT', 'KVM_IOEVENTFD', 'no such ioeventfd');
    this.eventFds = this.eventFds.filter((known) => known !== found);
  }

  private coalesce(physical: number, length: number, value: number): boolean {
    if (!this.zones.some((zone) => zone.pio === 0 && contains(zone, physical, length))) return false;
    const { ring } = this;
    const { last } = ring;
    const entry = ring.entries[last];
    // User space owns the indices' page and may have left anything in it.
    if (!entry || (last + 1) % KVM_COALESCED_MMIO_MAX === ring.first) return false;
    entry.physAddr = physical;
    entry.len = length;
    entry.pio = 0;
    for (let i = 0; i < length; i++)
      entry.data[i] = (value >>> (8 * (this.order === 'little' ? i : length - 1 - i))) & 0xff;
    ring.last = (last + 1) % KVM_COALESCED_MMIO_MAX;
    return true;
  }

  /** A register's value <-> the value the guest's load or store has. */
  private inOrder(window: InKernelWindow, value: number, length: number): number {
    if (window.order === this.order) return value;
    let swapped = 0;
    for (let i = 0; i < length; i++) swapped = (swapped << 8) | ((value >>> (8 * i)) & 0xff);
    return swapped >>> 0;
  }
}

function isWidth(length: number): length is 1 | 2 | 4 {
  return length === 1 || length === 2 || length === 4;
}

/** Which of the kernel's buses an ioeventfd sits on; only stores to memory addresses are looked up here. */
function busOf({ flags }: IoEventFd): 'mmio' | 'pio' | 'ccw' {
  if ((flags & KVM_IOEVENTFD_FLAG_PIO) !== 0) return 'pio';
  return (flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY) !== 0 ? 'ccw' : 'mmio';
}

function hasDatamatch({ flags }: IoEventFd): boolean {
  return (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) !== 0;
}

function collide(a: IoEventFd, b: IoEventFd): boolean {
  const sameLength = a.len === 0 || b.len === 0 || a.len === b.len;
  const sameData = !hasDatamatch(a) || !hasDatamatch(b) || a.datamatch === b.datamatch;
  return busOf(a) === busOf(b) && a.addr === b.addr && sameLength && sameData;
}

function matches(known: IoEventFd, physical: number, length: number, value: number): boolean {
  if (busOf(known) !== 'mmio' || known.addr !== physical) return false;
  if (known.len === 0) return true;
  return known.len === length && (!hasDatamatch(known) || known.datamatch === BigInt(value));
}

function contains(zone: CoalescedMmioZone, address: number, length: number): boolean {
  return address >= zone.addr && address + length <= zone.addr + zone.size;
}

function checkPio(call: string, { pio }: CoalescedMmioZone): void {
  if (pio !== 0 && pio !== 1) throw new KvmError('EINVAL', call, `pio is ${pio}, not 0 or 1`);
}
