// What gdb's commands answer while the guest stands.
import { describe, expect, it } from 'vitest';
import type { GdbMonitor } from '../../../../src/debug/gdb/session.ts';
import { FakeTarget, type FakeTargetOptions } from '../../../support/debug/fake-target.ts';
import { GdbClient, settled } from '../../../support/debug/gdb-client.ts';

interface Connected {
  target: FakeTarget;
  gdb: GdbClient;
  ask: (data: string) => Promise<string | undefined>;
}

async function connected(options: FakeTargetOptions = {}): Promise<Connected> {
  const target = new FakeTarget(options);
  const gdb = new GdbClient(target);
  await settled();
  return { target, gdb, ask: (data) => gdb.ask(data) };
}

const shell = (execute: GdbMonitor['execute']): GdbMonitor => ({ execute, interrupt: () => {} });
const hexText = (text: string): string => Buffer.from(text).toString('hex');

describe('a session with gdb', () => {
  it('says what it serves', async () => {
    const { ask } = await connected();
    const features = (await ask('qSupported:multiprocess+;swbreak+;xmlRegisters=i386'))!.split(';');
    expect(features).toEqual(
      expect.arrayContaining([
        'PacketSize=4000',
        'qXfer:features:read+',
        'qXfer:memory-map:read+',
        'qXfer:threads:read+',
        'vContSupported+',
        'QStartNoAckMode+',
        'swbreak+',
        'hwbreak+',
        'ConditionalBreakpoints+',
      ]),
    );
    expect(features.join()).not.toContain('multiprocess');
  });

  it('acknowledges packets until gdb does without, and asks again for a broken one', async () => {
    const { gdb, ask } = await connected();
    await ask('qC');
    gdb.session.receive(Buffer.from('$qC#00'));
    expect(gdb.came).toEqual(['+', 'QC1', '-']);
    gdb.came.length = 0;
    expect(await ask('QStartNoAckMode')).toBe('OK');
    await ask('qC');
    gdb.session.receive(Buffer.from('$qC#00'));
    // Nobody would send it again.
    expect(gdb.came).toEqual(['+', 'OK', 'QC1', 'E16']);
  });

  it('sends its last packet again when gdb asks', async () => {
    const { gdb, ask } = await connected();
    await ask('qC');
    gdb.session.receive(Buffer.from('-'));
    expect(gdb.packets).toEqual(['QC1', 'QC1']);
  });

  it('refuses a packet that is too long, and goes on', async () => {
    const { gdb, ask } = await connected();
    expect(await ask(`M80000000,8000:${'00'.repeat(0x8001)}`)).toBe('E16');
    expect(await ask('qC')).toBe('QC1');
    expect(gdb.came[0]).toBe('+');
  });

  it.each([
    'vMustReplyEmpty',
    'R00',
    'i',
    'bc',
    'qTStatus',
    'qOffsets',
    'qL1',
    'QPassSignals:e',
    'vRun;',
    'vCtrlC',
    '',
    '\xff',
  ])('answers nothing to %j', async (data) => {
    expect(await (await connected()).ask(data)).toBe('');
  });

  it.each([
    ['!', 'OK'],
    ['qAttached', '1'],
    ['qSymbol::', 'OK'],
    ['QNonStop:0', 'OK'],
    ['QNonStop:1', 'E16'],
    ['vCont?', 'vCont;c;C;s;S;t;r'],
  ])('answers %s by %s', async (data, answer) => {
    expect(await (await connected()).ask(data)).toBe(answer);
  });
});

