// The split virtqueue without a device: rings written by hand.
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtqueueError } from '../../../../src/devices/virtio/chain.ts';
import { VirtQueue } from '../../../../src/devices/virtio/queue.ts';
import type { GuestMemory } from '../../../../src/memory/guest-memory.ts';
import { ram } from '../../../support/devices/fakes.ts';

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const DESC = 0x1000;
const AVAIL = 0x2000;
const USED = 0x3000;
const TABLE = 0x4000;
const SIZE = 8;
const RAM = 0x10000;

let memory: GuestMemory;
let queue: VirtQueue;
let availIdx: number;

function describeAt(table: number, slot: number, gpa: number | bigint, length: number, flags = 0, next = 0): void {
  memory.writeU64(table + 16 * slot, BigInt(gpa), 'little');
  memory.writeU32(table + 16 * slot + 8, length, 'little');
  memory.writeU16(table + 16 * slot + 12, flags, 'little');
  memory.writeU16(table + 16 * slot + 14, next, 'little');
}

function desc(slot: number, gpa: number | bigint, length: number, flags = 0, next = 0): void {
  describeAt(DESC, slot, gpa, length, flags, next);
}

function offer(head: number): void {
  memory.writeU16(AVAIL + 4 + 2 * (availIdx % SIZE), head, 'little');
  availIdx = (availIdx + 1) & 0xffff;
  memory.writeU16(AVAIL + 2, availIdx, 'little');
}

beforeEach(() => {
  memory = ram(RAM);
  queue = new VirtQueue(memory, 64);
  queue.enable({ size: SIZE, desc: DESC, driver: AVAIL, device: USED });
  availIdx = 0;
});

describe('enabling a queue', () => {
  it.each([
    ['a size of zero', { size: 0 }, 'size'],
    ['a size that is no power of two', { size: 6 }, 'size'],
    ['a size beyond the maximum', { size: 128 }, 'size'],
    ['a descriptor table that is not aligned', { desc: DESC + 8 }, 'aligned'],
    ['an available ring that is not aligned', { driver: AVAIL + 1 }, 'aligned'],
    ['a used ring that is not aligned', { device: USED + 2 }, 'aligned'],
    ['a table beyond RAM', { desc: RAM - 16 }, 'RAM'],
    ['an available ring beyond RAM', { driver: RAM }, 'RAM'],
    ['a used ring beyond 64 bits of address', { device: 2 ** 64 - 4096 }, 'RAM'],
  ])('refuses %s', (_, change, why) => {
    const fresh = new VirtQueue(memory, 64);
    expect(() => fresh.enable({ size: SIZE, desc: DESC, driver: AVAIL, device: USED, ...change })).toThrow(why);
    expect(fresh.ready).toBe(false);
  });
});

describe('taking chains', () => {
  it('collects readable and then writable buffers of one chain', () => {
    memory.write(0x5000, Uint8Array.of(1, 2, 3));
    memory.write(0x5100, Uint8Array.of(4, 5));
    desc(3, 0x5000, 3, NEXT, 6);
    desc(6, 0x5100, 2, NEXT, 0);
    desc(0, 0x5200, 2, WRITE | NEXT, 1);
    desc(1, 0x5300, 4, WRITE);
    offer(3);
    const chain = queue.take()!;
    expect([chain.head, chain.readableLength, chain.writableLength]).toEqual([3, 5, 6]);
    const into = new Uint8Array(4);
    expect(chain.readInto(into)).toBe(4);
    expect([...into]).toEqual([1, 2, 3, 4]);
    expect(chain.write(Uint8Array.of(9, 8, 7, 6, 5, 4, 3))).toBe(6);
    expect([memory.readU16(0x5200, 'big'), memory.readU32(0x5300, 'big')]).toEqual([0x0908, 0x07060504]);
    queue.complete(chain, 6);
    expect(memory.readU16(USED + 2, 'little')).toBe(1);
    expect([memory.readU32(USED + 4, 'little'), memory.readU32(USED + 8, 'little')]).toEqual([3, 6]);
    expect(queue.take()).toBeNull();
  });

  it('hands large buffers over in pieces', () => {
    desc(0, 0x5000, 10, NEXT, 1);
    desc(1, 0x6000, 3);
    offer(0);
    const lengths: number[] = [];
    queue.take()!.forEachPiece(4, (bytes) => lengths.push(bytes.length));
    expect(lengths).toEqual([4, 4, 2, 3]);
  });

  it('goes on past the wrap of ring and index', () => {
    for (let i = 0; i < 0x10000 + 5; i++) {
      desc(i % SIZE, 0x5000, 1);
      offer(i % SIZE);
      const chain = queue.take()!;
      expect(chain.head).toBe(i % SIZE);
      queue.complete(chain, 0);
    }
    expect(memory.readU16(USED + 2, 'little')).toBe(5);
  });

  it('follows an indirect table at the end of a chain', () => {
    queue.indirect = true;
    desc(0, 0x5000, 1, NEXT, 1);
    desc(1, TABLE, 32, INDIRECT);
    describeAt(TABLE, 0, 0x5001, 2, NEXT, 1);
    describeAt(TABLE, 1, 0x5003, 4, WRITE);
    offer(0);
    const chain = queue.take()!;
    expect([chain.readableLength, chain.writableLength]).toEqual([3, 4]);
  });

  it('takes an indirect chain longer than the queue', () => {
    queue.indirect = true;
    desc(0, TABLE, 16 * 100, INDIRECT);
    for (let i = 0; i < 100; i++) describeAt(TABLE, i, 0x6000 + i, 1, i < 99 ? NEXT : 0, i + 1);
    offer(0);
    expect(queue.take()!.readable).toHaveLength(100);
  });

  it('tolerates empty buffers, wherever they point', () => {
    desc(0, 0xfffffff0, 0, NEXT, 1);
    desc(1, 0x5000, 2);
    offer(0);
    expect(queue.take()!.readable).toEqual([{ gpa: 0x5000, length: 2 }]);
  });
});

