// Registers of a GICv2 distributor without Security Extensions (ARM IHI 0048B, section 4.3). SGIs are always enabled and the triggering of
// PPIs is fixed, as in the GIC-400, whose identification registers these are; GICD_IIDR is that of KVM's VGIC (reference/ARM.md 7).
import type { MisuseListener, RegisterSpec } from '../registers.ts';
import { BANK_SIZE, type GicBank } from './gic-bank.ts';
import type { GicState } from './gic-state.ts';
import { GicWindow } from './gic-window.ts';

const GICD_SIZE = 0x1000;
const GICD_IPRIORITYR = 0x400;
const GICD_ITARGETSR = 0x800;
const GICD_ICFGR = 0xc00;
const GICD_CPENDSGIR = 0xf10;
const GICD_SPENDSGIR = 0xf20;
const GICD_IIDR_VALUE = 0x4b00043b;
/** PIDR4 to PIDR7, PIDR0 to PIDR3, CIDR0 to CIDR3, from offset 0xfd0 on; PIDR2[7:4] says GICv2. */
const IDS = [0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1] as const;
/** GICD_SGIR.TargetListFilter, bits 25:24. */
const TO_LIST = 0;
const TO_ALL_OTHERS = 1;
const TO_SELF = 2;

type Accessor = () => number;
type Spec = RegisterSpec<string>;

/** The distributor's window over `state`; `written` is called after each write of a guest. */
export function createDistributor(state: GicState, misuse: MisuseListener, written: () => void): GicWindow {
  const interrupts = state.bankCount * BANK_SIZE;
  return new GicWindow({
    name: 'gic-distributor',
    size: GICD_SIZE,
    cpus: state.cpus,
    declare: (accessor) => [
      ...control(state),
      ...bitmaps(state, accessor),
      ...byteFields(state, accessor),
      ...configuration(state, accessor),
      ...softwareGenerated(state, accessor),
      ...IDS.map((value, i): Spec => {
        const name = i < 8 ? `GICD_PIDR${(i + 4) & 7}` : `GICD_CIDR${i - 8}`;
        return { name, offset: 0xfd0 + 4 * i, access: 'r', read: () => value };
      }),
    ],
    byteRanges: [
      { from: GICD_IPRIORITYR, to: GICD_IPRIORITYR + interrupts },
      { from: GICD_ITARGETSR, to: GICD_ITARGETSR + interrupts },
      { from: GICD_CPENDSGIR, to: GICD_SPENDSGIR + 16, onesOnly: true },
    ],
    misuse,
    written,
  });
}

function control(state: GicState): Spec[] {
  const typer = (state.bankCount - 1) | ((state.cpus - 1) << 5);
  const writeCtlr = (value: number): void => {
    state.ctlr = value;
  };
  return [
    { name: 'GICD_CTLR', offset: 0, access: 'rw', read: () => state.ctlr, write: writeCtlr },
    { name: 'GICD_TYPER', offset: 4, access: 'r', read: () => typer },
    { name: 'GICD_IIDR', offset: 8, access: 'r', read: () => GICD_IIDR_VALUE },
  ];
}

/** Registers with a bit for each interrupt. */
function bitmaps(state: GicState, accessor: Accessor): Spec[] {
  type Read = (bank: GicBank) => number;
  type Write = (bank: GicBank, bits: number) => void;
  const enabled: Read = (bank) => bank.enabled;
  const pending: Read = (bank) => bank.pending;
  const active: Read = (bank) => bank.active;
  const table: readonly (readonly [name: string, base: number, read: Read, write: Write])[] = [
    ['GICD_IGROUPR', 0x080, (bank) => bank.group, (bank, bits) => bank.setGroup(bits)],
    ['GICD_ISENABLER', 0x100, enabled, (bank, bits) => bank.enable(bits)],
    ['GICD_ICENABLER', 0x180, enabled, (bank, bits) => bank.disable(bits)],
    ['GICD_ISPENDR', 0x200, pending, (bank, bits) => bank.setPending(bits)],
    ['GICD_ICPENDR', 0x280, pending, (bank, bits) => bank.clearPending(bits)],
    ['GICD_ISACTIVER', 0x300, active, (bank, bits) => bank.activate(bits)],
    ['GICD_ICACTIVER', 0x380, active, (bank, bits) => bank.deactivate(bits)],
  ];
  return table.flatMap(([name, base, read, write]) =>
    Array.from(
      { length: state.bankCount },
      (_, i): Spec => ({
        name: `${name}${i}`,
        offset: base + 4 * i,
        access: 'rw',
        read: () => read(state.bank(i, accessor())),
        write: (bits) => write(state.bank(i, accessor()), bits),
      }),
    ),
  );
}