describe('threads', () => {
  it('are the vCPUs', async () => {
    const { ask } = await connected({ cpus: 3 });
    expect(await ask('qfThreadInfo')).toBe('m1,2,3');
    expect(await ask('qsThreadInfo')).toBe('l');
    expect(await ask('T3')).toBe('OK');
    expect(await ask('T4')).toBe('E01');
    expect(await ask('T0')).toBe('E01');
    expect(Buffer.from((await ask('qThreadExtraInfo,2'))!, 'hex').toString()).toBe('kernel');
    expect(await ask('qThreadExtraInfo,9')).toBe('E16');
    expect(await ask('qXfer:threads:read::0,1000')).toBe(
      'l<?xml version="1.0"?>\n<threads>\n<thread id="1" core="0" name="cpu0">kernel</thread>\n<thread id="2" core="1" name="cpu1">kernel</thread>\n<thread id="3" core="2" name="cpu2">kernel</thread>\n</threads>\n',
    );
  });

  it('have registers and memory of their own', async () => {
    const { target, ask } = await connected({ cpus: 2 });
    target.vcpus[0]!.set('r4', 0x11);
    target.vcpus[1]!.set('r4', 0x22);
    expect(await ask('p4')).toBe('11000000');
    expect(await ask('Hg2')).toBe('OK');
    expect(await ask('p4')).toBe('22000000');
    expect(await ask('qC')).toBe('QC2');
    expect(await ask('Hg0')).toBe('OK');
    expect(await ask('p4')).toBe('11000000');
    for (const bad of ['Hg3', 'Hgp1.1', 'Hg', 'Hx1', 'H']) expect(await ask(bad)).toBe('E16');
  });
});

describe('registers', () => {
  it('are in the byte order of the guest', async () => {
    for (const [endianness, text] of [
      ['little', '04030201'],
      ['big', '01020304'],
    ] as const) {
      const { target, ask } = await connected({ endianness });
      target.vcpus[0]!.set('r2', 0x0102_0304);
      expect(await ask('p2')).toBe(text);
      expect(await ask(`P3=${text}`)).toBe('OK');
      expect(target.vcpus[0]!.get('r3')).toBe(0x0102_0304n);
    }
  });

  it('come all at once, 64-bit ones and those that are always 0 too', async () => {
    const { target, ask } = await connected({ endianness: 'big' });
    target.vcpus[0]!.set('r1', 0xa1);
    target.vcpus[0]!.set('cause', 0x20);
    target.vcpus[0]!.set('f3', 0x4000_0000_0000_0001n);
    const all = (await ask('g'))!;
    // r0-r31, lo, hi, pc, status, badvaddr, cause; f0-f3; fir.
    expect(all).toHaveLength(8 * 38 + 16 * 4 + 8);
    expect(all.slice(8, 16)).toBe('000000a1');
    expect(all.slice(8 * 34, 8 * 38)).toBe(`80000400${'0'.repeat(16)}00000020`);
    expect(all.slice(-24)).toBe(`400000000000000100000000`);
  });

  it('leave those that gdb does not know out of the whole', async () => {
    const { target, ask } = await connected({ architecture: 'arm' });
    target.vcpus[0]!.set('sctlr', 0xc5_1878);
    expect(await ask('g')).toHaveLength(8 * 17);
    expect(await ask('p11')).toBe('7818c500');
  });

  it('are written all at once where they differ', async () => {
    const { target, ask } = await connected();
    const all = (await ask('g'))!;
    expect(await ask(`G${all}`)).toBe('OK');
    expect(target.writes).toEqual([]);
    expect(await ask(`G${all.slice(0, 16)}07000000xxxxxxxx09000000`)).toBe('OK');
    expect(target.writes).toEqual(['cpu0 r2 = 0x7', 'cpu0 r4 = 0x9']);
  });

  it('are not written by what is no value', async () => {
    const { target, ask } = await connected();
    for (const bad of ['P4=1', 'P4=0100000000', 'P4=xxxxxxxx', 'P4=0100000g', 'P4', 'Pff=00000000', 'P=00000000'])
      expect(await ask(bad)).toBe('E16');
    for (const bad of ['G000', 'G0000000g', `G${'0'.repeat(1000)}`]) expect(await ask(bad)).toBe('E16');
    for (const bad of ['p', 'pff', 'p-1', 'p1x']) expect(await ask(bad)).toBe('E16');
    expect(target.writes).toEqual([]);
  });

  it('that the vCPU has not are unavailable, and 0 where gdb cannot do without', async () => {
    const { target, ask } = await connected({ architecture: 'arm' });
    const { find } = target.view;
    target.vcpus[0]!.set('r12', 7);
    target.vcpus[0]!.set('sctlr', 7);
    target.view.find = (cpu, name) => (name === 'r12' || name === 'sctlr' ? undefined : find(cpu, name));
    expect(await ask('pc')).toBe('00000000');
    expect(await ask('p11')).toBe('x'.repeat(8));
    // Written back as it was read.
    expect(await ask(`G${await ask('g')}`)).toBe('OK');
    expect(await ask('P11=00000000')).toBe('E16');
    expect(target.writes).toEqual([]);
  });
});