describe('a hostile driver', () => {
  const chains: [string, () => void, string][] = [
    ['a chain that loops', () => desc(0, 0x5000, 1, NEXT, 0), 'loops'],
    ['a longer loop', () => [desc(0, 0x5000, 1, NEXT, 1), desc(1, 0x5000, 1, NEXT, 0)], 'loops'],
    ['a next beyond the table', () => desc(0, 0x5000, 1, NEXT, SIZE), 'beyond the table'],
    ['a buffer beyond RAM', () => desc(0, RAM - 1, 2), 'outside RAM'],
    ['a buffer of 4 GiB', () => desc(0, 0, 0xffffffff), 'outside RAM'],
    ['a buffer at the end of 64 bits', () => desc(0, 0xffffffffffffffffn, 2), 'outside RAM'],
    ['a buffer whose address has bits above 2^53', () => desc(0, 0x8000000000005000n, 1), 'outside RAM'],
    [
      'a readable buffer after a writable one',
      () => [desc(0, 0, 1, NEXT | WRITE, 1), desc(1, 0, 1)],
      'after a writable',
    ],
    [
      'an indirect table inside another',
      () => [desc(0, TABLE, 16, INDIRECT), describeAt(TABLE, 0, TABLE, 16, INDIRECT)],
      'inside',
    ],
    ['an indirect descriptor with a next', () => desc(0, TABLE, 16, INDIRECT | NEXT, 1), 'with a next'],
    ['an empty indirect table', () => desc(0, TABLE, 0, INDIRECT), 'bad length'],
    ['an indirect table that is no whole number of descriptors', () => desc(0, TABLE, 17, INDIRECT), 'bad length'],
    ['an indirect table of 4 GiB', () => desc(0, TABLE, 0xfffffff0, INDIRECT), 'outside RAM'],
    [
      'a loop in an indirect table',
      () => [desc(0, TABLE, 0x4000, INDIRECT), describeAt(TABLE, 0, 0, 1, NEXT, 0)],
      'loops',
    ],
    [
      'a next beyond the indirect table',
      () => [desc(0, TABLE, 16, INDIRECT), describeAt(TABLE, 0, 0, 1, NEXT, 1)],
      'beyond',
    ],
  ];

  it.each(chains)('gets an error for %s', (_, write, why) => {
    queue.indirect = true;
    write();
    offer(0);
    expect(() => queue.take()).toThrow(VirtqueueError);
    expect(() => queue.take()).toThrow(why);
  });

  it('gets an error for an indirect descriptor that was not negotiated', () => {
    desc(0, TABLE, 16, INDIRECT);
    offer(0);
    expect(() => queue.take()).toThrow('without VIRTIO_F_INDIRECT_DESC');
  });

  it('gets an error for a head beyond the table', () => {
    offer(SIZE);
    expect(() => queue.take()).toThrow('beyond the table');
  });

  it.each([SIZE + 1, 0x8000, 0xffff])('gets an error for an available index %i ahead', (index) => {
    memory.writeU16(AVAIL + 2, index, 'little');
    expect(() => queue.available()).toThrow('ran ahead');
  });

  it('gets an error when the rings leave RAM under a running queue', () => {
    desc(0, 0x5000, 1);
    offer(0);
    const chain = queue.take()!;
    memory.setRanges([{ gpa: 0, size: 0x3000, offset: 0, readonly: false }]);
    expect(() => queue.available()).toThrow('rings outside RAM');
    expect(() => queue.complete(chain, 0)).toThrow('rings outside RAM');
  });
});

describe('interrupt suppression', () => {
  function completeOne(): void {
    desc(0, 0x5000, 1);
    offer(0);
    queue.complete(queue.take()!, 0);
  }

  it('asks for an interrupt once after completions, and not without any', () => {
    expect(queue.interruptDue()).toBe(false);
    completeOne();
    completeOne();
    expect(queue.interruptDue()).toBe(true);
    expect(queue.interruptDue()).toBe(false);
  });

  it('honours VIRTQ_AVAIL_F_NO_INTERRUPT', () => {
    memory.writeU16(AVAIL, 1, 'little');
    completeOne();
    expect(queue.interruptDue()).toBe(false);
  });

  it('with event index, interrupts when the used index passes used_event, and tells which buffer to notify for', () => {
    queue.eventIdx = true;
    const usedEvent = AVAIL + 4 + 2 * SIZE;
    const availEvent = USED + 4 + 8 * SIZE;
    memory.writeU16(AVAIL, 1, 'little'); // the flag means nothing now
    memory.writeU16(usedEvent, 1, 'little');
    completeOne();
    expect(queue.interruptDue()).toBe(false);
    completeOne();
    expect(queue.interruptDue()).toBe(true);
    completeOne();
    expect(queue.interruptDue()).toBe(false);
    expect(memory.readU16(availEvent, 'little')).toBe(3);
  });

  it('with event index, sees used_event anywhere in a batch', () => {
    queue.eventIdx = true;
    memory.writeU16(AVAIL + 4 + 2 * SIZE, 2, 'little');
    for (let i = 0; i < 5; i++) completeOne();
    expect(queue.interruptDue()).toBe(true);
  });
});
