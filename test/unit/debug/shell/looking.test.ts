// What the debug shell shows: registers, instructions, memory, translations, devices.
import { describe, expect, it } from 'vitest';
import type { DebugDevice } from '../../../../src/debug/target.ts';
import { AShell } from './a-shell.ts';

describe('regs', () => {
  it('shows groups side by side, and registers with fields decoded', async () => {
    const guest = new AShell();
    guest.target.vcpus[0]!.set('status', 0x1000_ff13);
    guest.target.vcpus[0]!.set('r4', 0x1234);
    const general = await guest.does('regs');
    expect(general[1]).toBe('r4   00001234  r5   00000000  r6   00000000  r7   00000000');
    expect(general.at(-1)).toBe('lo   00000000  hi   00000000  pc   80000400');
    expect(await guest.does('regs cp0')).toEqual([
      'badvaddr  00000000  cause  00000000  epc  00000000',
      'status  1000ff13  CU0 IM=0xff KSU=0x2 EXL IE',
    ]);
    expect(await guest.does('info registers $pc')).toEqual(['pc  0x80000400  start']);
    expect(await guest.does('regs status')).toEqual([
      'status  0x1000ff13',
      '  [28]    CU0  0x1',
      '  [15:8]  IM   0xff',
      '  [4:3]   KSU  0x2',
      '  [1]     EXL  0x1',
      '  [0]     IE   0x1',
    ]);
    expect(await guest.does('regs fpu')).toEqual([
      'f0  0000000000000000  f1  0000000000000000',
      'f2  0000000000000000  f3  0000000000000000',
    ]);
    expect((await guest.does('regs all')).filter((line) => line.includes(':'))).toEqual([
      'general: general registers',
      'cp0: system registers',
      'fpu: floating point',
    ]);
  });

  it('sets registers and fields', async () => {
    const guest = new AShell();
    expect(await guest.does('regs a0=0x10 a1=$a0+1')).toEqual(['r4 = 0x00000010', 'r5 = 0x00000011']);
    expect(await guest.does('set $status.im = 0xf0')).toEqual(['status = 0x0000f000  IM=0xf0']);
    expect(await guest.does('set $status.ie = $a0 == 16')).toEqual(['status = 0x0000f001  IM=0xf0 IE']);
    expect(await guest.does('set $f1 = 0x123456789abcdef0')).toEqual(['f1 = 0x123456789abcdef0']);
    expect(guest.target.writes).toEqual([
      'cpu0 r4 = 0x10',
      'cpu0 r5 = 0x11',
      'cpu0 status = 0xf000',
      'cpu0 status = 0xf001',
      'cpu0 f1 = 0x123456789abcdef0',
    ]);
  });

  it.each([
    ['regs bavdaddr', 'error: this cpu has no register bavdaddr', '  did you mean badvaddr?'],
    ['set $a0 = 0x100000000', 'error: r4 has 32 bits, and 0x100000000 has more', undefined],
    ['set $status.ie = 2', 'error: status.IE has 1 bits', undefined],
    ['set $status.nope = 2', 'error: status has no field of that name', '  regs status'],
    [
      'set $a0',
      'error: set: there is no =',
      '  usage: set $NAME = VALUE | set $NAME.FIELD = VALUE | set *[b:|h:|w:]ADDR = VALUE',
    ],
    ['print $f1', 'error: $f1 has 64 bits, and expressions have 32', '  $f1'],
  ])('refuses %s', async (line, first, second) => {
    const lines = await new AShell().refuses(line);
    expect(lines[0]).toBe(first);
    expect(lines[1]).toBe(second);
  });

  it('are those of the selected vCPU', async () => {
    const guest = new AShell({ cpus: 2 });
    guest.target.vcpus[1]!.set('r4', 0x55);
    expect(await guest.does('regs a0')).toEqual(['r4  0x00000000']);
    await guest.does('cpu 1');
    expect(await guest.does('regs a0')).toEqual(['r4  0x00000055']);
    expect(await guest.shell.prompt()).toBe('(tsvm cpu1) ');
    expect(await guest.does('cpus')).toEqual([
      '@12,345 0.000123s',
      '  cpu0  0x80000400  start  kernel',
      '* cpu1  0x80000400  start  kernel',
    ]);
  });
});