describe('memory', () => {
  it('is read by virtual addresses, sign-extended ones too', async () => {
    const { target, ask } = await connected();
    target.memory.set([0x23, 0x24, 0x7d, 0x2a, 0x00], 0x1000);
    expect(await ask('m80001000,4')).toBe('23247d2a');
    expect(await ask('mffffffff80001000,5')).toBe('23247d2a00');
    expect(await ask('x80001000,5')).toBe('b#$}*\0');
    target.pages.set(0x400, 1);
    expect(await ask('m400000,2')).toBe('2324');
  });

  it('is read as far as it goes', async () => {
    const { ask } = await connected();
    // RAM ends at 0x10000.
    expect(await ask('m8000fffe,10')).toBe('0000');
    expect(await ask('m80010000,4')).toBe('E14');
    expect(await ask('m0,4')).toBe('E14');
    expect(await ask('x0,4')).toBe('E14');
    expect(await ask('m80000000,0')).toBe('');
    expect(await ask('x80000000,0')).toBe('b');
    // No more than fits into a packet.
    expect((await ask('m80000000,ffffff'))!.length).toBeLessThanOrEqual(0x4000);
  });

  it('is written, and by the words for binary data', async () => {
    const { target, ask } = await connected();
    expect(await ask('M80001000,2:aBcd')).toBe('OK');
    expect(await ask('X80001002,4:#$}*')).toBe('OK');
    expect(await ask('X0,0:')).toBe('OK');
    expect([...target.memory.subarray(0x1000, 0x1006)]).toEqual([0xab, 0xcd, 0x23, 0x24, 0x7d, 0x2a]);
    expect(target.writes).toEqual(['0x80001000 = ab cd', '0x80001002 = 23 24 7d 2a']);
  });

  it('is written as a whole or not at all', async () => {
    const { target, ask } = await connected();
    expect(await ask('M8000fffe,4:01020304')).toBe('E14');
    expect(await ask('M0,1:01')).toBe('E14');
    expect(target.writes).toEqual([]);
  });

  it.each([
    'm',
    'm1',
    'm1,',
    'm,1',
    'mg,1',
    'm100000000,1',
    'mffffffff,2',
    'm-1,1',
    'M1,2:00',
    'M1,1:0',
    'M1,1',
    'X1,1',
    'X1,1:ab',
    'mfffffffffffffffff,1',
  ])('is not touched by %s', async (data) => {
    const { target, ask } = await connected();
    expect(await ask(data)).toBe('E16');
    expect(target.writes).toEqual([]);
  });

  it('has a checksum', async () => {
    const { target, ask } = await connected();
    target.memory.set(Buffer.from('123456789'), 0x100);
    // CRC-32/MPEG-2 of the usual nine digits.
    expect(await ask('qCRC:80000100,9')).toBe('C376e6e7');
    expect(await ask('qCRC:80000100,ffff')).toBe('E14');
    expect(await ask('qCRC:0,ffffffff')).toBe('E16');
  });

  it('is all RAM in the map, where gdb sign-extends addresses too', async () => {
    const mips = (await (await connected()).ask('qXfer:memory-map:read::0,1000'))!;
    expect(mips).toContain('<memory type="ram" start="0x0" length="0x100000000"/>');
    expect(mips).toContain('<memory type="ram" start="0xffffffff80000000" length="0x80000000"/>');
    const arm = (await (await connected({ architecture: 'arm' })).ask('qXfer:memory-map:read::0,1000'))!;
    expect(arm).not.toContain('0xffffffff80000000');
  });
});

