/** The host's name of a failure, such as ENOENT; empty for what is no failure of the host. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
