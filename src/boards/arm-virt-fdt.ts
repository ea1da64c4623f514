// The device tree of board arm-virt (reference ARM.md 9): a node for each of its devices, and the tree around them (Devicetree Specification v0.4;
// Linux Documentation/devicetree/bindings: arm,gic, arm,arch_timer, arm,psci, ns16550, arm,pl011, arm,pl031, host-generic-pci, virtio,mmio).
import { type FdtNode, fdtReg } from '../util/fdt-node.ts';

/** Distributor, CPU interface, and for hypervisors the control interface and the virtual CPU interface. */
export const GIC_WINDOWS = [
  { address: 0x3fff_0000, size: 0x1000 },
  { address: 0x3ffd_0000, size: 0x2000 },
  { address: 0x3ffe_0000, size: 0x1000 },
  { address: 0x3ffe_2000, size: 0x2000 },
] as const;

/** One bus of configuration space; I/O space; memory space. */
export const PCI_CONFIG = { address: 0x4000_0000, size: 0x10_0000 } as const;
export const PCI_IO = { address: 0, size: 0x1_0000 } as const;
export const PCI_MEMORY = { address: 0x5000_0000, size: 0x3000_0000 } as const;

/** First cell of an interrupt: shared, or of each CPU. */
const GIC_SPI = 0;
const GIC_PPI = 1;
/** Third cell. */
const EDGE_RISING = 1;
const LEVEL_HIGH = 4;
const LEVEL_LOW = 8;
/** GIC numbers of the first SPI and the first PPI. */
const FIRST_SPI = 32;
const MAINTENANCE_PPI = 9;
/** Secure and non-secure physical timer, virtual timer, hypervisor's timer. */
const TIMER_PPIS = [13, 14, 11, 10];
/** UARTCLK and the like, Hz. */
const APB_CLOCK = 24_000_000;
/** Attribute of an address in PCI memory space: 32 bits, not prefetchable; and in I/O space. */
const PCI_SPACE_MEMORY = 0x0200_0000;
const PCI_SPACE_IO = 0x0100_0000;

const hexName = (name: string, address: number): string => `${name}@${address.toString(16)}`;
const spi = (irq: number, flags: number): number[] => [GIC_SPI, irq - FIRST_SPI, flags];
/** Both clocks of a PrimeCell. */
const clocks = (...names: readonly string[]) => ({
  clocks: names.map(() => ({ phandle: 'apb_pclk' })),
  'clock-names': names,
});

export function serial16550(address: number, irq: number, clock: number): FdtNode {
  return {
    name: hexName('serial', address),
    properties: {
      compatible: ['ns16550a'],
      reg: fdtReg([address, 8]),
      interrupts: spi(irq, LEVEL_HIGH),
      'clock-frequency': [clock],
    },
  };
}

export function pl011(address: number, irq: number): FdtNode {
  return {
    name: hexName('serial', address),
    properties: {
      compatible: ['arm,pl011', 'arm,primecell'],
      reg: fdtReg([address, 0x1000]),
      interrupts: spi(irq, LEVEL_HIGH),
      ...clocks('uartclk', 'apb_pclk'),
    },
  };
}

export function pl031(address: number, irq: number): FdtNode {
  return {
    name: hexName('rtc', address),
    properties: {
      compatible: ['arm,pl031', 'arm,primecell'],
      reg: fdtReg([address, 0x1000]),
      interrupts: spi(irq, LEVEL_HIGH),
      ...clocks('apb_pclk'),
    },
  };
}

export function virtioMmio(address: number, size: number, irq: number): FdtNode {
  return {
    name: hexName('virtio', address),
    properties: {
      compatible: ['virtio,mmio'],
      reg: fdtReg([address, size]),
      interrupts: spi(irq, EDGE_RISING),
      'dma-coherent': [],
    },
  };
}

