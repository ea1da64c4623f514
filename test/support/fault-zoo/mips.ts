// What the debugger has to say of each fault of guests/fault-zoo: the exception, where it was, and words of the explanation. Written from what
// the guest does, not from what the debugger says.

export type ZooMachine = 'te' | 'malta';

export interface ZooFault {
  /** `fault=N`. */
  readonly number: number;
  /** The function in guests/fault-zoo/faults.S. */
  readonly name: string;
  /** As DebugView.exceptionName has it. */
  readonly exception: string;
  /** The function that the instruction is in; null: where no symbol is. */
  readonly in: string | null;
  /** The address of an exception of memory, or a symbol with an offset; null: it has none. */
  readonly address: number | readonly [symbol: string, offset: number] | null;
  /** Words of the explanation. */
  readonly says: readonly string[];
  /** Exit code of the run: 103, a proven hang, when left out. */
  readonly exitCode?: number;
}

interface Expected {
  readonly exception: string;
  readonly in?: string | null;
  readonly address?: ZooFault['address'];
  readonly says: readonly string[];
  readonly exitCode?: number;
}

type Row = readonly [name: string, both: Expected] | readonly [name: string, te: Expected | null, malta: Expected];

const REFILL = 'TLB refill on load';
const kernel = (te: number, malta: number): ((machine: ZooMachine) => number) => {
  return (machine) => (machine === 'te' ? te : malta);
};
const KSEG0 = kernel(0x40000000, 0x80000000);
const KSEG2 = kernel(0x60000000, 0xc0000000);

const NO_FPU: Expected = { exception: 'coprocessor 1 unusable', says: ['Config1.FP = 0', 'has no FPU'] };

