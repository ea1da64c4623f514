// Reading a device's saved state back. A snapshot is a file that anybody may have edited, so every value is checked for kind
// and range before a device takes it.
import { TsvmError } from '../util/errors.ts';
import type { DeviceState } from './device.ts';

/** One object of a saved state. Every getter throws TsvmError `internal` naming device and key when the value does not fit. */
export class SavedState {
  private readonly device: string;
  private readonly values: { readonly [key: string]: DeviceState };

  constructor(device: string, state: DeviceState | undefined) {
    this.device = device;
    if (state === null || typeof state !== 'object' || isList(state))
      throw new TsvmError('internal', `saved state of ${device} is not an object`);
    this.values = state;
  }

  /** An integer from 0 to `max`, both included. */
  integer(key: string, max: number): number {
    const value = this.values[key];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max)
      throw this.bad(key, `an integer from 0 to ${max}`);
    return value;
  }

  boolean(key: string): boolean {
    const value = this.values[key];
    if (typeof value !== 'boolean') throw this.bad(key, 'true or false');
    return value;
  }

  /** A list of at most `max` integers from 0 to `largest`, both included. */
  integers(key: string, max: number, largest: number): number[] {
    const value = this.values[key];
    const fits = (item: DeviceState): item is number =>
      typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= largest;
    if (!isList(value) || value.length > max || !value.every(fits))
      throw this.bad(key, `a list of at most ${max} integers from 0 to ${largest}`);
    return [...value];
  }

  /** A nested object. */
  object(key: string): SavedState {
    return new SavedState(`${this.device}.${key}`, this.values[key]);
  }

  /** A list of at most `max` objects. */
  objects(key: string, max: number): SavedState[] {
    const value = this.values[key];
    if (!isList(value) || value.length > max) throw this.bad(key, `a list of at most ${max}`);
    return value.map((item, i) => new SavedState(`${this.device}.${key}[${i}]`, item));
  }

  /** An error about `key`, for checks that only the device can make. */
  bad(key: string, expected: string): TsvmError {
    return new TsvmError('internal', `saved state of ${this.device}: ${key} is not ${expected}`);
  }
}

function isList(state: DeviceState | undefined): state is readonly DeviceState[] {
  return Array.isArray(state);
}
