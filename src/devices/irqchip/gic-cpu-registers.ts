// The registers of a GICv2 CPU interface (ARM IHI 0048B, section 4.4) and of a virtual CPU interface (section 5.5), which have the same layout:
// GICC for the physical interrupts of a CPU, GICV for the virtual ones.
import type { ComputedRegister, MisuseListener, RegisterSpec } from '../registers.ts';
import type { GicCpuInterface } from './gic-cpu-interface.ts';
import { GicWindow } from './gic-window.ts';

const SIZE = 0x2000;
/** KVM's product number, GICv2, revision 0, ARM. */
const IIDR_VALUE = 0x4b02043b;

/** The window in which every CPU sees its own of `interfaces`; `changed` is called after each access that may have changed something. */
export function createCpuInterfaceWindow(
  prefix: 'GICC' | 'GICV',
  interfaces: readonly GicCpuInterface[],
  misuse: MisuseListener,
  changed: () => void,
): GicWindow {
  const declare = (accessor: () => number): RegisterSpec<string>[] => {
    const own = (): GicCpuInterface => interfaces[accessor()]!;
    const plain = (name: 'ctlr' | 'pmr' | 'bpr' | 'abpr', offset: number): RegisterSpec<string> => ({
      ...{ name: `${prefix}_${name.toUpperCase()}`, offset, access: 'rw' },
      read: () => own()[name],
      write: (value) => {
        own()[name] = value;
      },
    });
    const acknowledge = (register: 0 | 1): Pick<ComputedRegister, 'access' | 'read' | 'peek'> => ({
      access: 'r',
      read: () => {
        const value = own().acknowledge(register);
        changed();
        return value;
      },
      peek: () => own().peekAcknowledge(register),
    });
    const end = (register: 0 | 1) => (value: number) => own().endOfInterrupt(register, value);
    const activePriorities = (name: string, register: 0 | 1, base: number): RegisterSpec<string>[] => [
      {
        ...{ name: `${name}0`, offset: base, access: 'rw' },
        read: () => own().aprs[register]!,
        write: (value) => {
          own().aprs[register] = value;
        },
      },
      // 32 group priorities fill one register.
      ...[1, 2, 3].map(
        (i): RegisterSpec<string> => ({
          ...{ name: `${name}${i}`, offset: base + 4 * i, access: 'rw' },
          read: () => 0,
          write: () => {},
        }),
      ),
    ];
    return [
      plain('ctlr', 0x00),
      plain('pmr', 0x04),
      plain('bpr', 0x08),
      { name: `${prefix}_IAR`, offset: 0x0c, ...acknowledge(0) },
      { name: `${prefix}_EOIR`, offset: 0x10, access: 'w', write: end(0) },
      { name: `${prefix}_RPR`, offset: 0x14, access: 'r', read: () => own().runningPriority },
      { name: `${prefix}_HPPIR`, offset: 0x18, access: 'r', read: () => own().highestPending(0) },
      plain('abpr', 0x1c),
      { name: `${prefix}_AIAR`, offset: 0x20, ...acknowledge(1) },
      { name: `${prefix}_AEOIR`, offset: 0x24, access: 'w', write: end(1) },
      { name: `${prefix}_AHPPIR`, offset: 0x28, access: 'r', read: () => own().highestPending(1) },
      ...activePriorities(`${prefix}_APR`, 0, 0xd0),
      ...(prefix === 'GICC' ? activePriorities('GICC_NSAPR', 1, 0xe0) : []),
      { name: `${prefix}_IIDR`, offset: 0xfc, access: 'r', read: () => IIDR_VALUE },
      { name: `${prefix}_DIR`, offset: 0x1000, access: 'w', write: (value) => own().deactivateInterrupt(value) },
    ];
  };
  return new GicWindow({
    ...{
      name: prefix === 'GICC' ? 'gic-cpu-interface' : 'gic-virtual-cpu-interface',
      size: SIZE,
      cpus: interfaces.length,
      declare,
    },
    misuse,
    written: changed,
  });
}