/** `firstIrq`: that of INTA of device 0; pins and devices take turns. */
export function pciHost(firstIrq: number): FdtNode {
  const pins = [0, 1, 2, 3];
  const device = (number: number): number => number << 11;
  return {
    name: hexName('pcie', PCI_CONFIG.address),
    properties: {
      compatible: ['pci-host-ecam-generic'],
      device_type: ['pci'],
      '#address-cells': [3],
      '#size-cells': [2],
      '#interrupt-cells': [1],
      'bus-range': [0, 0],
      reg: fdtReg([PCI_CONFIG.address, PCI_CONFIG.size]),
      ranges: [
        ...[PCI_SPACE_IO, 0n, ...fdtReg([PCI_IO.address, PCI_IO.size])],
        ...[PCI_SPACE_MEMORY, BigInt(PCI_MEMORY.address), ...fdtReg([PCI_MEMORY.address, PCI_MEMORY.size])],
      ],
      'dma-coherent': [],
      'interrupt-map-mask': [device(3), 0, 0, 7],
      'interrupt-map': pins.flatMap((slot) =>
        pins.flatMap((pin) => [
          ...[device(slot), 0, 0, pin + 1],
          { phandle: 'gic' },
          ...spi(firstIrq + ((slot + pin) % 4), LEVEL_HIGH),
        ]),
      ),
    },
  };
}

export interface ArmTree {
  readonly boot: 'hyp' | 'svc';
  readonly commandLine: string;
  readonly ram: readonly { readonly base: number; readonly size: number }[];
  readonly initrd: { readonly start: number; readonly end: number } | null;
  /** MPIDR's affinity fields of each CPU. */
  readonly affinities: readonly number[];
  /** Nodes of devices. */
  readonly devices: readonly FdtNode[];
  /** Name of the node that earlycon and a kernel without console= take. */
  readonly stdout: string;
}

export function armTree({ boot, commandLine, ram, initrd, affinities, devices, stdout }: ArmTree): FdtNode {
  const [serial] = devices.filter(({ name }) => name.startsWith('serial@'));
  return {
    name: '',
    properties: {
      'interrupt-parent': [{ phandle: 'gic' }],
      compatible: ['linux,dummy-virt'],
      model: ['tsvm arm-virt'],
      '#address-cells': [2],
      '#size-cells': [2],
    },
    children: [
      {
        name: 'chosen',
        properties: {
          bootargs: [commandLine],
          'stdout-path': [`/${stdout}`],
          ...(initrd && {
            'linux,initrd-start': [BigInt(initrd.start)],
            'linux,initrd-end': [BigInt(initrd.end)],
          }),
        },
      },
      // Linux numbers the devices of each driver anew, unless they have aliases: the PL011 is ttyAMA0, too.
      { name: 'aliases', properties: serial ? { serial0: [`/${serial.name}`] } : {} },
      ...ram.map(({ base, size }) => ({
        name: hexName('memory', base),
        properties: { device_type: ['memory'], reg: fdtReg([base, size]) },
      })),
      {
        name: 'cpus',
        properties: { '#address-cells': [1], '#size-cells': [0] },
        children: affinities.map((affinity) => ({
          name: hexName('cpu', affinity),
          properties: {
            device_type: ['cpu'],
            compatible: ['arm,cortex-a15'],
            'enable-method': ['psci'],
            reg: [affinity],
          },
        })),
      },
      gic(boot),
      {
        name: 'timer',
        properties: {
          compatible: ['arm,armv7-timer'],
          interrupts: TIMER_PPIS.flatMap((ppi) => ppiFor(affinities.length, ppi, LEVEL_LOW)),
          'always-on': [],
        },
      },
      {
        name: 'psci',
        properties: {
          compatible: ['arm,psci-1.0', 'arm,psci-0.2'],
          method: [boot === 'hyp' ? 'smc' : 'hvc'],
        },
      },
      {
        name: 'apb-pclk',
        label: 'apb_pclk',
        properties: {
          compatible: ['fixed-clock'],
          '#clock-cells': [0],
          'clock-frequency': [APB_CLOCK],
          'clock-output-names': ['clk24mhz'],
        },
      },
      ...devices,
    ],
  };
}

/** A PPI with the mask of CPUs that it goes to. */
function ppiFor(cpus: number, ppi: number, flags: number): number[] {
  return [GIC_PPI, ppi, (((1 << cpus) - 1) << 8) | flags];
}

function gic(boot: 'hyp' | 'svc'): FdtNode {
  const windows = boot === 'hyp' ? GIC_WINDOWS : GIC_WINDOWS.slice(0, 2);
  return {
    name: hexName('intc', GIC_WINDOWS[0].address),
    label: 'gic',
    properties: {
      compatible: ['arm,cortex-a15-gic'],
      '#address-cells': [0],
      '#interrupt-cells': [3],
      'interrupt-controller': [],
      reg: fdtReg(...windows.map(({ address, size }) => [address, size] as const)),
      ...(boot === 'hyp' && { interrupts: [GIC_PPI, MAINTENANCE_PPI, LEVEL_HIGH] }),
    },
  };
}