describe('mem', () => {
  it('reads words, halfwords and bytes in the guest’s order, and goes on by an empty line', async () => {
    const guest = new AShell({ endianness: 'big' });
    guest.target.memory.set(new TextEncoder().encode('Linux version 5.10\x1b\x00'), 0x1000);
    expect(await guest.does('mem read jiffies 6')).toEqual([
      '0x80001000 jiffies       4c696e75 78207665 7273696f 6e20352e',
      '0x80001010 jiffies+0x10  31301b00 00000000',
    ]);
    expect(await guest.does('')).toEqual([
      '0x80001018 jiffies+0x18  00000000 00000000 00000000 00000000',
      '0x80001028 jiffies+0x28  00000000 00000000',
    ]);
    expect(await guest.does('mem read jiffies 2 h')).toEqual(['0x80001000 jiffies  4c69 6e75']);
    expect(await guest.does('mem read phys:0x1000 20 b')).toEqual([
      'phys:0x00001000  4c 69 6e 75 78 20 76 65 72 73 69 6f 6e 20 35 2e  Linux version 5.',
      'phys:0x00001010  31 30 1b 00                                      10..',
    ]);
  });

  it('says where memory ends', async () => {
    const guest = new AShell();
    expect(await guest.does('mem read 0x8000fff8 4')).toEqual([
      '0x8000fff8 buffer+0xdff8  00000000 00000000',
      '0x80010000 buffer+0xe000: not readable',
    ]);
    expect(await guest.refuses('mem read 0x10')).toEqual([
      'error: no memory can be read at 0x00000010',
      '  walk 0x00000010 says why',
    ]);
    expect((await guest.refuses('mem read phys:0x20000000'))[0]).toBe(
      'error: no memory can be read at physical 0x20000000',
    );
    expect((await guest.does('mem read phys:0xfff8'))[1]).toBe('phys:0x00010000: not readable');
  });

  it('writes values and texts, and refuses what does not fit', async () => {
    const guest = new AShell({ endianness: 'big' });
    expect(await guest.does('mem write jiffies 0x11223344 $pc')).toEqual(['wrote 8 bytes at 0x80001000 jiffies']);
    await guest.does('mem write jiffies 0x1122 -1 h');
    await guest.does('mem write phys:0x2000 "hi\\n\\0"');
    await guest.does('set *b:phys:0x2001 = 0x49');
    expect(guest.target.writes).toEqual([
      '0x80001000 = 11 22 33 44 80 00 04 00',
      '0x80001000 = 11 22 ff ff',
      '0x00002000 = 68 69 0a 00',
      '0x00002001 = 49',
    ]);
    expect((await guest.refuses('mem write jiffies 0x100 b'))[0]).toBe('error: mem: 0x100 has more than 1 bytes');
    expect((await guest.refuses('mem write jiffies'))[0]).toBe('error: mem: a value is missing');
    expect((await guest.refuses('mem write 0x10 1'))[0]).toBe('error: 0x00000010: not all of it is RAM');
    expect((await guest.refuses('mem frobnicate'))[0]).toBe('error: mem: frobnicate: read, write or search?');
  });

  it('finds every place, over the seams of what is read at once, and leaves out what cannot be read', async () => {
    const guest = new AShell({ ram: 0x4_0000 });
    const found = [0x10, 0x0fffe, 0x1_fffd, 0x3_fffc];
    for (const at of found) guest.target.memory.set([0xde, 0xad, 0xbe, 0xef], at);
    guest.target.pages.set(0x400, 0);
    const hex = (at: number): string => `phys:0x${at.toString(16).padStart(8, '0')}`;
    expect(await guest.does('mem search phys:0 0x40000 "\\xde\\xad\\xbe\\xef"')).toEqual(found.map(hex));
    expect(await guest.does('mem search phys:0 0x40000 0xde 0xad 0xbe b')).toEqual(found.map(hex));
    expect(await guest.does('mem search 0x00300000 0x200000 0xefbeadde')).toEqual(['0x00400010']);
    expect(await guest.does('mem search phys:0 0x40000 "none"')).toEqual(['not found']);
    const many = await guest.does('mem search phys:0 0x40000 0 b');
    expect(many).toHaveLength(101);
    expect(many.at(-1)).toBe('and more: search on from 0x00000068');
  });

  it('x does what it does in gdb', async () => {
    const guest = new AShell();
    guest.target.memory.set(new TextEncoder().encode('one\0two\x07\0'), 0x1000);
    expect(await guest.does('x/2xb jiffies')).toEqual([`0x80001000 jiffies  6f 6e${' '.repeat(44)}on`]);
    expect(await guest.does('x/2s jiffies')).toEqual([
      '0x80001000 jiffies  "one"',
      '0x80001004 jiffies+0x4  "two\\x07"',
    ]);
    guest.target.memory.set([0x22, 0x0a, 0x09, 0x5c, 0xc3, 0xa9, 0xff, 0x0d, 0], 0x1000);
    expect(await guest.does('x/s jiffies')).toEqual(['0x80001000 jiffies  "\\"\\n\\t\\\\\\xc3\\xa9\\xff\\r"']);
    expect(await guest.does('print/c *b:(jiffies + 6)')).toEqual(["'\\xff'"]);
    expect(await guest.does('x/i $pc')).toEqual([' => 0x80000400 start  00000000  .word 0x00000000']);
    guest.target.putWord(0x8000_1000, 0xffff_fffe);
    expect(await guest.does('x/dw jiffies')).toEqual(['0x80001000 jiffies  -2']);
    expect((await guest.refuses('x/z jiffies'))[0]).toBe('error: x: /z is no format');
  });

  it('save and load keep it in files', async () => {
    const guest = new AShell();
    guest.target.putWord(0x8000_1000, 0x1234_5678);
    expect(await guest.does('save ram.bin jiffies 0x1000')).toEqual([
      'saved 4,096 bytes from 0x80001000 jiffies in ram.bin',
    ]);
    expect([...guest.files.get('ram.bin')!.subarray(0, 5)]).toEqual([0x78, 0x56, 0x34, 0x12, 0]);
    expect(await guest.does('load ram.bin phys:0x2000')).toEqual([
      'loaded 4,096 bytes of ram.bin at physical 0x00002000',
    ]);
    expect(guest.target.memory[0x2003]).toBe(0x12);
    expect((await guest.refuses('save ram.bin 0x8000f000 0x2000'))[0]).toContain('no memory can be read at 0x80010000');
    expect(guest.files.get('ram.bin')).toHaveLength(0x1000);
    expect(await guest.does('save small.bin jiffies 2k')).toEqual([
      'saved 2,048 bytes from 0x80001000 jiffies in small.bin',
    ]);
    expect((await guest.refuses('save ram.bin phys:0 1M'))[0]).toContain(
      'no memory can be read at physical 0x00010000',
    );
    expect(await guest.refuses('save ram.bin phys:0 2G')).toEqual([
      'error: save: 2G: a length is a number from 1 to 1073741824',
      '  usage: save FILE ADDR LENGTH',
    ]);
    expect((await guest.refuses('save ram.bin phys:0 0K'))[0]).toContain('0K: a length is');
    expect((await guest.refuses('save ram.bin phys:0 K'))[0]).toContain('K: a length is');
    expect((await guest.refuses('load nothing.bin 0'))[0]).toBe('error: nothing.bin: there is no such file');
  });
});

