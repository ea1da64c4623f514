// The disks of a run: opened together, told apart, closed together.
import { type OpenDisk, openDisk } from '../host/disk/open.ts';
import { TsvmError } from '../util/errors.ts';
import type { OnceLog } from '../util/log.ts';
import type { DiskConfig } from '../vmm/config.ts';

export interface OpenDisks {
  readonly backends: readonly OpenDisk['backend'][];
  /** Throws TsvmError `io` when what was written could not be kept; everything is closed then too. */
  close(): void;
}

/** Open them all or none. Throws TsvmError usage (one image twice, and written), not-found, not-runnable, io. */
export function openDisks(configs: readonly DiskConfig[], log: OnceLog): OpenDisks {
  const disks: OpenDisk[] = [];
  const close = (): void => {
    const errors: unknown[] = [];
    for (const disk of disks) {
      try {
        disk.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  };
  try {
    for (const config of configs) {
      const disk = openDisk(config);
      disks.push(disk);
      const twin = disks.findIndex(({ identity }) => identity === disk.identity);
      const written = [config, configs[twin]!].filter(({ mode }) => mode === 'rw').length;
      if (twin < disks.length - 1 && written > 0)
        throw new TsvmError(
          'usage',
          `--disk ${config.path}: the same image twice, ${written === 2 ? 'both' : 'one'} of them written`,
          {
            next: 'use copies, or the image with :ro or :cow everywhere',
          },
        );
      for (const note of disk.notes) log.log('warning', note);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { backends: disks.map(({ backend }) => backend), close };
}
