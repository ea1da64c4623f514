import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { armVirt } from '../../../src/boards/arm-virt.ts';
import { presentDevices, type VirtioTransportName } from '../../../src/boards/board.ts';
import { buildBoard } from '../../../src/boards/build.ts';
import { chooseBoard, chooseTransport, kernelFormats } from '../../../src/boards/choose.ts';
import { malta } from '../../../src/boards/malta.ts';
import { mipsParavirt } from '../../../src/boards/mips-paravirt.ts';
import { EM_ARM } from '../../../src/boot/elf-constants.ts';
import { parseKernel } from '../../../src/boot/kernel-image.ts';
import { OnceLog, silentLog } from '../../../src/util/log.ts';
import { makeRam, readBytes } from '../../support/boot/guest-ram.ts';
import { makeElf } from '../../support/boot/make-elf.ts';
import { makeZImage } from '../../support/boot/make-zimage.ts';
import { cellsOf, nodeAt, readFdt } from '../../support/boot/read-fdt.ts';
import { FakeDisk, FakeTimer } from '../../support/devices/fakes.ts';

const MIB = 1 << 20;
const BASE = 0x8000_0000;
const [GICD, GICC, GICH] = [0, 1, 2];

interface Wanted {
  readonly boot?: 'hyp' | 'svc';
  readonly console?: string;
  readonly transport?: VirtioTransportName;
  readonly disks?: number;
  readonly cpus?: number;
}

function build({ boot = 'hyp', console = 'serial', transport = 'mmio', disks = 0, cpus = 2 }: Wanted = {}) {
  const interrupts: [number, number][] = [];
  const output: number[] = [];
  /** What the other consoles have put out: `pl011 65`. */
  const elsewhere: string[] = [];
  let chip: Parameters<Parameters<typeof buildBoard>[1]['createIrqchip']>[0] | undefined;
  let places: readonly { readonly base: number }[] = [];
  const built = buildBoard(armVirt, {
    memory: makeRam(MIB, 'little', BASE),
    timer: new FakeTimer(),
    log: new OnceLog(silentLog),
    virtio: null,
    ...{ cpus, console, transport },
    vmType: `arm-${boot}`,
    startDate: 1_700_000_000,
    stall: () => {},
    agentOutput: null,
    systemEvent: () => {},
    disks: Array.from({ length: disks }, () => new FakeDisk()),
    consoleOutput: { write: (bytes) => output.push(...bytes) },
    otherConsole: (name) => ({ write: (bytes) => elsewhere.push(`${name} ${bytes.join(' ')}`) }),
    createIrqchip: (made, at) => {
      chip = made;
      places = at;
    },
    irqLine: (irq, level) => expect(chip!.setLine(irq, level)).toBe(true),
    interrupt: (cpu, irq) => interrupts.push([cpu, irq]),
  });
  const store = (address: number, ...data: number[]) =>
    expect(built.bus.write(address, Uint8Array.from(data), data.length)).toBe(true);
  const load = (address: number) => {
    const data = new Uint8Array(4);
    expect(built.bus.read(address, data, 4)).toBe(true);
    return new DataView(data.buffer).getUint32(0, true);
  };
  return { ...built, interrupts, output, elsewhere, store, load, chip: chip!, places };
}

async function load({ boot = 'hyp', console = 'serial', transport = 'mmio', disks = 0, cpus = 2 }: Wanted = {}) {
  const memory = makeRam(64 * MIB, 'little', BASE);
  const kernel = Uint8Array.from({ length: 0x1000 }, (_, i) => [0, 0, 0xa0, 0xe1][i & 3]!);
  const guest = armVirt.load({
    memory,
    kernel: await parseKernel(kernel, armVirt.formats),
    image: armVirt.images.find((image) => image.boot === boot)!,
    ram: [{ base: BASE, size: 64 * MIB }],
    cpus,
    initrd: new Uint8Array(0x1234).fill(7),
    devices: presentDevices(armVirt, { disks, console, transport, agent: false }),
    console,
    commandLine: (words) => ['console=x', ...words].join(' '),
    register: (cpu, name) => (name === 'mpidr' ? (0x8000_0000 | ((cpu >> 2) << 8) | (cpu & 3)) >>> 0 : 0),
  });
  return { memory, guest, fdt: readFdt(guest.deviceTree!) };
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes).split('\0').slice(0, -1);

