// Opening the disk that a user named: what it is, what may be done with it, and who else writes to it.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  realpathSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { BlockBackend } from '../../devices/device.ts';
import { TsvmError } from '../../util/errors.ts';
import { codeOf } from '../error-code.ts';
import { blockDeviceInUse, blockDeviceSize } from './block-device.ts';
import { CowDisk, isOverlay } from './cow.ts';
import { type ImageLock, lockImage, writerOf } from './lock.ts';
import { type PositionedFile, positionedFile } from './positioned-file.ts';
import { RawDisk } from './raw.ts';
import { misreadSuffix } from './suffix.ts';

/** What the user asked for. */
export interface DiskRequest {
  readonly path: string;
  /** `rw`: written in place. `ro`: never written. `cow`: what is written goes elsewhere. */
  readonly mode: 'rw' | 'ro' | 'cow';
  /** Where a `cow` disk keeps what is written; null: nowhere, it is gone at the end. */
  readonly overlay: string | null;
}

export interface OpenDisk {
  readonly backend: BlockBackend;
  /** What the user should know, one line each. */
  readonly notes: readonly string[];
  /** Device and inode of the image. */
  readonly identity: string;
  /**
   * Put away what is open and give locks back; what the guest wrote is kept first. Throws TsvmError `io`. Called again it does
   * nothing.
   */
  close(): void;
}

const SECTOR = 512;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK } = constants;

/** @throws TsvmError not-found, not-runnable (what is there cannot be a disk), io (it is in use, the host failed) */
export function openDisk(request: DiskRequest): OpenDisk {
  const closers: (() => void)[] = [];
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    atExit.delete(closeQuietly);
    closeAll(closers);
  };
  const closeQuietly = (): void => {
    try {
      close();
    } catch {
      // nobody is there to hear it
    }
  };
  watchForExit();
  atExit.add(closeQuietly);
  try {
    return { ...open(request, closers), close };
  } catch (error) {
    closeQuietly();
    throw error;
  }
}

/** What is open: locks are given back, and overlays completed, at every end that still runs code. */
const atExit = new Set<() => void>();
let watching = false;

function watchForExit(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const close of atExit) close();
  });
}

function open(request: DiskRequest, closers: (() => void)[]): Omit<OpenDisk, 'close'> {
  const { path, mode, overlay } = request;
  const real = findImage(request);
  const notes: string[] = [];
  const writable = mode === 'rw';
  if (!writable) notes.push(...inWords(path, 'disk', () => noteWriter(path, real, overlay)));
  const image = openImage(path, real, writable, closers);
  if (isOverlay(image.file)) notes.push(overlayAsImage(path, writable));
  const size = Math.floor(image.size / SECTOR) * SECTOR;
  if (size === 0)
    throw notRunnable(
      path,
      'disk',
      'it has not even one sector of 512 bytes',
      `make it larger: truncate -s 64M ${path}`,
    );
  if (size !== image.size)
    notes.push(
      `${path}: its last ${image.size - size} bytes are less than a sector of 512; the guest does not see them`,
    );
  const { file } = image;
  const common = { size, id: basename(real) };
  const { identity } = image;
  if (mode !== 'cow') return { backend: new RawDisk({ file, path, readonly: !writable, ...common }), notes, identity };
  const base = { base: file, basePath: path, baseModified: image.modified, ...common };
  const backend = openCow({ path, overlay }, base, identity, closers);
  return { backend, notes: [...notes, ...backend.notes], identity };
}

/** The path without links. */
function findImage(request: DiskRequest): string {
  try {
    return inWords(request.path, 'disk', () => realpathSync(request.path));
  } catch (error) {
    throw (error instanceof TsvmError && error.code === 'not-found' && misreadSuffix(request)) || error;
  }
}

/** The note to a reader of an overlay's own bytes. Throws TsvmError not-runnable for a writer, who would destroy it. */
function overlayAsImage(path: string, writable: boolean): string {
  const what = `${path}: this is an overlay of tsvm, not a disk image`;
  if (!writable) return `${what}; the guest sees the overlay's own bytes. The disk it belongs to: -d IMAGE:cow=${path}`;
  throw new TsvmError('not-runnable', `${what}; writing to it would destroy it`, { next: `-d IMAGE:cow=${path}` });
}

/** A reader beside a writer sees the image change; what is kept of such a run would be of no use. */
function noteWriter(path: string, real: string, overlay: string | null): string[] {
  const pid = writerOf(real);
  if (pid === null && !blockDeviceInUse(real)) return [];
  const who = pid === null ? 'it is mounted, or another program has it' : `process ${pid} writes to it now`;
  if (overlay === null) return [`${path}: ${who}; this guest may see half of a change`];
  throw new TsvmError('io', `${path}: ${who}`, {
    cause: `${overlay} holds only what differs from the image, and means nothing once the image has changed`,
    next: `end that first, or use ${path}:cow`,
  });
}

interface OpenImage {
  readonly file: PositionedFile;
  readonly size: number;
  /** Whole milliseconds since 1970; 0 for a device, whose writers do not change it. */
  readonly modified: number;
  readonly identity: string;
}

