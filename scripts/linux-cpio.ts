// Usage: npx tsx scripts/linux-cpio.ts pack FOLDER > FILE.cpio.gz
//        npx tsx scripts/linux-cpio.ts extract FILE.cpio[.gz] MEMBER > FILE
// initramfs archives (cpio newc; Linux, Documentation/driver-api/early-userspace/buffer-format). `pack` is reproducible: everything
// belongs to root, was changed at time 0 and stands in the order of its names; a folder named dev gets the nodes console and null.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const MAGIC = '070701';
const HEADER = 110;
const TRAILER = 'TRAILER!!!';
const [S_IFDIR, S_IFREG, S_IFLNK, S_IFCHR] = [0o040000, 0o100000, 0o120000, 0o020000];

interface Member {
  readonly name: string;
  readonly mode: number;
  readonly data: Uint8Array;
  /** Major and minor number of a character device. */
  readonly device?: readonly [number, number];
}

const nothing = new Uint8Array(0);

/** What is below `folder`, a folder before what is in it. */
function membersOf(folder: string, prefix = ''): Member[] {
  const names = readdirSync(folder).sort();
  const members = names.flatMap((entry): Member[] => {
    const path = join(folder, entry);
    const name = prefix + entry;
    const stat = lstatSync(path);
    if (stat.isDirectory()) return [{ name, mode: S_IFDIR | 0o755, data: nothing }, ...membersOf(path, `${name}/`)];
    if (stat.isSymbolicLink()) return [{ name, mode: S_IFLNK | 0o777, data: Buffer.from(readlinkSync(path)) }];
    if (!stat.isFile()) throw new Error(`${path} is neither a file, a folder nor a link`);
    return [{ name, mode: S_IFREG | (stat.mode & 0o111 ? 0o755 : 0o644), data: readFileSync(path) }];
  });
  if (prefix !== 'dev/') return members;
  return [
    ...members,
    { name: 'dev/console', mode: S_IFCHR | 0o600, data: nothing, device: [5, 1] },
    { name: 'dev/null', mode: S_IFCHR | 0o666, data: nothing, device: [1, 3] },
  ];
}

const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4);

function encode({ name, mode, data, device = [0, 0] }: Member, inode: number): Uint8Array {
  const links = name === TRAILER || (mode & S_IFDIR) === 0 ? 1 : 2;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, ...device, name.length + 1, 0];
  const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const head = Buffer.from(`${header}${name}\0`, 'latin1');
  return Buffer.concat([head, padding(head.length), data, padding(data.length)]);
}

function pack(folder: string): Uint8Array {
  const members = membersOf(folder).map((member, i) => encode(member, i + 1));
  return gzipSync(Buffer.concat([...members, encode({ name: TRAILER, mode: 0, data: nothing }, 0)]), { level: 9 });
}

function extract(file: string, member: string): Uint8Array {
  const raw = readFileSync(file);
  const archive = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
  const aligned = (offset: number): number => (offset + 3) & ~3;
  for (let at = 0; at + HEADER <= archive.length; ) {
    if (archive.toString('latin1', at, at + 6) !== MAGIC) throw new Error(`${file}: no cpio header at offset ${at}`);
    const field = (n: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + 8 * n, at + 14 + 8 * n), 16);
    const [size, nameLength] = [field(6), field(11)];
    const name = archive.toString('utf8', at + HEADER, at + HEADER + nameLength - 1);
    const data = aligned(at + HEADER + nameLength);
    if (name.replace(/^\.\//, '') === member) return archive.subarray(data, data + size);
    if (name === TRAILER) break;
    at = aligned(data + size);
  }
  throw new Error(`${file}: no member ${member}`);
}

function run([verb, first, second]: readonly string[]): Uint8Array {
  if (verb === 'pack' && first !== undefined && second === undefined) return pack(first);
  if (verb === 'extract' && first !== undefined && second !== undefined) return extract(first, second);
  console.error('usage: linux-cpio.ts pack FOLDER | extract FILE MEMBER');
  process.exit(2);
}

try {
  process.stdout.write(run(process.argv.slice(2)));
} catch (error) {
  console.error(`linux-cpio: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