describe('the devices of arm-virt', () => {
  it('show what is written to the 16550 before anything is set up', () => {
    const { store, output } = build();
    store(0x0100_0000, 0x41);
    expect(output).toEqual([0x41]);
    const other = build({ console: 'pl011' });
    other.store(0x0100_0000, 0x41);
    other.store(0x0100_4000, 0x42);
    expect(other.output).toEqual([0x42]);
    expect(other.elsewhere).toEqual(['uart0 65']);
    expect([...other.consoles.keys()]).toEqual(['pl011', 'uart0']);
  });

  it('show on the 16550 what earlycon says before a virtio console is there, and to who attaches to it', () => {
    const { store, output, elsewhere, consoles, console } = build({ console: 'virtio' });
    store(0x0100_0000, 0x41);
    store(0x0100_4000, 0x42);
    expect(output).toEqual([0x41]);
    expect(elsewhere).toEqual(['uart0 65', 'pl011 66']);
    expect([...consoles.keys()]).toEqual(['virtio-console', 'uart0', 'pl011']);
    expect(consoles.get('virtio-console')).toBe(console);
  });

  it('show a break on the line of a serial console', () => {
    const serial = build({ console: 'serial' });
    serial.store(0x0100_0001, 1); // received data interrupts
    serial.store(0x0100_0004, 0x0b); // DTR, RTS, OUT2
    expect(serial.console.inputBreak?.()).toBe(true);
    const status = new Uint8Array(1);
    serial.bus.read(0x0100_0005, status, 1);
    expect(status[0]! & 0x10).toBe(0x10);
    const pl011 = build({ console: 'pl011' });
    expect(pl011.console.inputBreak?.()).toBe(false);
    pl011.store(0x0100_4030, 0x01, 0x0a, 0, 0); // UARTEN, RXE, RTS
    pl011.store(0x0100_4038, 0x10, 0, 0, 0); // received data interrupts
    expect(pl011.console.inputBreak?.()).toBe(true);
    expect(pl011.load(0x0100_4000)).toBe(0x400);
    expect(build({ console: 'virtio' }).console.inputBreak).toBeUndefined();
  });

  it('have the date', () => {
    expect(build().load(0x0101_0000)).toBe(1_700_000_000);
  });

  it('interrupt a CPU through the GIC: SPIs by their GIC numbers, PPIs of one CPU', () => {
    const { chip, interrupts, places } = build();
    expect(places.map(({ base }) => base)).toEqual([0x3fff_0000, 0x3ffd_0000, 0x3ffe_0000, 0x3ffe_2000]);
    const gicd = chip.windows[GICD]!;
    const gicc = chip.windows[GICC]!;
    gicd.write(0, 4, 3, 0);
    gicd.write(0x104, 4, 1, 0); // SPI 0
    gicd.write(0x820, 1, 2, 0); // to CPU 1
    gicd.write(0x100, 4, 1 << 27, 0); // PPI 27 of CPU 0
    for (const cpu of [0, 1]) {
      gicc.write(4, 4, 0xf0, cpu);
      gicc.write(0, 4, 1, cpu);
    }
    expect(chip.setLine(32, true)).toBe(true);
    chip.setPrivateLine!(0, 27, true);
    expect(interrupts).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(gicc.read(0xc, 4, 1)).toBe(32);
    expect(gicc.read(0xc, 4, 0)).toBe(27);
    expect(interrupts.slice(2)).toEqual([
      [1, -1],
      [0, -1],
    ]);
    expect(chip.setLine(1000, true)).toBe(false);
  });

  it('have the virtual GIC only where there is a Hyp mode', () => {
    const { chip, interrupts } = build();
    const gich = chip.windows[GICH]!;
    const gicv = chip.windows[GICH + 1]!;
    gich.write(0x100, 4, 0x1000_0000 | 40, 0);
    gich.write(0, 4, 1, 0);
    gicv.write(4, 4, 0xf0, 0);
    gicv.write(0, 4, 1, 0);
    expect(interrupts).toEqual([[0, 3]]);
    expect(build({ boot: 'svc' }).chip.windows).toHaveLength(2);
  });

  it('are found on PCI when asked', () => {
    const { load, store } = build({ transport: 'pci', disks: 1 });
    const slot = 0x4000_0000 + (2 << 15);
    expect(load(slot)).toBe(0x1001_1af4);
    expect(load(slot + 0x100)).toBe(0);
    expect(load(0x4000_0000 + (9 << 15))).toBe(0xffff_ffff);
    // BAR 4 into the memory window.
    store(slot + 0x20, 0, 0, 0, 0x51);
    store(slot + 4, 2, 0, 0, 0);
    expect(load(0x5100_0000)).toBe(0);
  });
});