function openImage(path: string, real: string, writable: boolean, closers: (() => void)[]): OpenImage {
  return inWords(path, 'disk', () => {
    // Non-blocking, so that a FIFO is refused instead of waited for.
    let fd = openSync(real, O_RDONLY | O_NONBLOCK);
    let stat = fstatSync(fd);
    const isDevice = stat.isBlockDevice();
    if (writable || !isDisk(stat)) closeSync(fd);
    if (!isDisk(stat)) throw notRunnable(path, 'disk', `it is ${kindOf(stat)}`);
    if (writable) {
      // The kernel keeps two writers of a block device apart (and a mounted one to its file system): no file in /dev is needed.
      if (!isDevice) keep(closers, lockImage(real));
      fd = openSync(real, O_RDWR | O_NONBLOCK | (isDevice ? O_EXCL : 0));
      stat = fstatSync(fd);
    }
    const file = positionedFile(fd, path);
    closers.push(() => file.close());
    const size = isDevice ? blockDeviceSize(path, stat.rdev) : stat.size;
    return { file, size, modified: isDevice ? 0 : Math.floor(stat.mtimeMs), identity: identityOf(stat) };
  });
}

function openCow(
  { path, overlay }: Pick<DiskRequest, 'path' | 'overlay'>,
  base: Pick<ConstructorParameters<typeof CowDisk>[0], 'base' | 'basePath' | 'baseModified' | 'size' | 'id'>,
  baseIdentity: string,
  closers: (() => void)[],
): CowDisk {
  if (overlay === null) {
    const overlayPath = `${path}:cow`;
    const file = positionedFile(openUnlinked(path), overlayPath);
    closers.push(() => file.close());
    return new CowDisk({ ...base, overlay: file, overlayPath, kept: false });
  }
  const file = openOverlay(overlay, baseIdentity, closers);
  const disk = new CowDisk({ ...base, overlay: file, overlayPath: overlay, kept: true });
  closers.push(() => disk.flush());
  return disk;
}

/** Open or create the overlay, locked. */
function openOverlay(path: string, baseIdentity: string, closers: (() => void)[]): PositionedFile {
  return inWords(path, 'overlay', () => {
    // Created before it is locked: the lock lies beside what links lead to, also where that was not there yet.
    const created = openSync(path, O_RDWR | O_CREAT | O_NONBLOCK, 0o666);
    const stat = fstatSync(created);
    closeSync(created);
    if (!stat.isFile()) throw notRunnable(path, 'overlay', `it is ${kindOf(stat)}`);
    // An image of zeroes looks like an overlay that was not begun yet.
    if (identityOf(stat) === baseIdentity) throw notRunnable(path, 'overlay', 'it is the image itself');
    const real = realpathSync(path);
    keep(closers, lockImage(real, 'overlay'));
    const file = positionedFile(openSync(real, O_RDWR | O_NONBLOCK), path);
    closers.push(() => file.close());
    if (stat.size === 0) syncFolder(dirname(real));
    return file;
  });
}

/** A new file's name, too, must survive the end of the host. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file without a name for what a guest writes and nobody keeps. */
function openUnlinked(path: string): number {
  const name = join(tmpdir(), `tsvm-cow-${randomUUID()}`);
  try {
    const fd = openSync(name, O_RDWR | O_CREAT | O_EXCL, 0o600);
    unlinkSync(name);
    return fd;
  } catch (error) {
    throw new TsvmError('io', `${path}:cow: no temporary file can be made (${messageOf(error)})`, {
      next: 'set TMPDIR to a folder with room',
    });
  }
}

function keep(closers: (() => void)[], lock: ImageLock): void {
  closers.push(() => lock.release());
}

/** In reverse order, each whatever the others do; the first error is thrown at the end. */
function closeAll(closers: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const close of closers.toReversed()) {
    try {
      close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function isDisk(stat: Stats): boolean {
  return stat.isFile() || stat.isBlockDevice();
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isCharacterDevice()) return 'a character device';
  return 'not a regular file';
}

/** Errors of the file system in the user's words. */
function inWords<T>(path: string, role: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TsvmError) throw error;
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw missing(path, role, code);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw notRunnable(
        path,
        role,
        'permission denied',
        'change who may read and write it; for :ro and :cow reading is enough',
      );
    if (code === 'ELOOP') throw notRunnable(path, role, 'its links lead in a circle', 'check the path');
    if (code === 'ENAMETOOLONG') throw notRunnable(path, role, 'the path is too long', 'check the path');
    if (code === 'EISDIR') throw notRunnable(path, role, 'it is a directory');
    if (code === 'ENXIO') throw notRunnable(path, role, 'it is a socket, or a device that is not there');
    if (code === 'EBUSY')
      throw new TsvmError('io', `${path}: in use (mounted, or another program has it)`, {
        next: 'unmount it first, or use it with :ro',
      });
    throw new TsvmError('io', `${path}: cannot be opened (${role}): ${messageOf(error)}`);
  }
}

/** Nothing is there; an overlay is made where nothing is, so for that one it is the folder. */
function missing(path: string, role: string, code: string): TsvmError {
  const folder = dirname(path);
  if (role !== 'overlay' || code !== 'ENOENT' || existsSync(folder))
    return new TsvmError('not-found', `${path}: no such file (${role})`, {
      next: 'check the path; after it may stand :rw, :ro, :cow or :cow=OVERLAY',
    });
  return new TsvmError('io', `${path}: cannot be made (overlay): the folder ${folder} does not exist`, {
    next: `mkdir -p ${folder}`,
  });
}

function notRunnable(path: string, role: string, why: string, next?: string): TsvmError {
  return new TsvmError(
    'not-runnable',
    `${path}: cannot be ${role === 'overlay' ? 'an' : 'a'} ${role}: ${why}`,
    next === undefined ? {} : { next },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
