// gdb's breakpoints and watchpoints, their conditions, and what it is told when one stops the guest.
import { describe, expect, it } from 'vitest';
import { FakeTarget, type FakeTargetOptions } from '../../../support/debug/fake-target.ts';
import { GdbClient, settled } from '../../../support/debug/gdb-client.ts';

async function connected(options: FakeTargetOptions = {}): Promise<{ target: FakeTarget; gdb: GdbClient }> {
  const target = new FakeTarget(options);
  const gdb = new GdbClient(target);
  gdb.send('qSupported:swbreak+;hwbreak+');
  await settled();
  gdb.take();
  return { target, gdb };
}

describe('breakpoints', () => {
  it.each([
    ['Z0,80001000,4', 'swbreak:;'],
    ['Z1,80001000,4', 'hwbreak:;'],
    ['Z1,ffffffff80001000,2', 'hwbreak:;'],
  ])('%s stops the guest there', async (data, reason) => {
    const { target, gdb } = await connected({ cpus: 2 });
    gdb.send(data, 'c');
    expect(target.writes).toEqual([]);
    expect(target.breakpoints().map(({ spec }) => spec)).toEqual([
      { kind: 'execution', address: 0x8000_1000, space: 'virtual' },
    ]);
    expect(target.arrive(1, 0x8000_1004)).toBe(false);
    expect(target.arrive(1, 0x8000_1000)).toBe(true);
    await settled();
    expect(gdb.take()).toEqual(['OK', `T05${reason}thread:2;22:00100080;`]);
  });

  it('are not named to a gdb that does not know it', async () => {
    const target = new FakeTarget();
    const gdb = new GdbClient(target);
    gdb.send('qSupported:swbreak+', 'Z1,80001000,4');
    await settled();
    gdb.take();
    gdb.send('c');
    target.arrive(0, 0x8000_1000);
    expect(gdb.take()).toEqual(['T05thread:1;22:00100080;']);
  });

  it('stop Thumb code too', async () => {
    const { target, gdb } = await connected({ architecture: 'arm' });
    target.vcpus[0]!.set('cpsr', 0x33);
    gdb.send('Z0,c0008000,3', 'c');
    expect(target.arrive(0, 0xc000_8001)).toBe(true);
    // gdb's pc is even: T is in cpsr.
    expect(gdb.take()).toEqual(['OK', 'T05swbreak:;thread:1;f:008000c0;']);
  });

  it('may be set again and removed twice', async () => {
    const { target, gdb } = await connected();
    gdb.send('Z0,80001000,4', 'Z0,80001000,4', 'Z1,80001000,4');
    expect(target.breakpoints()).toHaveLength(2);
    gdb.send('z0,80001000,4', 'z0,80001000,4');
    expect(target.breakpoints()).toHaveLength(1);
    gdb.send('z1,80001000,4');
    expect(target.breakpoints()).toEqual([]);
    await settled();
    expect(gdb.take()).toEqual(Array(6).fill('OK'));
  });

  it('may be set and removed while the guest runs', async () => {
    const { target, gdb } = await connected();
    gdb.send('c', 'Z0,80001000,4');
    expect(target.arrive(0, 0x8000_1000)).toBe(true);
    await settled();
    expect(gdb.take()).toEqual(['OK', 'T05swbreak:;thread:1;22:00100080;']);
  });

  it.each([
    'Z0,80001000',
    'Z0',
    'Z0,x,4',
    'Z0,180001000,4',
    'Z2,80001000,0',
    'Z3,80001000,10001',
    'Z0,80001000,4;X',
    'Z0,80001000,4;X2,22',
    'Z0,80001000,4;X0,',
    'Z0,80001000,4;X1,2g',
    'Z0,80001000,4;Xffffffff,27',
  ])('are not what %s sets', async (data) => {
    const { target, gdb } = await connected();
    expect(await gdb.ask(data)).toBe('E16');
    expect(target.breakpoints()).toEqual([]);
  });

  it('are of five types', async () => {
    const { gdb } = await connected();
    expect(await gdb.ask('Z5,80001000,4')).toBe('');
    expect(await gdb.ask('Zx,80001000,4')).toBe('');
  });

  it('are so many and no more', async () => {
    const { target, gdb } = await connected();
    for (let at = 0; at < 4100; at++) gdb.send(`Z0,${(0x8000_0000 + 4 * at).toString(16)},4`);
    expect(target.breakpoints()).toHaveLength(4096);
    expect(await gdb.ask('Z0,80000000,4')).toBe('OK');
    expect(gdb.packets.filter((answer) => answer === 'E16')).toHaveLength(4);
  });
});

