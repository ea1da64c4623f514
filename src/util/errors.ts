// The one list of tsvm's own error codes. A TsvmError is tsvm's or the user's (bad option, bad image, a bug here);
// it is never a guest exception and never guest misbehaviour (which is logged once and survived).

/** Every stable error code. The CLI maps the code to an exit code (docs: UX exit codes). */
export type ErrorCode =
  | 'usage' // bad option or value on the command line or in the API: exit 2
  | 'not-found' // the image or another named file does not exist: exit 127
  | 'not-runnable' // the image exists and cannot run here: exit 126
  | 'image-truncated'
  | 'image-bad-header'
  | 'image-wrong-machine'
  | 'image-overlap'
  | 'image-outside-ram'
  | 'image-too-large'
  | 'symbols-bad'
  | 'io' // a host file or terminal failed: exit 125
  | 'kvm' // the KVM contract refused a call; `errno` says which way: exit 125
  | 'internal'; // tsvm broke its own rules: exit 125

export interface ErrorDetails {
  /** The likely cause, one line. */
  readonly cause?: string;
  /** What to type or do next, one line. */
  readonly next?: string;
}

/** tsvm's or the user's error: a stable code and a message that says what and where. */
export class TsvmError extends Error {
  override readonly name = 'TsvmError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
