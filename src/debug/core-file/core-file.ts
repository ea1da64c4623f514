// A core file of a guest that stands, for gdb and crash: ELF32, ET_CORE, in the guest's byte order (System V gABI chapters 4 and 5); registers of
// every vCPU as notes, RAM as PT_LOADs. `gdb-multiarch vmlinux core` shows threads, backtraces and data.
import { EM_ARM, EM_MIPS, ET_CORE, PF_R, PF_W, PF_X, PT_LOAD } from '../../boot/elf-constants.ts';
import { TsvmError } from '../../util/errors.ts';
import { KernelMemory } from '../linux/kernel-memory.ts';
import { findVmCoreInfo } from '../linux/vmcoreinfo.ts';
import type { DebugTarget } from '../target.ts';
import { Fields } from './fields.ts';
import { coreNotes } from './notes.ts';
import { type CoreSegment, coreSegments } from './segments.ts';

const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const PT_NOTE = 4;
/** e_flags: EF_MIPS_ABI_O32 and EF_MIPS_ARCH_32R2; EF_ARM_EABI_VER5. */
const FLAGS = { mips: 0x7000_1000, arm: 0x0500_0000 };
const PAGE = 0x1000;
const CHUNK = 0x1_0000;
const LARGEST_FILE = 0xffff_ffff;

/**
 * The file, piece by piece; RAM is read when its piece is asked for, so the guest has to stand until the last. Pieces that are all zero need not be
 * written by who can leave holes.
 * @throws TsvmError usage when the guest runs, or has more memory than such a file can hold
 */
export function* coreFile(target: DebugTarget): Generator<Uint8Array> {
  const memory = new KernelMemory(target);
  const segments = coreSegments(target, memory.linear);
  const notes = coreNotes(target, findVmCoreInfo(target, memory)?.text ?? null);
  const notesAt = HEADER_SIZE + PROGRAM_HEADER_SIZE * (1 + segments.length);
  const dataAt = Math.ceil((notesAt + notes.length) / PAGE) * PAGE;
  const size = segments.reduce((sum, segment) => sum + segment.size, dataAt);
  if (size > LARGEST_FILE)
    throw new TsvmError(
      'usage',
      `the guest has ${size} bytes of memory; a core file of 32 bits holds less than 4 GiB`,
      {
        next: 'use `save FILE ADDRESS LENGTH` for a part of it',
      },
    );
  yield headers(target, segments, notes, dataAt);
  for (const { physical, size: bytes } of segments)
    for (let at = 0; at < bytes; at += CHUNK) {
      const length = Math.min(CHUNK, bytes - at);
      yield target.readPhysical(physical + at, length) ?? new Uint8Array(length);
    }
}

/** Everything before the memory. */
function headers(target: DebugTarget, segments: readonly CoreSegment[], notes: Uint8Array, dataAt: number): Uint8Array {
  const isMips = target.view.name === 'mips';
  const notesAt = HEADER_SIZE + PROGRAM_HEADER_SIZE * (1 + segments.length);
  const fields = new Fields(target.endianness)
    .raw([0x7f, 0x45, 0x4c, 0x46, 1, target.endianness === 'little' ? 1 : 2, 1])
    .zeros(9)
    .u16(ET_CORE, isMips ? EM_MIPS : EM_ARM)
    .u32(1, 0, HEADER_SIZE, 0, isMips ? FLAGS.mips : FLAGS.arm)
    .u16(HEADER_SIZE, PROGRAM_HEADER_SIZE, 1 + segments.length, 0, 0, 0)
    .u32(PT_NOTE, notesAt, 0, 0, notes.length, 0, 0, 4);
  let offset = dataAt;
  for (const { physical, virtual, size } of segments) {
    fields.u32(PT_LOAD, offset, virtual, physical, size, size, PF_R | PF_W | PF_X, 0);
    offset += size;
  }
  return fields.raw(notes).align(PAGE).done();
}