describe('code and places', () => {
  it('disassemble marks where it stands and where it stops, and goes on', async () => {
    const guest = new AShell();
    await guest.does('break start+4');
    await guest.does('break phys:0x408');
    expect(await guest.does('dis start 4')).toEqual([
      ' => 0x80000400 start      00000000  .word 0x00000000',
      '*   0x80000404 start+0x4  00000000  .word 0x00000000',
      '*   0x80000408 start+0x8  00000000  .word 0x00000000',
      '    0x8000040c start+0xc  00000000  .word 0x00000000',
    ]);
    expect((await guest.does(''))[0]).toBe('    0x80000410 start+0x10  00000000  .word 0x00000000');
    expect((await guest.refuses('dis 0x10'))[0]).toBe('error: no memory can be read at 0x00000010');
    expect((await guest.refuses('dis phys:0'))[0]).toContain('instructions are read at virtual addresses only');
  });

  it('disassemble shows the instruction set that the vCPU is in, or another', async () => {
    const guest = new AShell({ architecture: 'arm' });
    guest.target.vcpus[0]!.set('cpsr', 0x20);
    expect((await guest.does('dis'))[1]).toBe('    0x80000402 start+0x2  0000  .word 0x0000');
    expect((await guest.does('dis start 2 arm'))[1]).toBe('    0x80000404 start+0x4  00000000  .word 0x00000000');
  });

  it('addresses are named by what may reach there: not by ends, and not from afar', async () => {
    const symbols = {
      start: 0x8000_0400,
      _etext: 0x8000_0800,
      buffer: 0x8000_1000,
      _end: 0x8020_0000,
      __block_write_end: 0x8030_0000,
    };
    const guest = new AShell({ symbols, ram: 0x40_0000 });
    const named = async (place: string): Promise<string | undefined> => (await guest.does(`symbol ${place}`))[0];
    expect(await named('start+0x3fc')).toBe('0x800007fc start+0x3fc');
    expect(await named('_etext')).toBe('0x80000800 _etext');
    expect(await named('_etext+4')).toBe('0x80000804');
    expect(await named('buffer+0xfffff')).toBe('0x80100fff buffer+0xfffff');
    expect(await named('buffer+0x100000')).toBe('0x80101000');
    expect(await named('_end')).toBe('0x80200000 _end');
    expect(await named('_end+0x10')).toBe('0x80200010');
    expect(await named('__block_write_end+8')).toBe('0x80300008 __block_write_end+0x8');
    expect(await guest.does('dis _end+0x10 1')).toEqual(['    0x80200010  00000000  .word 0x00000000']);
  });

  it('bt of a user program has its pc', async () => {
    const guest = new AShell();
    guest.target.vcpus[0]!.set('status', 0x10);
    guest.target.vcpus[0]!.set('pc', 0x0043_b0fc);
    guest.target.backtrace = () => ({ addresses: [], end: 'user' });
    expect(await guest.does('bt')).toEqual(['#0   0x0043b0fc', '     a user program: its callers are not followed']);
  });

  it('bt names the callers', async () => {
    const guest = new AShell();
    guest.target.calls = { addresses: [0x8000_0510, 0x8000_0408], end: 'user' };
    expect(await guest.does('bt')).toEqual([
      '#0   0x80000400 start',
      '#1   0x80000510 do_timer+0x10',
      '#2   0x80000408 start+0x8',
      '     user mode called this',
    ]);
  });

  it('print shows numbers as people read them', async () => {
    const guest = new AShell();
    expect(await guest.does('print jiffies + 4')).toEqual(['0x80001004 (2,147,487,748, -2,147,479,548)  jiffies+0x4']);
    expect(await guest.does('print phys:0x1000')).toEqual(['0x00001000 (4,096)  physical']);
    expect(await guest.does('print/d -5')).toEqual(['-5']);
    expect(await guest.does('p/x 255')).toEqual(['0xff']);
    expect(await guest.does('p/t 5')).toEqual(['0b101']);
    expect((await guest.refuses('p/q 5'))[0]).toBe('error: print: /q is no format');
  });

  it('symbol, walk and map say where addresses lead', async () => {
    const guest = new AShell();
    expect(await guest.does('symbol jiffies+4')).toEqual([
      '0x80001004 jiffies+0x4',
      '  physical 0x00001004, ram+0x1004',
    ]);
    expect(await guest.does('symbol phys:0x10000010')).toEqual([
      'physical 0x10000010',
      '  physical 0x10000010, serial0+0x10',
    ]);
    expect(await guest.does('info $pc')).toEqual(['0x80000400 start', '  physical 0x00000400, ram+0x400']);
    expect(await guest.does('symbol 0x10')).toEqual(['0x00000010', '  leads nowhere now']);
    expect(await guest.does('walk jiffies write')).toEqual([
      'write of 0x80001000 jiffies, cpu0 kernel',
      '  segment  0x80001000: unmapped',
      '  -> physical 0x00001000, ram+0x1000',
    ]);
    expect((await guest.does('walk 0x10')).at(-1)).toBe('  -> guest exception: no matching TLB entry');
    expect(await guest.does('map')).toEqual([
      '0x00000000..0x0000ffff  ram     ram',
      '0x10000000..0x100000ff  device  serial0',
    ]);
    expect(await guest.does('tlb')).toEqual(['entry 0: vpn 0x00400000 asid 1, pfn 0x00001000 valid']);
    expect(await guest.does('irq')).toEqual(['cpu0', '  pending 0x00000000']);
  });
});

