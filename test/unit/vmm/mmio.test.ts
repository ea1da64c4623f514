import { describe, expect, it } from 'vitest';
import { Bus } from '../../../src/memory/bus.ts';
import { GuestMemory } from '../../../src/memory/guest-memory.ts';
import { OnceLog } from '../../../src/util/log.ts';
import { MmioRouter } from '../../../src/vmm/mmio.ts';

function setUp(sayEach = false) {
  const memory = new GuestMemory(new ArrayBuffer(0x2000), 0, 0x2000, 'little');
  memory.setRanges([
    { gpa: 0, size: 0x1000, offset: 0, readonly: false },
    { gpa: 0x1000, size: 0x1000, offset: 0x1000, readonly: true },
  ]);
  const bus = new Bus();
  const written: number[] = [];
  bus.add(
    0x12000000,
    { name: 'd', size: 8, read: () => 0x11223344, write: (_o, _l, value) => written.push(value) },
    'little',
  );
  const messages: string[] = [];
  const router = new MmioRouter(
    bus,
    memory,
    new OnceLog({ log: (_level, message) => messages.push(message) }),
    sayEach,
  );
  const access = (physAddr: number, len: number, bytes?: number[]) => {
    const data = new Uint8Array(8).fill(0xee);
    data.set(bytes ?? []);
    router.serve({ physAddr, data, len, isWrite: bytes !== undefined });
    return [...data.subarray(0, len)];
  };
  return { memory, written, messages, access };
}

describe('an MMIO exit', () => {
  it('goes to the device on the bus', () => {
    const { written, access } = setUp();
    expect(access(0x12000000, 4)).toEqual([0x44, 0x33, 0x22, 0x11]);
    access(0x12000004, 2, [0xcd, 0xab]);
    expect(written).toEqual([0xabcd]);
  });

  it('reaches RAM that the guest addressed as device space (boot tables at 0x8000_xxxx)', () => {
    const { memory, access } = setUp();
    access(0x20, 2, [1, 2]);
    expect(memory.readU16(0x20, 'little')).toBe(0x0201);
    expect(access(0x20, 2)).toEqual([1, 2]);
  });

  it('does not write into a READONLY slot', () => {
    const { memory, access } = setUp();
    access(0x1000, 1, [9]);
    expect(memory.readU8(0x1000)).toBe(0);
  });

  it('reads 0 where nobody is, and that is said once', () => {
    const { messages, access } = setUp();
    expect(access(0x1f000000, 4)).toEqual([0, 0, 0, 0]);
    access(0x1f000004, 4, [1, 2, 3, 4]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain('read of 4 from 0x1f000000');
  });

  it('is said each time with --debug-mmio', () => {
    const { messages, access } = setUp(true);
    access(0x1f000000, 4);
    access(0x1f000000, 2, [1, 0xff]);
    expect(messages[1]).toContain('write of 2 (01 ff) to 0x1f000000');
  });

  it('that only begins in a window belongs to nobody', () => {
    const { messages, access } = setUp();
    expect(access(0x12000006, 4)).toEqual([0, 0, 0, 0]);
    expect(messages).toHaveLength(1);
  });
});
