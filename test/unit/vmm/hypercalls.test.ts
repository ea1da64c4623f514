import { describe, expect, it } from 'vitest';
import { GuestMemory } from '../../../src/memory/guest-memory.ts';
import { OnceLog } from '../../../src/util/log.ts';
import { answerHypercall } from '../../../src/vmm/hypercalls.ts';

function setUp() {
  const memory = new GuestMemory(new ArrayBuffer(0x20000), 0, 0x20000, 'big');
  memory.setRanges([{ gpa: 0, size: 0x20000, offset: 0, readonly: false }]);
  const output: string[] = [];
  const messages: string[] = [];
  const call = (nr: number, ...args: number[]): number => {
    const exit = { nr, args: [...args, 0, 0, 0].slice(0, 6), ret: 4711 };
    answerHypercall(exit, {
      memory,
      log: new OnceLog({ log: (_level, message) => messages.push(message) }),
      toPhysical: (address) => (address >= 0x40000000 && address < 0x60000000 ? address - 0x40000000 : null),
      consoleOutput: (bytes) => output.push(Buffer.from(bytes).toString()),
    });
    return exit.ret;
  };
  return { memory, output, messages, call };
}

describe('hypercall 8, console output', () => {
  it('prints the bytes at a virtual address of an unmapped segment, whatever the byte order of RAM', () => {
    const { memory, output, call } = setUp();
    memory.write(0x1001, new TextEncoder().encode('hello'));
    expect(call(8, 0, 0x40001001, 5)).toBe(0);
    expect(output.join('')).toBe('hello');
  });

  it('takes signed registers as addresses and prints long texts whole', () => {
    const { memory, output, call } = setUp();
    memory.fill(0, 0x61, 0x20000);
    expect(call(8, 0, 0x40000000 | 0, 0x20000)).toBe(0);
    expect(output.join('').length).toBe(0x20000);
  });

  it.each([
    ['a terminal that does not exist', 4, 0x40000000, 1],
    ['nothing', 0, 0x40000000, 0],
    ['a mapped address', 0, 0x1000, 1],
    ['a buffer that ends behind RAM', 0, 0x4001fffc, 5],
    ['a length of 4 GiB - 1', 0, 0x40000000, -1],
  ])('refuses %s with -EINVAL and says so', (_what, ...args) => {
    const { output, messages, call } = setUp();
    expect(call(8, ...args)).toBe(-22);
    expect(output).toEqual([]);
    expect(messages).toHaveLength(1);
  });

  it('drops output to a terminal that nothing is attached to', () => {
    const { output, call } = setUp();
    expect(call(8, 3, 0x40000000, 4)).toBe(0);
    expect(output).toEqual([]);
  });
});

it.each([0, 5, 9, 4711, -1])('hypercall %i is answered -1000, as by mainline KVM', (nr) => {
  expect(setUp().call(nr)).toBe(-1000);
});
