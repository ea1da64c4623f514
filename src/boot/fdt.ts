// Flattened device trees (Devicetree Specification v0.4, chapter 5): a tree of nodes as a DTB of version 17. The same tree gives the same bytes.
import { TsvmError } from '../util/errors.ts';
import type { FdtNode, FdtReference, FdtValue } from '../util/fdt-node.ts';

// The header (5.2) and the structure block (5.4).
const FDT_MAGIC = 0xd00dfeed;
const FDT_VERSION = 17;
const FDT_LAST_COMP_VERSION = 16;
const HEADER_SIZE = 40;
const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_END = 9;

/** Names (2.2.1, 2.2.4): 1 to 31 characters; the unit address has no length of its own, so tsvm gives it the same. */
const nodeName = /^[A-Za-z][\w,.+-]{0,30}(@[\w,.+-]{1,31})?$/;
const propertyName = /^[\w,.+?#-]{1,31}$/;
/** More than any board; a tree that contains itself ends here. */
const MAX_DEPTH = 32;

/** Guest-physical memory that the guest leaves alone (5.3), in bytes. */
export interface FdtReservation {
  readonly address: number;
  readonly size: number;
}

export interface FdtOptions {
  readonly reservations?: readonly FdtReservation[];
  /** boot_cpuid_phys: the `reg` of the CPU that starts. */
  readonly bootCpu?: number;
}

/**
 * The blob of the tree under `root`. A node whose label is referred to gets a phandle, from 1 in the order of the tree.
 * @throws TsvmError internal: a name or value that the format cannot hold, a name or label twice, a reference to no node
 */
export function writeFdt(root: FdtNode, { reservations = [], bootCpu = 0 }: FdtOptions = {}): Uint8Array {
  if (root.name !== '') throw bad('/', `the root has the name ${root.name}`);
  const writer = new StructureWriter(phandlesOf(root));
  writer.node(root, '');
  writer.blob.u32(FDT_END);

  const blob = new Blob();
  const reserved = HEADER_SIZE;
  const structure = reserved + 16 * (reservations.length + 1);
  const strings = structure + writer.blob.length;
  const total = strings + writer.strings.length;
  const header = [FDT_MAGIC, total, structure, strings, reserved, FDT_VERSION, FDT_LAST_COMP_VERSION];
  for (const word of [...header, bootCpu, writer.strings.length, writer.blob.length]) blob.u32(word);
  for (const { address, size } of reservations) {
    // A size of 0 beside the address 0 would end the list.
    if (address < 0 || size <= 0) throw bad('/memreserve/', `${size} bytes at ${address}`);
    blob.u64(BigInt(address));
    blob.u64(BigInt(size));
  }
  blob.u64(0n);
  blob.u64(0n);
  blob.bytes(writer.blob.taken());
  blob.bytes(writer.strings.taken());
  return blob.taken();
}

/** The phandle of each label that something refers to. */
function phandlesOf(root: FdtNode): Map<string, number> {
  const labels = new Set<string>();
  const wanted = new Set<string>();
  const walk = (node: FdtNode, path: string, depth: number): void => {
    if (depth > MAX_DEPTH) throw bad(path, `deeper than ${MAX_DEPTH} nodes`);
    if (node.label !== undefined) {
      if (labels.has(node.label)) throw bad(path, `the label ${node.label} is used twice`);
      labels.add(node.label);
    }
    for (const value of Object.values(node.properties).flat()) if (isReference(value)) wanted.add(value.phandle);
    for (const child of node.children ?? []) walk(child, `${path}/${child.name}`, depth + 1);
  };
  walk(root, '', 0);
  // A set keeps the order of the tree.
  return new Map([...labels].filter((label) => wanted.has(label)).map((label, i) => [label, i + 1]));
}

function isReference(value: FdtValue): value is FdtReference {
  return typeof value === 'object' && !(value instanceof Uint8Array);
}

/** Growing big-endian bytes. */
class Blob {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  length = 0;

  u32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value);
  }

  u64(value: bigint): void {
    const at = this.grow(8);
    this.view.setBigUint64(at, value);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.grow(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Bytes with the final NUL. */
  text(text: string): void {
    this.bytes(new TextEncoder().encode(`${text}\0`));
  }

  /** Zeros up to the next cell. */
  align(): void {
    this.grow(-this.length & 3);
  }

  taken(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  private grow(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.buffer);
      this.buffer = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** The structure block and the strings block that its properties share. */
class StructureWriter {
  readonly blob = new Blob();
  readonly strings = new Blob();
  private readonly names = new Map<string, number>();
  private readonly phandles: ReadonlyMap<string, number>;

  constructor(phandles: ReadonlyMap<string, number>) {
    this.phandles = phandles;
  }

  node(node: FdtNode, path: string): void {
    const where = path || '/';
    this.blob.u32(FDT_BEGIN_NODE);
    this.blob.text(node.name);
    this.blob.align();
    for (const [name, values] of Object.entries(node.properties)) {
      if (name === 'phandle' || !propertyName.test(name)) throw bad(where, `no property can be called ${name}`);
      this.property(name, values, `${where}:${name}`);
    }
    const phandle = node.label === undefined ? undefined : this.phandles.get(node.label);
    if (phandle !== undefined) this.property('phandle', [phandle], where);
    const siblings = new Set<string>();
    for (const child of node.children ?? []) {
      if (!nodeName.test(child.name)) throw bad(where, `no node can be called ${child.name}`);
      if (siblings.has(child.name)) throw bad(where, `two nodes are called ${child.name}`);
      siblings.add(child.name);
      this.node(child, `${path}/${child.name}`);
    }
    this.blob.u32(FDT_END_NODE);
  }

  private property(name: string, values: readonly FdtValue[], where: string): void {
    const value = new Blob();
    for (const piece of values) this.value(value, piece, where);
    this.blob.u32(FDT_PROP);
    this.blob.u32(value.length);
    this.blob.u32(this.nameOffset(name));
    this.blob.bytes(value.taken());
    this.blob.align();
  }

  private nameOffset(name: string): number {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const offset = this.strings.length;
    this.strings.text(name);
    this.names.set(name, offset);
    return offset;
  }

  private value(into: Blob, value: FdtValue, where: string): void {
    if (typeof value === 'number') {
      if (value !== value >>> 0) throw bad(where, `${value} is no 32-bit cell`);
      into.u32(value);
    } else if (typeof value === 'bigint') {
      if (value !== BigInt.asUintN(64, value)) throw bad(where, `${value} has no 64 bits`);
      into.u64(value);
    } else if (typeof value === 'string') {
      if (value.includes('\0')) throw bad(where, 'a string with a NUL inside');
      into.text(value);
    } else if (isReference(value)) {
      const phandle = this.phandles.get(value.phandle);
      if (phandle === undefined) throw bad(where, `no node has the label ${value.phandle}`);
      into.u32(phandle);
    } else into.bytes(value);
  }
}

function bad(where: string, problem: string): TsvmError {
  return new TsvmError('internal', `device tree, ${where}: ${problem}`);
}