/** Registers with a byte for each interrupt. */
function byteFields(state: GicState, accessor: Accessor): Spec[] {
  const specs: Spec[] = [];
  for (let i = 0; i < (state.bankCount * BANK_SIZE) / 4; i++) {
    const first = (4 * i) & 31;
    const bank = (): GicBank => state.bank(i >>> 3, accessor());
    specs.push({
      name: `GICD_IPRIORITYR${i}`,
      offset: GICD_IPRIORITYR + 4 * i,
      access: 'rw',
      read: () => word((byte) => bank().priorities[first + byte]!),
      write: (value) => eachByte(value, (byte, priority) => bank().setPriority(first + byte, priority)),
    });
    const place = { name: `GICD_ITARGETSR${i}`, offset: GICD_ITARGETSR + 4 * i };
    // With one CPU there is nothing to choose: all of them read 0 and ignore writes.
    if (state.cpus === 1) specs.push({ ...place, access: 'rw', read: () => 0, write: () => {} });
    else if (i < 8) specs.push({ ...place, access: 'r', read: () => word(() => 1 << accessor()) });
    else
      specs.push({
        ...place,
        access: 'rw',
        read: () => word((byte) => bank().targets[first + byte]!),
        write: (value) => eachByte(value, (byte, cpus) => bank().setTargets(first + byte, cpus)),
      });
  }
  return specs;
}

/** GICD_ICFGR: two bits for each interrupt, of which the upper one says edge-triggered. */
function configuration(state: GicState, accessor: Accessor): Spec[] {
  return Array.from({ length: 2 * state.bankCount }, (_, i): Spec => {
    const shift = 16 * (i & 1);
    const bank = (): GicBank => state.bank(i >>> 1, accessor());
    const place = { name: `GICD_ICFGR${i}`, offset: GICD_ICFGR + 4 * i };
    const read = (): number => {
      let value = 0;
      for (let n = 0; n < 16; n++) value |= ((bank().edge >>> (shift + n)) & 1) << (2 * n + 1);
      return value >>> 0;
    };
    if (i < 2) return { ...place, access: 'r', read };
    const write = (value: number): void => {
      let edges = 0;
      for (let n = 0; n < 16; n++) edges |= ((value >>> (2 * n + 1)) & 1) << n;
      bank().setEdge((bank().edge & ~(0xffff << shift)) | (edges << shift));
    };
    return { ...place, access: 'rw', read, write };
  });
}

function softwareGenerated(state: GicState, accessor: Accessor): Spec[] {
  const specs: Spec[] = [
    { name: 'GICD_SGIR', offset: 0xf00, access: 'w', write: (value) => sendSgi(state, accessor(), value) },
  ];
  for (let i = 0; i < 4; i++) {
    const bank = (): GicBank => state.bank(0, accessor());
    const read = (): number => word((byte) => bank().sources[4 * i + byte]!);
    specs.push(
      {
        name: `GICD_CPENDSGIR${i}`,
        offset: GICD_CPENDSGIR + 4 * i,
        access: 'rw',
        read,
        write: (value) => eachByte(value, (byte, cpus) => bank().changeSources(4 * i + byte, 0, cpus)),
      },
      {
        name: `GICD_SPENDSGIR${i}`,
        offset: GICD_SPENDSGIR + 4 * i,
        access: 'rw',
        read,
        write: (value) => eachByte(value, (byte, cpus) => bank().changeSources(4 * i + byte, cpus, 0)),
      },
    );
  }
  return specs;
}

/** GICD_SGIR: the SGI of bits 3:0 pends from `sender` at the targets. The reserved filter 3 sends nothing. */
function sendSgi(state: GicState, sender: number, value: number): void {
  const filter = (value >>> 24) & 3;
  let targets = 0;
  if (filter === TO_LIST) targets = (value >>> 16) & 0xff;
  else if (filter === TO_ALL_OTHERS) targets = ~(1 << sender);
  else if (filter === TO_SELF) targets = 1 << sender;
  for (let cpu = 0; cpu < state.cpus; cpu++)
    if (targets & (1 << cpu)) state.bank(0, cpu).changeSources(value & 15, 1 << sender, 0);
}

function word(byteAt: (byte: number) => number): number {
  return (byteAt(0) | (byteAt(1) << 8) | (byteAt(2) << 16) | (byteAt(3) << 24)) >>> 0;
}

function eachByte(value: number, take: (byte: number, bits: number) => void): void {
  for (let byte = 0; byte < 4; byte++) take(byte, (value >>> (8 * byte)) & 0xff);
}