describe('conditions', () => {
  /** r4 == n: reg 4, const8 n, equal, end. */
  const r4Is = (n: number): string => `X7,26000422${n.toString(16).padStart(2, '0')}1327`;

  it('stop the guest when one of them holds', async () => {
    const { target, gdb } = await connected();
    gdb.send(`Z0,80001000,4;${r4Is(1)};${r4Is(2)}`, 'c');
    const arriveWith = (n: number): boolean => {
      target.vcpus[0]!.set('r4', n);
      return target.arrive(0, 0x8000_1000);
    };
    expect([0, 3].map(arriveWith)).toEqual([false, false]);
    expect(gdb.take()).toEqual(['OK']);
    expect(arriveWith(2)).toBe(true);
    expect(gdb.take()).toHaveLength(1);
    gdb.send('c');
    expect(arriveWith(1)).toBe(true);
  });

  it('are those of the vCPU that comes by', async () => {
    const { target, gdb } = await connected({ cpus: 2 });
    target.vcpus[1]!.set('r4', 1);
    gdb.send(`Z0,80001000,4;${r4Is(1)}`, 'c');
    expect(target.arrive(0, 0x8000_1000)).toBe(false);
    expect(target.arrive(1, 0x8000_1000)).toBe(true);
  });

  it('are replaced when the breakpoint is set again', async () => {
    const { target, gdb } = await connected();
    gdb.send(`Z0,80001000,4;${r4Is(1)}`, `Z0,80001000,4;${r4Is(0)}`, 'c');
    expect(target.arrive(0, 0x8000_1000)).toBe(true);
  });

  it.each(['little', 'big'] as const)('read memory of a %s-endian guest', async (endianness) => {
    const { target, gdb } = await connected({ endianness });
    target.putWord(0x8000_2000, 0x0102_0304);
    // *(uint16 *)0x80002000 == (LE: 0x0304, BE: 0x0102)
    const word = endianness === 'little' ? '0304' : '0102';
    gdb.send(`Z0,80001000,4;Xb,248000200018 23${word}1327`.replace(' ', ''), 'c');
    expect(target.arrive(0, 0x8000_1000)).toBe(true);
    target.stopped = null;
    target.putWord(0x8000_2000, 0);
    expect(target.arrive(0, 0x8000_1000)).toBe(false);
  });

  it.each([
    ['that divides by zero', 'X6,220122000527'],
    ['that reads what is no RAM', 'X4,22001927'],
    ['that reads a register that is none', 'X4,26ffff27'],
  ])('%s stops the guest', async (_name, condition) => {
    const { target, gdb } = await connected();
    gdb.send(`Z0,80001000,4;${condition}`, 'c');
    expect(target.arrive(0, 0x8000_1000)).toBe(true);
  });

  it('may be followed by commands, which are left out', async () => {
    const { target, gdb } = await connected();
    expect(await gdb.ask(`Z0,80001000,4;${r4Is(1)};cmds:0,X1,27`)).toBe('OK');
    expect(target.breakpoints()[0]!.spec.condition).toBeDefined();
  });
});

describe('watchpoints', () => {
  it.each([
    ['Z2', 'write', 'watch'],
    ['Z3', 'read', 'rwatch'],
    ['Z4', 'access', 'awatch'],
  ] as const)('%s stop the guest before a %s', async (type, access, word) => {
    const { target, gdb } = await connected({ architecture: 'arm' });
    gdb.send(`${type},c0001004,8`);
    expect(target.breakpoints().map(({ spec }) => spec)).toEqual([
      { kind: 'data', address: 0xc000_1004, length: 8, access, space: 'virtual' },
    ]);
    gdb.take();
    const does = access === 'access' ? 'read' : access;
    for (const [address, length, told] of [
      [0xc000_1008, 4, 'c0001008'],
      // The first byte of it that is watched.
      [0xc000_1000, 8, 'c0001004'],
      [0xc000_100b, 1, 'c000100b'],
    ] as const) {
      gdb.send('c');
      expect(target.touch(0, does, address, length)).toBe(true);
      expect(gdb.take()).toEqual([`T05${word}:${told};thread:1;f:00040080;`]);
    }
    gdb.send('c');
    if (access !== 'access') expect(target.touch(0, access === 'read' ? 'write' : 'read', 0xc000_1008, 4)).toBe(false);
    expect(target.touch(0, does, 0xc000_100c, 4)).toBe(false);
  });

  it('name addresses as gdb has them: sign-extended on MIPS', async () => {
    const { target, gdb } = await connected();
    gdb.send('Z2,ffffffff80001004,4', 'c');
    target.touch(0, 'write', 0x8000_1004, 4, 7);
    expect(gdb.take()).toEqual(['OK', 'T05watch:ffffffff80001004;thread:1;22:00040080;']);
    gdb.send('Z2,400000,4', 'c');
    target.touch(0, 'write', 0x40_0000, 4, 7);
    expect(gdb.take()).toEqual(['OK', 'T05watch:400000;thread:1;22:00040080;']);
  });

  it('are told apart by their length', async () => {
    const { target, gdb } = await connected();
    gdb.send('Z2,80001000,4', 'Z2,80001000,8', 'z2,80001000,4');
    expect(target.breakpoints().map(({ spec }) => spec)).toMatchObject([{ length: 8 }]);
  });
});
