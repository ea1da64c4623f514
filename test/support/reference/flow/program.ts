// Random guest programs with the control flow that the region compiler is about: loops, calls, tables, and everything that can happen in
// the middle of them. A program is RAM, registers and a pc; it goes round for ever.
//
// Physical map as in programs.ts: 0x0000 exception handlers, 0x1000-0x3fff code, 0x4000-0x7fff data. The code runs at its KSEG0 address or at a
// mapped one; the refill handler maps any address to the RAM address in its low 15 bits, so that every page lies at many addresses.
import { Random } from '../../oracle/random.ts';
import { MACHINES, type MachineName } from '../machines.ts';
import { BOOT_BYTES, type Endianness, type GuestProgram, RAM_BYTES } from '../programs.ts';
import { type RowPicker, rowPicker } from '../row-picker.ts';
import { CallWriter } from './calls.ts';
import { putHandlers } from './handlers.ts';
import { CODE_POINTERS, POINTER, SP } from './registers.ts';

const CODE = 0x1000;
const CODE_END = 0x4000;
const DATA = 0x4000;
const STATUS_UM = 0x10;
/** Program starts: at a page, or so that the code lies across the next one. */
const STARTS = [0, 0, 0xe00, 0xf00, 0xfc0, 0x1f80];
const INTERESTING = [0, 1, -1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xffff, 0x8000, 0xff, 4, -4];

function writeCode(writer: CallWriter, random: Random): void {
  if (random.chance(50)) writer.hole();
  const top = writer.here();
  writer.pieces(3 + random.below(4));
  writer.loop();
  writer.goTo(top);
  writer.writeFunctions();
}

/** The program of a seed. */
export function makeFlowProgram(seed: number, endianness: Endianness, machine: MachineName): GuestProgram {
  const { kseg0, kseg2, kusegEnd, mmio } = MACHINES[machine];
  const random = new Random(seed, (endianness === 'little' ? 4 : 5) + (machine === 'vz' ? 10 : 0));
  const rows: RowPicker = rowPicker(endianness);
  const segment = random.pick([kseg0, kseg0, kseg0, 0, 0, kseg2, 0x8000]);
  const user = segment < kusegEnd && random.chance(60);
  const start = CODE + random.pick(STARTS);
  const fpu = random.chance(50);
  const fpuStatus = fpu ? random.pick([0x20000000, 0x24000000, 0x24000000]) : 0;
  const base = segment + start;
  const mappedStart = segment < kusegEnd;
  let words: readonly number[];
  do {
    const flavour = { random, rows, base, bigEndian: endianness === 'big', fpuStatus, mapped: mappedStart, user };
    const writer = new CallWriter(flavour);
    writeCode(writer, random);
    words = writer.finish(base);
  } while (4 * words.length > CODE_END - start);

  const ram = new Uint32Array(RAM_BYTES / 4);
  const boot = new Uint32Array(BOOT_BYTES / 4);
  ram.set(words, start / 4);
  for (let i = DATA / 4; i < ram.length; i += 1 + random.below(8)) ram[i] = random.word();
  putHandlers(ram, 0, { random, rows, safe: base, toggles: mappedStart && random.chance(35) });
  putHandlers(boot, 0x200 / 4, { random, rows, safe: base, toggles: false });

  const gpr = Array.from({ length: 32 }, () => (random.chance(50) ? random.pick(INTERESTING) : random.word()) | 0);
  gpr[0] = 0;
  const mapped = random.chance(50) ? 0 : kseg2;
  const own = user ? 0x8000 : kseg0;
  gpr[POINTER.data] = own + DATA;
  gpr[POINTER.far] = own + DATA + 0x2000 + (random.chance(20) ? random.below(4) : 0);
  gpr[POINTER.user] = DATA;
  gpr[POINTER.mapped] = (user ? 0 : mapped) + 0x5000 - 64 * random.below(3);
  gpr[POINTER.kernel] = (user ? 0x10000 : kseg2) + DATA;
  gpr[POINTER.code] = base;
  gpr[POINTER.strange] =
    random.pick([0x10000, 0x3fffe000, 0x7ffff000, mmio + 0x1000, kseg0 + 0x100000, 0xc0000000]) | 0;
  gpr[POINTER.mmio] = (mmio + 0x1000) | 0;
  gpr[SP] = own + DATA + 0x1800;
  for (const pointer of CODE_POINTERS) gpr[pointer] = base;
  gpr[31] = base;
  const usable = fpu && random.chance(95) ? fpuStatus : 0;
  const status = (user ? STATUS_UM : 0) | random.pick([0, 1, 0xff01, 0x8001]) | usable;
  return {
    seed,
    machine,
    endianness,
    ram,
    boot,
    pc: base,
    gpr,
    hi: random.word() | 0,
    lo: random.word() | 0,
    status,
    fpu,
  };
}