describe('what the guest is given', () => {
  it('is entered at RAM + 0x8000 with the device tree in r2, the first CPU only', async () => {
    const { guest, memory } = await load();
    const { r2, ...registers } = Object.fromEntries(guest.registers(0));
    expect(registers).toEqual({ r0: 0, r1: 0xffff_ffff, pc: BASE + 0x8000, cpsr: 0x1da });
    expect(readBytes(memory, r2!, 4)).toEqual([0xd0, 0x0d, 0xfe, 0xed]);
    expect(guest.registers(1)).toEqual([]);
    expect(Object.fromEntries((await load({ boot: 'svc' })).guest.registers(0)).cpsr).toBe(0x1d3);
  });

  it('names CPUs, memory, initrd and command line', async () => {
    const { fdt } = await load({ cpus: 5 });
    const chosen = nodeAt(fdt, 'chosen').properties;
    expect(text(chosen.get('bootargs'))).toEqual(['console=x']);
    expect(cellsOf(nodeAt(fdt, 'chosen'), 'linux,initrd-start')).toEqual([0, BASE + 64 * MIB - 0x1_0000]);
    expect(cellsOf(nodeAt(fdt, 'chosen'), 'linux,initrd-end')).toEqual([0, BASE + 64 * MIB - 0x1_0000 + 0x1234]);
    expect(cellsOf(nodeAt(fdt, 'memory@80000000'), 'reg')).toEqual([0, BASE, 0, 64 * MIB]);
    const cpus = nodeAt(fdt, 'cpus').children.map((cpu) => cellsOf(cpu, 'reg')[0]);
    expect(cpus).toEqual([0, 1, 2, 3, 0x100]);
    expect(cellsOf(nodeAt(fdt, 'timer'), 'interrupts').slice(0, 3)).toEqual([1, 13, 0x1f08]);
  });

  it.each([
    ['hyp', 'smc', 4],
    ['svc', 'hvc', 2],
  ] as const)('in %s calls the firmware by %s, and has %d windows of the GIC', async (boot, method, windows) => {
    const { fdt } = await load({ boot });
    expect(text(nodeAt(fdt, 'psci').properties.get('method'))).toEqual([method]);
    expect(cellsOf(nodeAt(fdt, 'intc@3fff0000'), 'reg')).toHaveLength(4 * windows);
  });

  it.each([
    ['serial', 'serial@1000000'],
    ['pl011', 'serial@1004000'],
    ['virtio', 'serial@1000000'],
  ])('with --console %s has early output on %s', async (console, name) => {
    const { fdt } = await load({ console });
    expect(text(nodeAt(fdt, 'chosen').properties.get('stdout-path'))).toEqual([`/${name}`]);
  });

  it('has a virtio-mmio slot for what is there, and nothing on PCI', async () => {
    const names = async (wanted: Wanted) =>
      (await load(wanted)).fdt.root.children.map(({ name }) => name).filter((name) => /^(virtio|pcie)/.test(name));
    expect(await names({})).toEqual([]);
    expect(await names({ disks: 2, console: 'virtio' })).toEqual([
      'virtio@3000000',
      'virtio@3000200',
      'virtio@3000400',
    ]);
    expect(await names({ disks: 2, transport: 'pci' })).toEqual(['pcie@40000000']);
  });
});

