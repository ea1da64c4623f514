// The guest agent for an initramfs: a cpio archive in the newc format (Linux, Documentation/driver-api/early-userspace/
// buffer-format) with the agent and what it has to know. Its sources are in agent/. Boot it with rdinit=/.tsvm/init.
import { TsvmError } from '../../util/errors.ts';
import { agentPrograms } from './programs.ts';

/** Architectures that the agent is built for: MIPS o32, little- and big-endian; ARM. */
export type AgentArch = keyof typeof agentPrograms;

export interface AgentOptions {
  /** Path of the init that the agent becomes, such as /init; '' or one that the guest cannot execute: the root disk's. */
  readonly next: string;
  /** The block device that holds the root file system when there is no such init: a path below /dev, as /dev/vda. */
  readonly root: { readonly device: string; readonly mode: 'ro' | 'rw' } | null;
}

interface Entry {
  readonly name: string;
  /** File type and permissions, as in st_mode. */
  readonly mode: number;
  readonly data: Uint8Array;
}

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;
const FILE = 0o100644;
/** Headers and contents start at multiples of this. */
const ALIGN = 4;
/** Bytes in the path of an init or a device. */
const MAX_PATH = 255;

const aligned = (size: number): number => Math.ceil(size / ALIGN) * ALIGN;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Magic number and 13 fields of eight hexadecimal digits; the inode numbers the entries, owner and times are 0. */
function header({ mode, data }: Entry, inode: number, nameSize: number): Uint8Array {
  const links = (mode & 0o170000) === 0o040000 ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, nameSize, 0];
  return bytesOf(`070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('')}`);
}

function archiveOf(entries: readonly Entry[]): Uint8Array {
  const pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  let size = 0;
  const add = (bytes: Uint8Array): void => {
    pieces.push({ at: size, bytes });
    size += bytes.length;
  };
  const trailer: Entry = { name: 'TRAILER!!!', mode: 0, data: new Uint8Array(0) };
  for (const [index, entry] of [...entries, trailer].entries()) {
    const name = bytesOf(`${entry.name}\0`);
    add(header(entry, entry === trailer ? 0 : index + 1, name.length));
    add(name);
    size = aligned(size);
    add(entry.data);
    size = aligned(size);
  }
  const archive = new Uint8Array(size);
  for (const { at, bytes } of pieces) archive.set(bytes, at);
  return archive;
}

/** The agent reads these as words of limited length. */
function requirePath(what: string, path: string): void {
  if (!/^\/[^\s\p{Cc}]*$/u.test(path) || bytesOf(path).length > MAX_PATH)
    throw new TsvmError('usage', `${what} ${JSON.stringify(path)} is not a path that starts at / and has no spaces`, {
      next: `give a path of at most ${MAX_PATH} bytes`,
    });
}

/**
 * The archive with the agent's folder, /.tsvm. The same arguments give the same bytes.
 * @throws TsvmError usage (a path that the agent could not read back)
 */
export function agentArchive(arch: AgentArch, { next, root }: AgentOptions): Uint8Array {
  if (next !== '') requirePath('the init', next);
  if (root) requirePath('the root disk', root.device);
  const program = Uint8Array.from(atob(agentPrograms[arch].base64), (character) => character.charCodeAt(0));
  const none = new Uint8Array(0);
  const entries: Entry[] = [
    { name: '.tsvm', mode: DIRECTORY, data: none },
    { name: '.tsvm/init', mode: PROGRAM, data: program },
    { name: '.tsvm/next', mode: FILE, data: bytesOf(`${next}\n`) },
  ];
  if (root) entries.push({ name: '.tsvm/root', mode: FILE, data: bytesOf(`${root.device} ${root.mode}\n`) });
  return archiveOf(entries);
}

/**
 * An initrd with both: the agent's archive, then the user's (cpio, plain or compressed). The kernel unpacks archives one
 * after another; the agent's comes first, because some decompressors (lz4) and files padded by other tools allow nothing
 * after them.
 * @throws TsvmError not-runnable (an empty initrd)
 */
export function withArchive(initrd: Uint8Array | null, archive: Uint8Array): Uint8Array {
  if (!initrd) return archive;
  if (initrd.length === 0)
    throw new TsvmError('not-runnable', 'the initrd is an empty file', { next: 'build it again, or leave it out' });
  const joined = new Uint8Array(archive.length + initrd.length);
  joined.set(archive);
  joined.set(initrd, archive.length);
  return joined;
}
