// A report that is too long for standard error goes to a file of its own, in a folder that only its owner can read.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Path of the new file; null when the host has no room for it. */
export function keepReport(text: string): string | null {
  try {
    const path = join(mkdtempSync(join(tmpdir(), 'tsvm-report-')), 'report.txt');
    writeFileSync(path, text);
    return path;
  } catch {
    return null;
  }
}
