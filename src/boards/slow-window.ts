// A window behind a slow bus: each access takes guest time, as an ISA cycle does. Without, a loop that polls a port would go round as
// often in a guest second as if the port were memory.
import type { DeviceWindow } from '../devices/device.ts';

export class SlowWindow implements DeviceWindow {
  readonly name: string;
  readonly size: number;
  private readonly window: DeviceWindow;
  private readonly stall: () => void;

  /** `stall` lets the time of one access pass. */
  constructor(window: DeviceWindow, stall: () => void) {
    this.window = window;
    this.name = window.name;
    this.size = window.size;
    this.stall = stall;
  }

  read(offset: number, length: 1 | 2 | 4): number {
    this.stall();
    return this.window.read(offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.stall();
    this.window.write(offset, length, value);
  }
}
