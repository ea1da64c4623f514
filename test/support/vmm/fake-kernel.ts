// A kernel for the fake machine: MIPS code that calls as Linux does when it panics, oopses or prints for a program, its symbols, and
// stacks as they are in the middle of it. Nothing of it runs; it is there to be looked at.
import { type SymbolEntry, SymbolTable } from '../../../src/boot/symbols.ts';
import type { Machine } from '../../../src/vmm/machine.ts';
import { addiu, assemble, b, jal, jr, k0, type Line, label, lui, lw, nop, ra, sw } from '../kvm/mips-words.ts';
import type { FakeVcpu } from './fake-kvm.ts';

/** Where the kernel is; addresses of its segment are physical ones plus SEGMENT. */
const SEGMENT = 0x4000_0000;
const TEXT = SEGMENT + 0x1_0000;
const STACK = SEGMENT + 0x8_0000;
const TEXTS = SEGMENT + 0x4_0000;
const REGS = STACK - 0x100;
const FRAME = 32;
const RA_AT = 28;
const sp = 29;
const a0 = 4;

const enter: Line = [addiu(sp, sp, -FRAME), sw(ra, RA_AT, sp)];
const leave: Line = [lw(ra, RA_AT, sp), jr(ra), addiu(sp, sp, FRAME)];
const calls = (name: string, callee: string): Line => [label(`${name}.${callee}`), jal(callee), nop];

const PANIC_TEXT_AT = 0x100;

const { words, labels } = assemble(TEXT, [
  label('uart'),
  addiu(2, 0, 1),
  jr(ra),
  nop,
  label('printk'),
  enter,
  calls('printk', 'uart'),
  leave,
  label('panic'),
  enter,
  lui(a0, TEXTS >>> 16),
  addiu(a0, a0, PANIC_TEXT_AT),
  calls('panic', 'printk'),
  label('panic.loop'),
  b('panic.loop'),
  nop,
  label('die'),
  enter,
  calls('die', 'printk'),
  leave,
  label('mount_root'),
  enter,
  calls('mount_root', 'panic'),
  calls('mount_root', 'die'),
  label('kernel_init'),
  enter,
  calls('kernel_init', 'mount_root'),
  label('ret_from_kernel_thread'),
  calls('ret_from_kernel_thread', 'kernel_init'),
  label('tty_write'),
  enter,
  calls('tty_write', 'uart'),
  leave,
  label('handle_sys'),
  addiu(sp, sp, -184),
  sw(k0, 148, sp),
  calls('handle_sys', 'tty_write'),
  label('orphan'),
  enter,
  calls('orphan', 'uart'),
  leave,
  label('start_kernel'),
  nop,
]);

const FUNCTIONS = [...labels].filter(([name]) => !name.includes('.'));

/** The kernel's symbols; with `shift`, those of a kernel that lies elsewhere. */
export function kernelSymbols(shift = 0): SymbolTable {
  const entries: SymbolEntry[] = FUNCTIONS.map(([name, address]) => ({ name, address: address + shift, rank: 0 }));
  entries.push({ name: 'linux_banner', address: TEXTS + 0x200 + shift, rank: 0 });
  return new SymbolTable(entries, [{ start: TEXT + shift, end: TEXTS + 0x400 + shift }]);
}

export function addressOf(name: string): number {
  const address = labels.get(name);
  if (address === undefined) throw new Error(`no ${name}`);
  return address;
}

/** The chains, outermost first: calls by the labels that `calls` makes, and the function that is reached. */
const CHAINS = {
  /** panic() has just been entered. */
  panicEntered: ['ret_from_kernel_thread.kernel_init', 'kernel_init.mount_root', 'mount_root.panic', 'panic'],
  panicPrints: [
    'ret_from_kernel_thread.kernel_init',
    'kernel_init.mount_root',
    'mount_root.panic',
    'panic.printk',
    'printk.uart',
    'uart',
  ],
  dieEntered: ['ret_from_kernel_thread.kernel_init', 'kernel_init.mount_root', 'mount_root.die', 'die'],
  programPrints: ['handle_sys.tty_write', 'tty_write.uart', 'uart'],
  /** A stack that cannot be followed. */
  lost: ['orphan.uart', 'uart'],
} as const;

export class FakeKernel {
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
    for (const [n, word] of words.entries()) this.put(TEXT + 4 * n, word);
    this.text(PANIC_TEXT_AT, '\x010Kernel panic - not syncing: %s\n');
    this.text(0x200, 'Linux version 5.10.0\n');
  }

  /** A text in the kernel's memory; its address. */
  text(at: number, text: string): number {
    this.machine.memory.write(
      TEXTS + at - SEGMENT,
      Uint8Array.from(`${text}\0`, (letter) => letter.charCodeAt(0)),
    );
    return TEXTS + at;
  }

  /** Make `cpu` stand where the chain leads, called with `args`. */
  stand(cpu: FakeVcpu, chain: keyof typeof CHAINS, args: readonly number[] = []): void {
    const path: readonly string[] = CHAINS[chain];
    let stack = REGS;
    let back = 0;
    if (path[0]!.startsWith('handle_sys')) this.put(REGS + 160, 0x10); // pt_regs of a program
    for (const call of path.slice(0, -1)) {
      if (!/^(handle_sys|ret_from)/.test(call)) {
        stack -= FRAME;
        this.put(stack + RA_AT, back);
      }
      back = addressOf(call) + 8;
    }
    const regs = cpu.getRegs();
    for (const [n, value] of args.entries()) regs.gpr[a0 + n] = BigInt(value);
    regs.gpr[sp] = BigInt(stack);
    regs.gpr[ra] = BigInt(back);
    cpu.setRegs({ ...regs, pc: BigInt(addressOf(path.at(-1)!)) });
  }

  private put(address: number, value: number): void {
    this.machine.memory.writeU32(address - SEGMENT, value >>> 0, 'little');
  }
}