describe('why', () => {
  const refill = { trap: 2, pc: 0x8000_0404, inSlot: true, address: 16, now: 96_331_870 };
  const interrupt = { trap: 0, pc: 0x8000_0500, inSlot: false, address: 0, now: 96_400_000 };

  it('explains the last fault, and not what came after it', async () => {
    const guest = new AShell();
    guest.target.texts.set(0x8000_0404, 'lw $v0, 16($a0)');
    guest.target.vcpus[0]!.taken = [interrupt, refill];
    expect(await guest.does('why')).toEqual([
      'cpu0 0.096332s  TLB refill on load, 0x00000010, pc 0x80000404 start+0x4, in a delay slot',
      '  start+0x4: lw $v0, 16($a0)',
      '  other exceptions were taken since',
    ]);
    expect(await guest.does('why list')).toEqual([
      '0  0.096400s    interrupt           pc 0x80000500 do_timer',
      '1  0.096332s  ! TLB refill on load  pc 0x80000404 start+0x4 (delay slot)',
    ]);
    expect((await guest.does('why 0'))[0]).toContain('pc 0x80000500 do_timer');
    expect((await guest.refuses('why 2'))[0]).toBe('error: why: 2: an exception is a number from 0 to 1');
  });

  it('knows the latest one, of which the registers are', async () => {
    const guest = new AShell();
    // Each time a copy, as a real vCPU gives them.
    guest.target.vcpus[0]!.exceptions = () => [{ ...refill }];
    expect(await guest.does('why')).not.toContain('  other exceptions were taken since');
  });

  it('says when there was none, and who had one', async () => {
    const guest = new AShell({ cpus: 2 });
    expect(await guest.does('why')).toEqual(['cpu0 took no exception yet']);
    expect(await guest.does('why list')).toEqual(['cpu0 took no exception yet']);
    guest.target.vcpus[0]!.taken = [interrupt];
    guest.target.vcpus[1]!.taken = [refill];
    expect(await guest.does('why')).toEqual(['cpu0 took no fault among its last 1 exceptions; cpu 1 did']);
  });
});

