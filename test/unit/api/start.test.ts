import {
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { startVmWith } from '../../../src/api/start.ts';
import type { StartVmOptions } from '../../../src/api/types.ts';
import { KVM_REG_MIPS_CP0_32 } from '../../../src/kvm/mips.ts';
import { makeElf } from '../../support/boot/make-elf.ts';
import { makeKallsyms, someSymbols } from '../../support/boot/make-kallsyms.ts';
import { FakeVm, type GuestProgram } from '../../support/vmm/fake-kvm.ts';

const ENTRY = 0x40100000n;
const folder = mkdtempSync(join(tmpdir(), 'tsvm-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const segments = [{ vaddr: ENTRY, data: new TextEncoder().encode('kernel code here') }];
const spec = { class: 32, order: 'little', machine: 8, flags: 0x70001001, entry: ENTRY, segments } as const;
const kernel = file('kernel.elf', makeElf({ ...spec, segments: [...segments], stripped: true }).bytes);
const symbols = [{ name: 'start_kernel', value: ENTRY, section: 1 }];
const withSymbols = file('symbols.elf', makeElf({ ...spec, segments: [...segments], symbols }).bytes);

/** Prints what RAM holds at a T&E KSEG0 address. */
const say = (address: number, length: number) => ({ hypercall: 8, args: [0, address, length] });

async function start(program: GuestProgram, options: Partial<StartVmOptions> = {}) {
  let vm: FakeVm | undefined;
  let text = '';
  const messages: string[] = [];
  const running = await startVmWith(
    (created) => {
      vm = new FakeVm(created, [program]);
      return vm;
    },
    {
      kernel,
      memory: '16M',
      onConsole: (bytes) => {
        text += Buffer.from(bytes).toString('latin1');
      },
      log: { log: (_level, message) => messages.push(message) },
      ...options,
    },
  );
  return { running, vm: vm!, messages, text: () => text };
}

const off: GuestProgram = function* () {};

describe('startVm', () => {
  it('infers the machine from the ELF and says what it inferred and how to repeat the run', async () => {
    const { running } = await start(off);
    expect(running.inferred).toEqual({
      compression: null,
      format: 'elf',
      elfClass: 32,
      endianness: 'little',
      architecture: 'MIPS32r2',
      entry: 0x40100000,
      guestKind: 'trap-and-emulate guest',
      machine: 'mips-paravirt',
      virtioTransport: null,
      symbols: null,
    });
    expect(running.command).toBe(`tsvm run --machine mips-paravirt --mem 16M --cpus 1 --seed 1 ${kernel}`);
    expect(await running.wait()).toMatchObject({ kind: 'power-off', exitCode: 0 });
    expect(await running.wait()).toBe(await running.wait());
  });

  it('loads the kernel where its CPU sees it and says nothing before it has resolved', async () => {
    let resolved = false;
    const { running, text } = await start(
      function* () {
        yield say(0x40100000, 11);
      },
      { onConsole: () => expect(resolved).toBe(true) },
    );
    resolved = true;
    expect(text()).toBe('');
    await running.wait();
  });

  it('starts every vCPU at the entry with Status 6 and the command line in a0, a1', async () => {
    const { running, vm } = await start(off, { cpus: 2, params: 'quiet' });
    expect(vm.options).toMatchObject({ type: 2, maxVcpus: 2, paravirtHypercalls: true, nsPerInstruction: 10 });
    for (const vcpu of vm.vcpus) {
      const { gpr, pc } = vcpu.getRegs();
      expect(pc).toBe(ENTRY);
      expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_32(12, 0))).toBe(6n);
      expect(gpr[4]).toBe(1n);
      const line = vm.memory.readU32(Number(gpr[5]) - 0x40000000, 'little') - 0x40000000;
      const bytes = new Uint8Array(200);
      vm.memory.read(line, bytes);
      expect(Buffer.from(bytes).toString('latin1').split('\0')[0]).toBe(
        'mem=16384K@0x0 numcpus=2 virtio_mmio.device=0x200@0x12000000:16 console=hvc0 quiet',
      );
    }
    await running.wait();
  });

  it('puts the initrd into RAM and tells the kernel where', async () => {
    const initrd = file('initrd', 'initrd contents');
    const { running, vm } = await start(off, { initrd });
    const gpa = 0x110000;
    const bytes = new Uint8Array(15);
    vm.memory.read(gpa, bytes);
    expect(Buffer.from(bytes).toString()).toBe('initrd contents');
    const all = new Uint8Array(0x3000);
    vm.memory.read(0, all);
    expect(Buffer.from(all).toString('latin1')).toContain('rd_start=0x40110000 rd_size=0xf');
    await running.wait();
  });

  it('takes input through send until closeInput', async () => {
    const { running } = await start(
      function* () {
        yield { wait: Number.POSITIVE_INFINITY };
      },
      { input: 'api' },
    );
    running.send('lost on this guest');
    running.closeInput();
    expect(() => running.send('more')).toThrow(expect.objectContaining({ code: 'usage' }));
    expect((await running.wait()).kind).toBe('hang');
    expect(running.journalEntries().map(({ event }) => event.type)).toEqual(['console', 'end-of-input']);
    const again = await start(
      function* () {
        yield { wait: Number.POSITIVE_INFINITY };
      },
      { input: 'api', replay: running.journal() },
    );
    expect(await again.running.wait()).toMatchObject({ runId: (await running.wait()).runId });
  });

  it('is stopped, paused and resumed by its caller', async () => {
    const { running, vm } = await start(function* () {
      yield { run: 1e15 };
    });
    await running.pause();
    const { instructions } = vm.clock;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(vm.clock.instructions).toBe(instructions);
    running.resume();
    running.stop('enough');
    expect(await running.wait()).toMatchObject({ kind: 'interrupted', exitCode: 130, summary: 'enough' });
  });

  it('names addresses by --symbols, the ELF itself or a System.map beside it', async () => {
    const map = file('other.map', 'ffffffff40100000 T the_map\n40100000 T mapped\n4010ffff B __end\n');
    for (const [options, source, name] of [
      [{ kernel: withSymbols }, withSymbols, 'start_kernel+0x4'],
      [{ symbols: map }, map, 'mapped+0x4'],
    ] as const) {
      const { running } = await start(off, options);
      expect(running.inferred.symbols).toBe(source);
      await running.wait();
      expect(running.symbolize(0x40100004)).toBe(name);
    }
    const beside = file('kernel.System.map.gz', gzipSync('40100000 T beside\n4010ffff B __end\n'));
    const { running } = await start(off);
    expect(running.inferred.symbols).toBe(beside);
    await running.wait();
    expect(running.symbolize(0x40100000)).toBe('beside');
    rmSync(beside);
  });

  it.each([
    ['vmlinux-6.1.0-4kc', 'System.map-6.1.0-4kc'],
    ['vmlinuz-6.1.0-5kc', 'System.map-6.1.0-5kc'],
    ['stem.vmlinux', 'stem.System.map'],
    ['named.elf', 'named.elf.System.map'],
    ['stem.zImage', 'stem.System.map'],
    ['lonely', 'System.map'],
  ])('finds the map of %s in %s', async (image, name) => {
    const map = file(name, '40100000 T beside\n4010ffff B __end\n');
    const { running } = await start(off, { kernel: file(image, readFileSync(kernel)) });
    expect(running.inferred.symbols).toBe(map);
    await running.wait();
    rmSync(map);
  });

  it("finds nothing in Debian's placeholder of a System.map", async () => {
    const map = file(
      'System.map',
      'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n',
    );
    const { running, messages } = await start(off);
    expect(running.inferred.symbols).toBeNull();
    await running.wait();
    expect(messages).toEqual([]);
    await expect(start(off, { symbols: map })).rejects.toThrow(/System\.map: the symbol file is a placeholder/);
    rmSync(map);
  });

  describe('with a kernel that has its own tables', () => {
    const functions = someSymbols(600, Number(ENTRY)).map((symbol, i) => ({
      ...symbol,
      address: Number(ENTRY) + 0x100 * i,
    }));
    const data = makeKallsyms(functions, { layout: 'relative', endianness: 'little' }).bytes;
    const image = { ...spec, segments: [{ vaddr: ENTRY, data }], stripped: true };
    const linux = file('linux.elf', makeElf(image).bytes);
    const panic = functions[100]!.address;

    it('names addresses by them when there is nothing else', async () => {
      const { running } = await start(off, { kernel: linux });
      expect(running.inferred.symbols).toBe('kallsyms');
      await running.wait();
      expect(running.symbolize(panic + 4)).toBe('panic+0x4');
    });

    it('does not use the System.map of another kernel', async () => {
      const map = file('linux.System.map', '40100000 T start_kernel\n40100004 T panic\n4010ffff B __end\n');
      const { running, messages } = await start(off, { kernel: linux });
      await running.wait();
      expect(messages).toEqual([
        expect.stringMatching(/linux\.System\.map is of another kernel \(panic is at 0x40100004/),
      ]);
      expect(running.symbolize(panic)).toBe('panic');
      rmSync(map);
    });
  });

  it('unpacks a compressed kernel, and says how it was compressed and what it ignored', async () => {
    const packed = gzipSync(makeElf({ ...spec, segments: [...segments], symbols }).bytes);
    for (const [name, bytes, messages] of [
      ['packed.elf.gz', packed, []],
      ['no-suffix', Buffer.concat([packed, Buffer.from('xyz')]), [/no-suffix: 3 bytes after the compressed kernel/]],
    ] as const) {
      const vm = await start(off, { kernel: file(name, bytes) });
      expect(vm.running.inferred).toMatchObject({ compression: 'gzip', entry: Number(ENTRY) });
      await vm.running.wait();
      expect(vm.running.symbolize(Number(ENTRY))).toBe('start_kernel');
      expect(vm.messages).toEqual(messages.map((words) => expect.stringMatching(words)));
    }
    const cut = start(off, { kernel: file('cut.gz', packed.subarray(0, 100)) });
    await expect(cut).rejects.toMatchObject({ code: 'not-runnable' });
    await expect(cut).rejects.toThrow(/cut\.gz: the kernel does not unpack as gzip/);
    const twice = start(off, { kernel: file('twice.gz.gz', gzipSync(packed)) });
    await expect(twice).rejects.toThrow(/not an ELF file: this is a gzip-compressed file/);
  });

  it('finds the System.map beside a compressed kernel', async () => {
    const packed = file('stripped.vmlinux.gz', gzipSync(readFileSync(kernel)));
    const beside = file('stripped.System.map', '40100000 T beside\n4010ffff B __end\n');
    const { running } = await start(off, { kernel: packed });
    expect(running.inferred.symbols).toBe(beside);
    await running.wait();
  });

  it('gives one run id to equal runs and another to runs that differ in the seed or the kernel', async () => {
    const id = async (options: Partial<StartVmOptions>) => (await (await start(off, options)).running.wait()).runId;
    const first = await id({});
    expect(await id({ timeout: '10s', loglevel: 'error' })).toBe(first);
    expect(await id({ seed: 2 })).not.toBe(first);
    expect(await id({ kernel: withSymbols })).not.toBe(first);
    const packed = file('same.gz', gzipSync(readFileSync(kernel)));
    expect(await id({ kernel: packed }), 'the file, not what is in it').not.toBe(first);
  });

  it('says what it was told only from the log level on', async () => {
    const lost: GuestProgram = function* () {
      yield { read: 0x1f000000 };
    };
    const loud = await start(lost);
    await loud.running.wait();
    expect(loud.messages).toHaveLength(1);
    const quiet = await start(lost, { loglevel: 'error' });
    await quiet.running.wait();
    expect(quiet.messages).toEqual([]);
  });

  it('says that --rtc has no effect on a machine without a clock', async () => {
    const { running, messages } = await start(off, { rtc: 'now' });
    expect(running.config.rtc).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(running.command).toContain(running.config.rtc);
    expect(messages).toEqual(['--rtc: mips-paravirt has no real-time clock']);
    await running.wait();
  });
});

it('writes no device tree of a machine that has none', async () => {
  const dumpDtb = join(folder, 'board.dtb');
  await expect(start(off, { dumpDtb })).rejects.toMatchObject({
    code: 'usage',
    message: `--dump-dtb ${dumpDtb}: mips-paravirt has no device tree`,
  });
  expect(existsSync(dumpDtb)).toBe(false);
});

describe('startVm with disks', () => {
  const image = (name: string, size = 1 << 20) => file(name, new Uint8Array(size));
  const lock = (path: string) => existsSync(`${path}.tsvm-lock`);
  const commandLine = (vm: FakeVm) => {
    const ram = new Uint8Array(0x3000);
    vm.memory.read(0, ram);
    return /mem=[\x20-\x7e]*/.exec(Buffer.from(ram).toString('latin1'))?.[0];
  };

  it('tells the kernel where they are, and that its root is on the first one', async () => {
    const disks = [image('a.img'), `${image('b.img')}:cow`];
    const { running, vm } = await start(off, { disks });
    expect(commandLine(vm)).toContain(
      'virtio_mmio.device=0x200@0x12000200:17 virtio_mmio.device=0x200@0x12000400:18 console=hvc0 root=/dev/vda rw',
    );
    expect(running.command).toContain(`--disk ${disks[0]} --disk ${disks[1]}`);
    expect(running.config.disks).toHaveLength(2);
    await running.wait();
  });

  it('leaves the root to --initrd and to --params, and says that a read-only one is', async () => {
    const disk = `${image('c.img')}:ro`;
    const roots = async (options: Partial<StartVmOptions>) => {
      const { running, vm } = await start(off, { disk, ...options });
      await running.wait();
      return commandLine(vm)?.match(/root=.*/)?.[0];
    };
    expect(await roots({})).toBe('root=/dev/vda ro');
    expect(await roots({ initrd: file('rootfs', 'initrd') })).toBeUndefined();
    expect(await roots({ params: 'quiet root=/dev/vdb' })).toBe('root=/dev/vdb');
    expect(await roots({ params: 'myroot=1' })).toBe('root=/dev/vda ro myroot=1');
  });

  it('shows them on the bus, and only as many as there are', async () => {
    const disk = image('d.img', 3 << 20);
    const seen: (readonly number[])[] = [];
    const { running, text } = await start(
      function* () {
        yield { write: 0x12000270, data: [0, 0, 0, 0] };
        const { data: id } = yield { read: 0x12000208, len: 4 };
        const { data: capacity } = yield { read: 0x12000300, len: 4 };
        const { data: nothing } = yield { read: 0x12000408, len: 4 };
        seen.push(id, capacity, nothing);
      },
      { disk },
    );
    await running.wait();
    expect(text()).toBe('');
    expect(seen.map((data) => new DataView(Uint8Array.from(data).buffer).getUint32(0, true))).toEqual([
      2,
      (3 << 20) / 512,
      0,
    ]);
  });

  it('holds them while the guest runs, and gives them back at the end', async () => {
    const disk = image('e.img');
    const { running } = await start(
      function* () {
        yield { run: 1e15 };
      },
      { disk },
    );
    expect(lock(disk)).toBe(true);
    await expect(start(off, { disk })).rejects.toMatchObject({
      code: 'io',
      message: `${disk}: in use by process ${process.pid}`,
    });
    running.stop();
    await running.wait();
    expect(lock(disk)).toBe(false);
  });

  it('gives them back when the start fails behind them', async () => {
    const disk = image('f.img');
    await expect(start(off, { disk, memory: '2G' })).rejects.toMatchObject({ code: 'usage' });
    await expect(start(off, { disks: [disk, join(folder, 'none')] })).rejects.toMatchObject({ code: 'not-found' });
    expect(lock(disk)).toBe(false);
  });

  it('refuses one image twice when it is written, and takes it twice when it is not', async () => {
    const disk = image('g.img');
    symlinkSync(disk, join(folder, 'g.link'));
    linkSync(disk, join(folder, 'g.hard'));
    for (const [written, ...disks] of [
      ['one', disk, `${join(folder, 'g.link')}:ro`],
      ['one', `${disk}:cow`, disk],
      ['both', disk, join(folder, 'g.hard')],
    ])
      await expect(start(off, { disks })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(`the same image twice, ${written} of them written`),
      });
    expect(lock(disk)).toBe(false);
    await (await start(off, { disks: [`${disk}:cow`, `${disk}:ro`, `${disk}:cow`] })).running.wait();
  });

  it('warns of an overlay whose base was touched, and runs as it would without', async () => {
    const disk = image('k.img');
    const result = async () => {
      const { running, messages } = await start(off, { disk: `${disk}:cow=${join(folder, 'k.cow')}` });
      const { wallMs: _, ...verdict } = await running.wait();
      return { messages, verdict };
    };
    const before = await result();
    utimesSync(disk, 1, 1);
    const after = await result();
    expect(before.messages).toEqual([]);
    expect(after.messages).toEqual([expect.stringContaining('begin a new overlay')]);
    expect(after.verdict).toEqual(before.verdict);
  });

  it('says what the user should know of an image', async () => {
    const { running, messages } = await start(off, { disk: image('h.img', 1000) });
    await running.wait();
    expect(messages).toEqual([expect.stringContaining('its last 488 bytes')]);
  });

  it('gives another run id to another use of a disk, or another size', async () => {
    const id = async (disk?: string) => (await (await start(off, { disk })).running.wait()).runId;
    const small = image('i.img');
    const ids = [await id(), await id(small), await id(`${small}:ro`), await id(image('j.img', 2 << 20))];
    expect(new Set(ids).size).toBe(4);
    expect(await id(small)).toBe(ids[1]);
  });
});

describe('startVm refuses', () => {
  const text = () => file('notes.txt', 'just some text\n');
  it.each([
    ['a kernel that does not exist', () => ({ kernel: join(folder, 'nothing') }), 'not-found', 'nothing'],
    ['a kernel that is no ELF', () => ({ kernel: text() }), 'not-runnable', 'notes.txt'],
    ['an initrd that does not exist', () => ({ initrd: join(folder, 'none') }), 'not-found', 'initrd'],
    ['symbols that are none', () => ({ symbols: file('bad', '\x7fELF\x01') }), 'symbols-bad', 'bad'],
    ['too little memory', () => ({ memory: '1M' }), 'image-outside-ram', 'kernel.elf'],
    ['too much memory', () => ({ memory: '2G' }), 'usage', '--mem 2G'],
    ['a console that the machine does not have', () => ({ console: 'serial' }), 'usage', '--console serial'],
    ['a machine that does not exist', () => ({ machine: 'vax' }), 'usage', 'vax'],
    ['a journal that is none', () => ({ replay: 'hello' }), 'usage', 'journal line 1'],
    [
      'a journal of a run with a file as input, without the file',
      () => ({ replay: '{"journal":1,"input":"pulled"}' }),
      'usage',
      'from a file',
    ],
    ['a command line that does not fit', () => ({ params: 'x'.repeat(5000) }), 'usage', 'command line'],
  ])('%s', async (_what, options, code, named) => {
    await expect(start(off, options())).rejects.toMatchObject({ code, message: expect.stringContaining(named) });
  });
});