describe('the target description', () => {
  it('names architecture, features and registers', async () => {
    const { ask } = await connected({ architecture: 'arm' });
    const xml = (await ask('qXfer:features:read:target.xml:0,ffff'))!;
    expect(xml).toMatch(/^l<\?xml version="1.0"\?>/);
    expect(xml).toContain('<architecture>arm</architecture>');
    expect(xml).toContain('<feature name="org.gnu.gdb.arm.core">');
    expect(xml).toContain('<reg name="cpsr" bitsize="32" type="uint32" regnum="16" group="general"/>');
    expect(xml).toContain(
      '<reg name="sctlr" bitsize="32" type="uint32" regnum="17" group="system" save-restore="no"/>',
    );
  });

  it('comes in pieces', async () => {
    const { ask } = await connected();
    const whole = (await ask('qXfer:features:read:target.xml:0,ffff'))!.slice(1);
    let pieces = '';
    for (let at = 0; ; at += 100) {
      const piece = (await ask(`qXfer:features:read:target.xml:${at.toString(16)},64`))!;
      pieces += piece.slice(1);
      if (piece[0] === 'l') break;
      expect(piece).toMatch(/^m/);
    }
    expect(pieces).toBe(whole);
    expect(await ask(`qXfer:features:read:target.xml:${whole.length.toString(16)},64`)).toBe('l');
  });

  it.each([
    ['qXfer:features:read:other.xml:0,10', 'E00'],
    ['qXfer:features:read:target.xml:fffff,10', 'E16'],
    ['qXfer:features:read:target.xml:0', 'E16'],
    ['qXfer:features:read:target.xml', ''],
    ['qXfer:features:write:target.xml:0:00', ''],
    ['qXfer:auxv:read::0,10', ''],
  ])('is not what %s asks for', async (data, answer) => {
    expect(await (await connected()).ask(data)).toBe(answer);
  });
});

describe('monitor', () => {
  it('is the debug shell', async () => {
    const { gdb } = await connected();
    gdb.send(`qRcmd,${hexText('regs cp0 é')}`);
    await settled();
    expect(gdb.lines).toEqual(['regs cp0 é']);
    expect(gdb.packets).toEqual([`O${hexText('did regs cp0 é\n')}`, 'OK']);
  });

  it('says much in pieces that fit into packets', async () => {
    const text = `${'0123456789abcdef'.repeat(2000)}\n`;
    const gdb = new GdbClient(new FakeTarget(), { monitor: shell(async () => text) });
    await settled();
    gdb.send(`qRcmd,${hexText('mem read 0')}`);
    await settled();
    const answers = gdb.packets;
    expect(answers.pop()).toBe('OK');
    for (const answer of answers) expect(answer.length).toBeLessThan(0x4000);
    expect(Buffer.from(answers.map((answer) => answer.slice(1)).join(''), 'hex').toString()).toBe(text);
  });

  it('says nothing where there is nothing to say, and what is wrong', async () => {
    const gdb = new GdbClient(new FakeTarget(), {
      monitor: shell(async (line) => {
        if (line === 'echo') return '';
        throw new Error(`${line}: no such command`);
      }),
    });
    await settled();
    gdb.send(`qRcmd,${hexText('echo')}`, `qRcmd,${hexText('jump')}`, 'qRcmd,xx');
    await settled();
    expect(gdb.packets).toEqual(['OK', `O${hexText('jump: no such command\n')}`, 'OK', 'E16']);
  });

  it('keeps later packets in their order', async () => {
    let done = (_text: string): void => {};
    const gdb = new GdbClient(new FakeTarget(), {
      monitor: shell(
        () =>
          new Promise<string>((resolve) => {
            done = resolve;
          }),
      ),
    });
    await settled();
    gdb.send(`qRcmd,${hexText('bt')}`, 'qC', 'T1');
    await settled();
    expect(gdb.packets).toEqual([]);
    done('x');
    await settled();
    expect(gdb.packets).toEqual([`O${hexText('x\n')}`, 'OK', 'QC1', 'OK']);
  });

  it('that never ends does not make a session keep packets without end', async () => {
    const gdb = new GdbClient(new FakeTarget(), { monitor: shell(() => new Promise<string>(() => {})) });
    await settled();
    gdb.send(`qRcmd,${hexText('continue')}`);
    for (let count = 0; count < 100; count++) gdb.send('qC');
    expect(gdb.closes).toBe(1);
  });
});
