// A reader of flattened device trees for tests, written from the Devicetree Specification v0.4, chapter 5, not from the writer. It insists on all
// that the chapter says about order, alignment and bounds.

export interface ReadNode {
  readonly name: string;
  readonly properties: Map<string, Uint8Array>;
  readonly children: ReadNode[];
}

export interface ReadFdt {
  readonly header: Readonly<Record<(typeof headerFields)[number], number>>;
  readonly reservations: [address: bigint, size: bigint][];
  readonly root: ReadNode;
}

const headerFields = [
  'magic',
  'totalsize',
  'off_dt_struct',
  'off_dt_strings',
  'off_mem_rsvmap',
  'version',
  'last_comp_version',
  'boot_cpuid_phys',
  'size_dt_strings',
  'size_dt_struct',
] as const;

function insist(holds: boolean, rule: string): void {
  if (!holds) throw new Error(`no flattened device tree: ${rule}`);
}

export function readFdt(blob: Uint8Array): ReadFdt {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const header = Object.fromEntries(
    headerFields.map((name, i) => [name, view.getUint32(4 * i)]),
  ) as unknown as ReadFdt['header'];
  insist(header.magic === 0xd00dfeed, 'magic');
  insist(header.totalsize === blob.length, 'totalsize');
  insist(header.off_mem_rsvmap % 8 === 0 && header.off_dt_struct % 4 === 0, 'blocks are aligned');
  insist(header.off_mem_rsvmap >= 40 && header.off_mem_rsvmap < header.off_dt_struct, 'order of the blocks');
  insist(header.off_dt_struct + header.size_dt_struct <= header.off_dt_strings, 'structure block before strings');
  insist(header.off_dt_strings + header.size_dt_strings <= blob.length, 'strings block inside');

  const reservations: [bigint, bigint][] = [];
  for (let at = header.off_mem_rsvmap; ; at += 16) {
    insist(at + 16 <= header.off_dt_struct, 'the reservation block ends before the structure');
    const [address, size] = [view.getBigUint64(at), view.getBigUint64(at + 8)];
    if (address === 0n && size === 0n) break;
    reservations.push([address, size]);
  }

  const end = header.off_dt_struct + header.size_dt_struct;
  let at = header.off_dt_struct;
  const word = (): number => {
    insist(at + 4 <= end, 'the structure block ends with FDT_END');
    at += 4;
    return view.getUint32(at - 4);
  };
  const text = (from: number, limit: number): string => {
    const nul = blob.indexOf(0, from);
    insist(nul >= from && nul < limit, 'a name ends with NUL');
    return new TextDecoder().decode(blob.subarray(from, nul));
  };
  const align = (): void => {
    for (; at % 4 !== 0; at++) insist(blob[at] === 0, 'padding is zero');
  };
  const node = (): ReadNode => {
    const name = text(at, end);
    at += name.length + 1;
    align();
    const properties = new Map<string, Uint8Array>();
    const children: ReadNode[] = [];
    for (;;) {
      const token = word();
      if (token === 2) return { name, properties, children };
      if (token === 1) children.push(node());
      else {
        insist(token === 3, `token ${token}`);
        insist(children.length === 0, 'properties before children');
        const length = word();
        const strings = header.off_dt_strings;
        const key = text(strings + word(), strings + header.size_dt_strings);
        insist(at + length <= end && !properties.has(key), `property ${key}`);
        properties.set(key, blob.slice(at, at + length));
        at += length;
        align();
      }
    }
  };
  insist(word() === 1, 'begins with a node');
  const root = node();
  insist(root.name === '', 'the root has no name');
  insist(word() === 9 && at === end, 'FDT_END is last');
  return { header, reservations, root };
}

/** The node at a path of names, e.g. `cpus/cpu@0`. */
export function nodeAt({ root }: ReadFdt, path: string): ReadNode {
  let node: ReadNode | undefined = root;
  for (const name of path.split('/').filter(Boolean)) node = node?.children.find((child) => child.name === name);
  if (!node) throw new Error(`no node ${path}`);
  return node;
}

/** The cells of a property. */
export function cellsOf(node: ReadNode, name: string): number[] {
  const bytes = node.properties.get(name);
  if (!bytes || bytes.length % 4 !== 0) throw new Error(`${name} holds no cells`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i));
}
