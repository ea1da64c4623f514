// Several listeners and one core: whoever has come first is asked first, and whoever wants to stop is the last that is asked.
import { beforeEach, describe, expect, it } from 'vitest';
import { type ExecutionWatches, executionWatches } from '../../../src/vmm/execution-watch.ts';

const KSEG0 = 0x80000000;
const toPhysical = (address: number): number | undefined => (address >= KSEG0 ? address - KSEG0 : undefined);

let watched: readonly number[];
let watchedVirtual: readonly number[];
let tell: (cpu: number, pc: number, physical: number) => boolean;
/** Run what is at an address of the unmapped segment. */
const executes = (cpu: number, pc: number): boolean => tell(cpu, pc, toPhysical(pc) ?? 0);
let asked: string[];
let watch: ExecutionWatches['watchExecution'];
let watchPlaces: ExecutionWatches['watchPlaces'];

beforeEach(() => {
  asked = [];
  ({ watchExecution: watch, watchPlaces } = executionWatches(toPhysical, (physical, hit, virtual) => {
    watched = physical;
    watchedVirtual = virtual;
    tell = hit;
  }));
});

/** A listener that notes what it is asked. */
const listener =
  (name: string, stops = false) =>
  (cpu: number, pc: number): boolean => {
    asked.push(`${name} cpu${cpu} ${pc.toString(16)}`);
    return stops;
  };

describe('an execution watch', () => {
  it('has the core watch what anybody wants, by physical addresses', () => {
    watch('panic', [KSEG0 + 0x100, KSEG0 + 0x200], listener('panic'));
    watch('drive', [KSEG0 + 0x300], listener('drive'));
    expect(watched).toEqual([0x100, 0x200, 0x300]);
    watch('panic', [], listener('panic'));
    expect(watched).toEqual([0x300]);
  });

  it('leaves out what has no physical address', () => {
    watch('drive', [0x100, KSEG0 + 4], listener('drive'));
    expect(watched).toEqual([4]);
    expect(executes(0, 0x100)).toBe(false);
    expect(asked).toEqual([]);
  });

  it('asks only those whose address it is, and by whatever address it is reached', () => {
    watch('panic', [KSEG0 + 0x100], listener('panic'));
    watch('drive', [KSEG0 + 0x200], listener('drive', true));
    expect(executes(1, KSEG0 + 0x100)).toBe(false);
    expect(executes(0, KSEG0 + 0x200)).toBe(true);
    expect(asked).toEqual(['panic cpu1 80000100', 'drive cpu0 80000200']);
  });

  it('asks the others when the guest goes on, not when one has stopped it', () => {
    let stops = true;
    watch('drive', [KSEG0], () => stops);
    watch('panic', [KSEG0], listener('panic'));
    expect(executes(0, KSEG0)).toBe(true);
    expect(asked).toEqual([]);
    stops = false;
    expect(executes(0, KSEG0)).toBe(false);
    expect(asked).toEqual(['panic cpu0 80000000']);
  });

  it('keeps the order in which they came, whatever they watch in between', () => {
    watch('drive', [], listener('drive'));
    watch('panic', [KSEG0], listener('panic'));
    watch('drive', [KSEG0], listener('drive'));
    watch('drive', [], listener('drive'));
    watch('drive', [KSEG0], listener('drive'));
    executes(0, KSEG0);
    expect(asked).toEqual(['drive cpu0 80000000', 'panic cpu0 80000000']);
  });

  it('forgets what one watched before', () => {
    watch('drive', [KSEG0 + 4], listener('old', true));
    watch('drive', [KSEG0 + 8], listener('new', true));
    expect(watched).toEqual([8]);
    expect(executes(0, KSEG0 + 4)).toBe(false);
    expect(executes(0, KSEG0 + 8)).toBe(true);
    expect(asked).toEqual(['new cpu0 80000008']);
  });
});

describe('an execution watch of places', () => {
  it('has the core watch virtual and physical addresses, and tells only whose place it is', () => {
    watchPlaces('debug', { physical: [0x40], virtual: [0x7000] }, (cpu, pc, physical) => {
      asked.push(`debug cpu${cpu} ${pc.toString(16)} at ${physical.toString(16)}`);
      return true;
    });
    expect(watched).toEqual([0x40]);
    expect(watchedVirtual).toEqual([0x7000]);
    expect(tell(1, 0x7000, 0x123000)).toBe(true);
    expect(tell(0, 0x9040, 0x40)).toBe(true);
    expect(tell(0, 0x8000, 0x123000)).toBe(false);
    expect(asked).toEqual(['debug cpu1 7000 at 123000', 'debug cpu0 9040 at 40']);
  });
});
