// What is found in a guest's memory, as lines for people and scripts.

export interface LinuxReport {
  readonly lines: readonly string[];
  /** What there is to know about them: why there are none, or what is missing. */
  readonly note?: string;
}

/** `notes` in one. */
export function reportOf(lines: readonly string[], notes: readonly string[]): LinuxReport {
  return notes.length > 0 ? { lines, note: notes.join('; ') } : { lines };
}
