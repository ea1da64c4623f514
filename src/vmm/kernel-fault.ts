// What is known of a kernel that broke: a panic, or an oops that it survived.

/** One step of a backtrace. */
export interface BacktraceEntry {
  /** Guest virtual address: of the pc first, then of each call. */
  readonly address: number;
  /** The function, or null when no symbol is known. */
  readonly name: string | null;
  /** Bytes after its start; 0 without a name. */
  readonly offset: number;
}

export interface KernelFault {
  readonly kind: 'panic' | 'oops';
  readonly cpu: number;
  /** Guest nanoseconds at which the kernel noticed. */
  readonly guestTimeNs: number;
  /** Instructions retired by all vCPUs until then. */
  readonly instructions: number;
  /** What the kernel says, without its prefix. */
  readonly message: string;
  /** Innermost first. */
  readonly backtrace: readonly BacktraceEntry[];
  /** The likely cause in tsvm's terms, one line, or null. */
  readonly likely: string | null;
}
