// The MIPS paravirt interrupt controller against reference/MIPS.md B3.
import { beforeEach, describe, expect, it } from 'vitest';
import { ParavirtIrqchip } from '../../../../src/devices/irqchip/paravirt.ts';
import { Bus } from '../../../../src/memory/bus.ts';
import { FakeLine } from '../../../support/devices/fakes.ts';

const RAW = 8;
const RAW_W1S = 16;
const RAW_W1C = 24;
const src = (cpu: number) => 32 + 32 * cpu;
const en = (cpu: number) => src(cpu) + 8;
const enW1s = (cpu: number) => src(cpu) + 16;
const enW1c = (cpu: number) => src(cpu) + 24;

let ip2: FakeLine[];
let chip: ParavirtIrqchip;

beforeEach(() => {
  ip2 = [new FakeLine(), new FakeLine()];
  chip = new ParavirtIrqchip({ cpus: 2, output: (cpu) => ip2[cpu]! });
});

const levels = (): boolean[] => ip2.map((line) => line.level);

describe('the paravirt irqchip', () => {
  it('has 64 lines and 8 CPUs', () => {
    expect([chip.read(0, 4), chip.read(4, 4)]).toEqual([64, 8]);
    chip.write(0, 4, 1);
    expect(chip.read(0, 4)).toBe(64);
  });

  it('raises IP2 of a CPU that enabled the line, until the device lowers it', () => {
    chip.write(enW1s(0), 4, 1 << 10);
    chip.setLine(10, true);
    expect(levels()).toEqual([true, false]);
    expect([chip.read(RAW, 4), chip.read(src(0), 4), chip.read(src(1), 4)]).toEqual([1 << 10, 1 << 10, 0]);
    chip.setLine(10, false);
    expect(levels()).toEqual([false, false]);
    expect(chip.read(src(0), 4)).toBe(0);
  });

  it('raises IP2 when a pending line is enabled, and lowers it when it is disabled', () => {
    chip.setLine(9, true);
    expect(levels()).toEqual([false, false]);
    chip.write(en(1), 4, 1 << 9);
    expect(levels()).toEqual([false, true]);
    chip.write(enW1c(1), 4, 1 << 9);
    expect(levels()).toEqual([false, false]);
  });

  it('keeps IP2 up without a new rise while another line is pending', () => {
    chip.write(en(0), 4, 0xffffffff);
    chip.setLine(9, true);
    chip.setLine(12, true);
    chip.setLine(9, false);
    expect([ip2[0]!.level, ip2[0]!.rises]).toEqual([true, 1]);
  });

  it('sends an interrupt to another CPU through its mailbox bits in word 1', () => {
    chip.write(enW1s(1) + 4, 4, 3 << 2);
    chip.write(RAW_W1S + 4, 4, 1 << 2); // reschedule cpu 1
    expect(levels()).toEqual([false, true]);
    expect(chip.read(src(1), 4)).toBe(0);
    expect((chip.read(src(1) + 4, 4) >>> 2) & 3).toBe(1);
    chip.write(RAW_W1C + 4, 4, 1 << 2);
    expect(levels()).toEqual([false, false]);
  });

  it('reads the plain value through write-1-set and write-1-clear', () => {
    chip.write(RAW, 4, 0xf000);
    chip.write(RAW_W1S, 4, 0x30000);
    chip.write(RAW_W1C, 4, 0x1000);
    expect([RAW, RAW_W1S, RAW_W1C].map((offset) => chip.read(offset, 4))).toEqual([0x3e000, 0x3e000, 0x3e000]);
    chip.write(en(3), 4, 0xf0000000);
    chip.write(enW1s(3), 4, 0x08000000);
    chip.write(enW1c(3), 4, 0x80000000);
    expect([en, enW1s, enW1c].map((at) => chip.read(at(3), 4))).toEqual([0x78000000, 0x78000000, 0x78000000]);
  });

  it('holds lines 32 to 63 in word 1', () => {
    chip.setLine(32, true);
    chip.setLine(63, true);
    expect([chip.read(RAW, 4), chip.read(RAW + 4, 4)]).toEqual([0, 0x80000001]);
  });

  it('ignores lines 0 to 8 of word 0', () => {
    for (let line = 0; line <= 8; line++) chip.setLine(line, true);
    chip.write(RAW_W1S, 4, 0x1ff);
    chip.write(en(0), 4, 0x1ff);
    expect([chip.read(RAW, 4), chip.read(en(0), 4)]).toEqual([0, 0]);
    expect(levels()).toEqual([false, false]);
    chip.write(en(0) + 4, 4, 0x1ff);
    expect(chip.read(en(0) + 4, 4)).toBe(0x1ff);
  });

  it('has registers for CPUs that do not exist', () => {
    chip.write(en(7), 4, 0x400);
    chip.setLine(10, true);
    expect(chip.read(src(7), 4)).toBe(0x400);
    expect(levels()).toEqual([false, false]);
  });

  it('lowers its outputs and forgets everything at reset', () => {
    chip.write(en(0), 4, 0x400);
    chip.setLine(10, true);
    chip.reset();
    expect([levels()[0], chip.read(RAW, 4), chip.read(en(0), 4)]).toEqual([false, 0, 0]);
  });

  it('goes on from saved state: an output that was up comes down', () => {
    chip.write(en(0), 4, 0x400);
    chip.setLine(10, true);
    const line = new FakeLine();
    const later = new ParavirtIrqchip({ cpus: 1, output: () => line });
    later.restoreState(JSON.parse(JSON.stringify(chip.saveState())));
    expect(line.rises).toBe(0); // the vCPU restores its own pending lines
    line.level = true;
    later.setLine(10, false);
    expect(line.level).toBe(false);
  });

  it('reports accesses of other sizes and to other places', () => {
    const said: string[] = [];
    const strict = new ParavirtIrqchip({ cpus: 1, output: () => new FakeLine(), misuse: (what) => said.push(what) });
    expect([strict.read(RAW, 1), strict.read(src(7) + 32, 4), strict.read(0xffc, 4)]).toEqual([0, 0, 0]);
    strict.write(RAW, 2, 0xffff);
    expect(strict.read(RAW, 4)).toBe(0);
    expect(said).toHaveLength(4);
  });

  it('is seen as plain words by a big-endian guest', () => {
    const bus = new Bus();
    bus.add(0x1e010000, chip, 'big');
    const data = new Uint8Array(8);
    bus.read(0x1e010000, data, 8);
    expect([...data]).toEqual([0, 0, 0, 64, 0, 0, 0, 8]);
    bus.write(0x1e010000 + RAW_W1S, Uint8Array.of(0, 0, 4, 0), 4);
    expect(chip.read(RAW, 4)).toBe(1 << 10);
  });

  it('refuses lines and CPU counts that it does not have', () => {
    expect(chip.setLine(64, true)).toBe(false);
    expect(chip.setLine(-1, true)).toBe(false);
    expect(() => new ParavirtIrqchip({ cpus: 9, output: () => new FakeLine() })).toThrow('not 9');
  });
});
