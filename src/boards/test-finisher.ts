// The test finisher as boards have it: a guest without hypercalls ends the run by it, with a code.
import { TestFinisher } from '../devices/test-finisher.ts';
import type { BoardDevice } from './board.ts';

/** A row for guest-physical `address`. */
export function testFinisher(address: number): BoardDevice {
  return {
    name: 'finisher',
    windows: [{ address, size: 4, order: 'guest' }],
    irq: null,
    make: ({ log, systemEvent }) => {
      const device = new TestFinisher({
        onPass: () => systemEvent('power-off'),
        onFail: (exit) => systemEvent({ exit }),
        onReset: () => systemEvent('reboot'),
        misuse: (what) => log.once('finisher misuse', 'warning', `finisher: ${what}`),
      });
      return { device, windows: [device] };
    },
  };
}
