// dump: the guest as a core file.
import { grouped, printable } from '../../../util/format.ts';
import { coreFile } from '../../core-file/core-file.ts';
import type { ShellCommand } from '../command.ts';

/** Passes on what it counts. */
class Counted implements Iterable<Uint8Array> {
  bytes = 0;
  private readonly chunks: Iterable<Uint8Array>;

  constructor(chunks: Iterable<Uint8Array>) {
    this.chunks = chunks;
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    for (const chunk of this.chunks) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}

export const dumpCommand: ShellCommand = {
  name: 'dump',
  aliases: ['gcore', 'generate-core-file'],
  family: 'memory',
  usage: 'dump FILE',
  summary: 'write registers of every vCPU and all RAM to a core file',
  help: [
    'An ELF core file that gdb opens: gdb-multiarch VMLINUX FILE shows threads, backtraces and data. RAM is in it by its physical addresses, too,',
    "and the kernel's VMCOREINFO, for crash.",
  ],
  examples: ['dump guest.core'],
  run({ target, files }, args) {
    const path = args.need('a file');
    args.done();
    const core = new Counted(coreFile(target));
    files.write(path, core);
    return [`wrote ${printable(path)}: ${grouped(core.bytes)} bytes`];
  },
};