/** In the order of their numbers. */
const rows = (machine: ZooMachine): readonly Row[] => [
  ['null_load', { exception: REFILL, address: 0x10, says: ['lw $v0, 16($a0)', 'a0 = 0x00000000', 'NULL dereference'] }],
  ['null_store', { exception: 'TLB refill on store', address: 0, says: ['a1 = 0x00000000', 'NULL dereference'] }],
  ['null_load_in_slot', { exception: REFILL, address: 8, says: ['delay slot of `jal', 'NULL dereference'] }],
  ['list_poison', { exception: REFILL, address: 0x104, says: ['LIST_POISON1', 'deleted'] }],
  ['use_after_free', { exception: REFILL, address: 0x6b6b6b77, says: ['v1 = 0x6b6b6b6b', 'use after free'] }],
  ['pointer_of_text', { exception: REFILL, address: null, says: ['"name"', 'overwritten by text'] }],
  [
    'load_unaligned',
    { exception: 'address error on load', address: ['name_text', 2], says: ['multiple of 4', 'unaligned pointer'] },
  ],
  [
    'store_unaligned',
    { exception: 'address error on store', address: ['name_text', 1], says: ['multiple of 2', 'unaligned pointer'] },
  ],
  [
    'load_linked_unaligned',
    { exception: 'address error on load', address: ['name_text', 6], says: ['unaligned pointer', 'LL and SC'] },
  ],
  [
    'write_to_constants',
    { exception: 'TLB modified on store', address: 0x500123, says: ['entry 1', 'D = 0', 'write to a read-only page'] },
  ],
  [
    'invalid_page',
    { exception: 'TLB invalid on load', address: 0x501040, says: ['odd page of TLB entry 1', 'V = 0', 'not present'] },
  ],
  [
    'wrong_address_space',
    { exception: REFILL, address: 0x600020, says: ['asid 0x11', 'entry 2', 'asid 0x12', 'wrong address space'] },
  ],
  [
    'no_mapping',
    {
      ...{ exception: 'TLB refill on store', address: KSEG2(machine) + 0x1230010 },
      says: ['kseg2', 'no matching entry in 64', 'missing mapping'],
    },
  ],
  ['stack_overflow', { exception: 'TLB invalid on store', address: 0x700fec, says: ['sp = ', 'stack overflow'] }],
  ['no_stack', { exception: REFILL, address: 0x14, says: ['stack pointer that leads nowhere', 'no stack was set up'] }],
  [
    'null_call',
    {
      ...{ exception: 'TLB refill on fetch', in: null, address: 0 },
      says: ['jump through a NULL pointer', '`jalr $t9`', 'null_call+0x8'],
    },
  ],
  [
    'jump_unaligned',
    {
      ...{ exception: 'address error on fetch', in: 'leaf', address: ['leaf', 1] },
      says: ['jump to an unaligned address', 'microMIPS', 't9 has the same address'],
    },
  ],
  [
    'return_overwritten',
    {
      ...{ exception: 'address error on fetch', in: null, address: 0x41414141 },
      says: ['"AAAA"', 'bad return address', 'stack that was overwritten'],
    },
  ],
  [
    'jump_to_no_code',
    {
      ...{ exception: 'TLB refill on fetch', in: null, address: 0xc01230 },
      says: ['no code is mapped', 'jump_to_no_code', 'v0 has the same address'],
    },
  ],
  [
    'runs_off',
    { exception: 'TLB invalid on fetch', in: null, address: 0x801000, says: ['ran on beyond its last page', '`nop`'] },
  ],
  [
    'slot_not_mapped',
    { exception: 'TLB invalid on fetch', in: null, address: 0x901000, says: ['delay slot is on a page that is not'] },
  ],
  ['mips64_instruction', { exception: 'reserved instruction', says: ['0xdca20008', 'LD of MIPS64'] }],
  ['dsp_instruction', { exception: 'reserved instruction', says: ['0x7c850010', 'DSP'] }],
  ['executes_text', { exception: 'reserved instruction', in: 'name_text', says: ['data was executed', '"name"'] }],
  ['other_byte_order', { exception: 'reserved instruction', says: ['other byte order'] }],
  ['erased_flash', { exception: 'reserved instruction', says: ['0xffffffff', 'erased flash'] }],
  ['branch_in_slot', { exception: 'reserved instruction', says: ['a branch in a delay slot'] }],
  ['coprocessor_2', { exception: 'coprocessor 2 unusable', says: ['no coprocessor 2', 'another CPU'] }],
  [
    'floating_point_off',
    NO_FPU,
    { exception: 'coprocessor 1 unusable', says: ['Status.CU1 = 0', 'FPU is not enabled'] },
  ],
  ['overflow_add', { exception: 'arithmetic overflow', says: ['2147483647 + 1', 'signed overflow'] }],
  ['overflow_sub', { exception: 'arithmetic overflow', says: ['-2147483648 - 10', 'signed overflow'] }],
  ['divide_by_zero', { exception: 'trap instruction', says: ['a1 == 0 holds', 'division by zero'] }],
  ['divide_by_zero_break', { exception: 'breakpoint instruction', says: ['division by zero'] }],
  ['kernel_bug', { exception: 'breakpoint instruction', says: ['BUG()'] }],
  ['kernel_bug_on', { exception: 'trap instruction', says: ['s2 != 0 holds', 'BUG()'] }],
  ['bounds_check', { exception: 'trap instruction', says: ['a0 >= a1 (unsigned) holds', 'a0 = 0x0000000c'] }],
  [
    'fault_in_handler',
    {
      ...{ exception: REFILL, in: 'bad_handler', address: KSEG2(machine) + 0x2340000 },
      says: ["inside of another exception's handler", 'fault_in_handler+0x4', 'missing mapping'],
    },
  ],
  [
    'handler_in_boot_rom',
    { exception: 'breakpoint instruction', says: ['Status.BEV = 1', 'no memory'], exitCode: 101 },
  ],
  [
    'user_reads_kernel',
    {
      ...{ exception: 'address error on load', in: null, address: KSEG0(machine) + 0x200 },
      says: ['kseg0', 'from user mode', 'user access to kernel memory'],
    },
  ],
  [
    'user_jumps_to_kernel',
    {
      ...{ exception: 'address error on fetch', in: null, address: KSEG0(machine) },
      says: ['from user mode', 'user program jumped into the kernel'],
    },
  ],
  [
    'user_privileged',
    { exception: 'coprocessor 0 unusable', in: null, says: ['mfc0', 'privileged instruction in user mode'] },
  ],
  [
    'user_thread_pointer',
    { exception: 'reserved instruction', in: null, says: ['rdhwr $v1, $29', 'HWREna bit 29 = 0', 'not allowed'] },
  ],
  [
    'user_error_pointer',
    { exception: 'address error on load', in: null, address: 0xfffffff5, says: ['-14', 'EFAULT', 'error number'] },
  ],
  [
    'user_wild_pointer',
    { exception: 'TLB refill on store', in: null, address: 0x10000030, says: ['user program without that page'] },
  ],
  [
    'float_divide_by_zero',
    NO_FPU,
    { exception: 'floating-point exception', says: ['div.d $f0, $f2, $f4', 'd2 = 1.5', 'd4 = 0', 'division by zero'] },
  ],
  [
    'float_invalid',
    NO_FPU,
    { exception: 'floating-point exception', says: ['f6 = -1', 'invalid operation', 'has enabled'] },
  ],
  [
    'float_odd_register',
    NO_FPU,
    { exception: 'reserved instruction', says: ['Status.FR = 0', 'a double in an odd register'] },
  ],
  // Where a trap-and-emulate guest has no address space, KVM gives up instead.
  ['error_pointer', null, { exception: REFILL, address: 0xfffffff5, says: ['-14 (EFAULT)', 'error number'] }],
];

/** The faults that the guest can make on a machine. */
export function mipsFaults(machine: ZooMachine): readonly ZooFault[] {
  return rows(machine).flatMap(([name, first, malta], index) => {
    const expected = machine === 'malta' ? (malta ?? first) : first;
    if (expected === null) return [];
    const { in: place = name, address = null, ...rest } = expected;
    return [{ number: index + 1, name, in: place, address, ...rest }];
  });
}
