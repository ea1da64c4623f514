// The log seam: devices and the machine say things here; the CLI decides where they go (stderr, --json).

export type LogLevel = 'error' | 'warning' | 'info' | 'debug';

export interface Log {
  log(level: LogLevel, message: string): void;
}

/** A log that drops everything. */
export const silentLog: Log = { log() {} };

/** Guest misbehaviour is said once per key and then survived silently. */
export class OnceLog {
  private readonly said = new Set<string>();
  private readonly sink: Log;

  constructor(sink: Log) {
    this.sink = sink;
  }

  once(key: string, level: LogLevel, message: string): void {
    if (this.said.has(key)) return;
    this.said.add(key);
    this.sink.log(level, message);
  }

  log(level: LogLevel, message: string): void {
    this.sink.log(level, message);
  }
}
