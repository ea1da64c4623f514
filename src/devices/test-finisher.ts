// The test finisher of SiFive's boards ("sifive,test0"; SiFive FU540 manual is silent, its users are Linux's device trees with syscon-poweroff and
// syscon-reboot, and firmware): one register, by which a guest says how a test ended.
import type { DeviceState, MmioDevice } from './device.ts';
import { type MisuseListener, RegisterBlock, type SizedRegisterView } from './registers.ts';
import { SavedState } from './state.ts';

/** The low half of what is written. */
const FINISHER_PASS = 0x5555;
const FINISHER_FAIL = 0x3333;
const FINISHER_RESET = 0x7777;

export interface TestFinisherOptions {
  /** The guest says that it ended well. */
  readonly onPass: () => void;
  /** The guest says that it failed, with a code from 1 to 65535: who gives none (0) has failed all the same. */
  readonly onFail: (code: number) => void;
  readonly onReset: () => void;
  /** Told of guest accesses that mean nothing. */
  readonly misuse?: MisuseListener;
}

export class TestFinisher implements MmioDevice {
  readonly name = 'test-finisher';
  readonly size = 4;
  private readonly block: RegisterBlock;

  constructor({ onPass, onFail, onReset, misuse = () => {} }: TestFinisherOptions) {
    const finish = (value: number): void => {
      const how = value & 0xffff;
      if (how === FINISHER_PASS) onPass();
      else if (how === FINISHER_FAIL) onFail(value >>> 16 || 1);
      else if (how === FINISHER_RESET) onReset();
      else misuse(`0x${value.toString(16)} is neither pass, fail nor reset`);
    };
    // What is written is not kept: the run is over.
    this.block = new RegisterBlock([{ name: 'finish', offset: 0, access: 'rw', reset: 0, write: finish }], misuse);
  }

  read(offset: number, length: 1 | 2 | 4): number {
    return this.block.read(offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.block.write(offset, length, value >>> 0);
  }

  reset(): void {
    this.block.reset();
  }

  registers(): readonly SizedRegisterView[] {
    return this.block.views();
  }

  saveState(): DeviceState {
    return this.block.save();
  }

  restoreState(state: DeviceState): void {
    this.block.restore(new SavedState(this.name, state));
  }
}