describe.each([
  ['hyp', 'mmio'],
  ['svc', 'mmio'],
  ['hyp', 'pci'],
] as const)('its tree, booted in %s with virtio on %s', (boot, transport) => {
  it('is read by dtc without a warning', async (context) => {
    const dtc = (input: Uint8Array) => spawnSync('dtc', ['-I', 'dtb', '-O', 'dts', '-'], { input });
    if (dtc(new Uint8Array()).error) context.skip('dtc is not installed (package device-tree-compiler)');
    for (const cpus of [1, 8]) {
      const { guest } = await load({ boot, transport, disks: 8, console: 'virtio', cpus });
      const { status, stderr } = dtc(guest.deviceTree!);
      expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
    }
  });
});

describe('arm-virt runs', () => {
  const BOARDS = [mipsParavirt, malta, armVirt];
  const flat = new Uint8Array(16).fill(0xe1);
  const elf = (machine: number): Uint8Array =>
    makeElf({
      ...{ class: 32, order: 'little', machine, flags: 0x0500_0200, entry: 0xc000_8000n },
      segments: [{ vaddr: 0xc000_8000n, data: flat }],
    }).bytes;
  const choose = async (bytes: Uint8Array, machine: string | null = null, boot: 'hyp' | 'svc' | null = null) => {
    const kernel = await parseKernel(bytes, kernelFormats(BOARDS, machine));
    const { board, as } = chooseBoard(BOARDS, kernel, { machine, boot });
    return [board.name, as.vmType, kernel.kind, chooseTransport(board, kernel, null)];
  };

  it.each([
    ['an ELF', elf(EM_ARM), 'elf'],
    ['a zImage', makeZImage({ length: 0x1000 }), 'zImage'],
  ])('%s without being named, in Hyp mode unless told', async (_what, bytes, kind) => {
    expect(await choose(bytes)).toEqual(['arm-virt', 'arm-hyp', kind, 'mmio']);
    expect(await choose(bytes, null, 'svc')).toEqual(['arm-virt', 'arm-svc', kind, 'mmio']);
    expect(await choose(bytes, 'arm-virt', 'hyp')).toEqual(['arm-virt', 'arm-hyp', kind, 'mmio']);
  });

  it('a flat file only when it is named', async () => {
    expect(await choose(flat, 'arm-virt')).toEqual(['arm-virt', 'arm-hyp', 'flat', 'mmio']);
    await expect(choose(flat)).rejects.toMatchObject({ code: 'not-runnable' });
    await expect(choose(flat, 'malta')).rejects.toMatchObject({ code: 'not-runnable' });
  });

  it('nothing of another machine, and no other machine what is its', async () => {
    await expect(choose(elf(8), 'arm-virt')).rejects.toMatchObject({ code: 'image-wrong-machine' });
    await expect(choose(elf(EM_ARM), 'malta')).rejects.toMatchObject({ code: 'image-wrong-machine' });
    await expect(choose(makeZImage({ length: 0x1000 }), 'malta')).rejects.toMatchObject({ code: 'not-runnable' });
    await expect(choose(elf(20))).rejects.toMatchObject({
      details: { next: expect.stringMatching(/ARMv7-A ELF \(bare-machine guest in Hyp mode, machine arm-virt\)$/) },
    });
  });

  it('in one of its modes; other machines have none', async () => {
    const kernel = await parseKernel(
      makeElf({
        class: 32,
        order: 'little',
        machine: 8,
        flags: 0x7000_1001,
        entry: 0x8010_0000n,
        segments: [{ vaddr: 0x8010_0000n, data: flat }],
      }).bytes,
      ['elf'],
    );
    expect(() => chooseBoard(BOARDS, kernel, { machine: null, boot: 'svc' })).toThrow(
      '--boot svc: malta has no such mode',
    );
  });
});