describe('the machine', () => {
  const serial: DebugDevice = {
    name: 'serial0',
    registers: () => [
      { name: 'RBR', offset: 0, value: 0x41 },
      { name: 'LSR', offset: 5, value: 0x60 },
    ],
    state: () => ({ text: '\x1b[2J' }),
  };
  const blk: DebugDevice = {
    name: 'blk0',
    registers: () => [],
    state: () => ({
      legacy: false,
      device: {
        queues: [
          { size: 4, desc: 0x2000, driver: 0x2100, device: 0x2200, lastAvail: 0xffff, usedIdx: 0xfffe, asked: 0 },
          { size: 0, desc: 0, driver: 0, device: 0, lastAvail: 0, usedIdx: 0, asked: 0 },
        ],
      },
    }),
  };

  it('devices and their registers by name', async () => {
    const guest = new AShell();
    guest.target.hardware = [serial, blk];
    expect(await guest.does('devices')).toEqual(['serial0  2 registers', 'blk0     0 registers']);
    expect(await guest.does('devices serial0')).toEqual(['0x000  RBR  0x00000041', '0x005  LSR  0x00000060']);
    expect(await guest.does('devices ser lsr')).toEqual(['0x005  LSR  0x00000060']);
    expect(await guest.does('devices serial0 state')).toEqual(['{', '  "text": "\\u001b[2J"', '}']);
    expect(await guest.refuses('devices serail0')).toEqual([
      'error: there is no device serail0',
      '  did you mean serial0?',
    ]);
    expect((await guest.refuses('devices serial0 nope'))[0]).toBe('error: serial0 has no register nope');
  });

  it('virtqueues, with the chains that wait', async () => {
    const guest = new AShell();
    guest.target.hardware = [serial, blk];
    const view = new DataView(guest.target.memory.buffer);
    // Two chains from index 0xffff on: the ring of 4 wraps.
    view.setUint16(0x2102, 1, true);
    view.setUint16(0x2104 + 2 * 3, 2, true);
    view.setUint16(0x2104, 9, true);
    view.setUint16(0x2202, 0xfffe, true);
    for (const [index, address, length, flags, next] of [
      [2, 0x3000, 16, 1, 3],
      [3, 0x4000, 512, 2, 0],
    ] as const) {
      view.setUint32(0x2000 + 16 * index, address, true);
      view.setUint32(0x2008 + 16 * index, length, true);
      view.setUint16(0x200c + 16 * index, flags, true);
      view.setUint16(0x200e + 16 * index, next, true);
    }
    expect(await guest.does('virtqueues')).toEqual([
      'blk0',
      '  queue 0: size 4, descriptors 0x00002000, available 0x00002100, used 0x00002200',
      '    available 1, taken 65535, used 65534: 2 waiting, 1 in flight',
      '  queue 1: not set up',
    ]);
    expect((await guest.does('virtqueues blk0')).slice(3)).toEqual([
      '    chain 2',
      '        2  0x00003000  16 bytes to device',
      '        3  0x00004000  512 bytes to driver',
      '    chain 9',
      '      descriptor 9 does not exist',
      '  queue 1: not set up',
    ]);
    expect(await guest.does('vq serial0')).toEqual(['serial0 is no virtio device']);
  });

  it('a chain that goes round, and rings outside of RAM, are survived', async () => {
    const guest = new AShell();
    const view = new DataView(guest.target.memory.buffer);
    view.setUint16(0x2102, 0, true);
    view.setUint16(0x2104 + 2 * 3, 1, true);
    view.setUint16(0x200c + 16, 1, true);
    view.setUint16(0x200e + 16, 1, true);
    guest.target.hardware = [blk];
    const lines = await guest.does('virtqueues blk0');
    expect(lines.filter((line) => line.includes('0x00000000  0 bytes'))).toHaveLength(32);
    expect(lines).toContain('      and more');
    const wild = { size: 4, desc: 2 ** 40, driver: 2 ** 50, device: 2 ** 40, lastAvail: 0, usedIdx: 0 };
    guest.target.hardware = [{ ...blk, state: () => ({ device: { queues: [wild] } }) }];
    expect((await guest.does('virtqueues blk0'))[2]).toBe(
      '    available not in RAM, taken 0, used not in RAM: unknown waiting, 0 in flight',
    );
    for (const state of [null, 7, [], { device: null }, { device: { queues: [{}] } }, { device: { queues: 'x' } }]) {
      guest.target.hardware = [{ ...blk, state: () => state }];
      expect(await guest.does('virtqueues')).toEqual(['there is no virtio device']);
    }
  });

  it('stats of each vCPU', async () => {
    const guest = new AShell({ cpus: 2 });
    const [first, second] = guest.target.counters;
    guest.target.counters = [
      { ...first!, syscall: 1234, cache: null, signal: 9 },
      { ...second!, wait: 7, cache: null },
    ];
    const lines = await guest.does('stats');
    expect(lines[0]).toBe('          cpu0  cpu1');
    expect(lines[1]).toMatch(/^wait {9}0 {5}7 {2}WAIT executed/);
    expect(lines[2]).toMatch(/^syscall {2}1,234 {5}0 {2}SYSCALL/);
    expect(lines[3]).toBe('not counted, until stats on: cache');
    const all = await guest.does('stats all');
    expect(all[2]).toMatch(/^cache +- {5}- {2}CACHE/);
    // Two equal runs show the same.
    expect(lines.join('\n')).not.toContain('signal');
    expect(all.join('\n')).toContain('\nsignal ');
    await guest.does('stats on');
    expect(guest.target.observed.stats).toBe(true);
    await guest.does('stats off');
    expect(guest.target.observed).toEqual({ stats: false, trace: null });
  });

  it('input is typed with Enter, or without', async () => {
    const guest = new AShell();
    expect(await guest.does('input ls  /proc')).toEqual(['sent 10 bytes']);
    expect(await guest.does('input -n "\\x03"')).toEqual(['sent 1 byte']);
    expect(new TextDecoder().decode(Uint8Array.from(guest.target.input))).toBe('ls  /proc\n\x03');
  });
});
