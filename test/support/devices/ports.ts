// A byte window as a driver sees it.
import type { DeviceWindow } from '../../../src/devices/device.ts';

export interface Ports {
  in(offset: number): number;
  out(offset: number, value: number): void;
}

export function ports(window: DeviceWindow): Ports {
  return {
    in: (offset) => window.read(offset, 1),
    out: (offset, value) => window.write(offset, 1, value),
  };
}
