// The faults of guests/fault-zoo-arm: what each is, and what `why` must say of it.

export interface ArmFault {
  readonly number: number;
  readonly name: string;
  /** How the guest is entered. */
  readonly boot: 'svc' | 'hyp';
  /** DebugView.exceptionName. */
  readonly exception: string;
  /** Of the access; null: no memory access. */
  readonly address: number | null;
  /** What the report says, each in one of its lines. */
  readonly words: readonly string[];
}

const LOAD = 'data abort on load';
const STORE = 'data abort on store';
const FETCH = 'prefetch abort';
const UNDEFINED = 'undefined instruction';

const fault = (
  number: number,
  name: string,
  exception: string,
  address: number | null,
  ...words: readonly string[]
): ArmFault => ({ number, name, boot: number > 40 ? 'hyp' : 'svc', exception, address, words });

export const ARM_FAULTS: readonly ArmFault[] = [
  fault(
    1,
    'a read by NULL',
    LOAD,
    0x10,
    'ldr r0, [r1, #16]   r1 = 0x00000000',
    'level 1',
    'NULL dereference (r1 = 0, at offset 0x10)',
  ),
  fault(2, 'a write by NULL, T32', STORE, 4, 'r3 = 0x00000000', 'NULL dereference (r3 = 0', 'svc (T32) to abt'),
  fault(3, 'a hole among pages', LOAD, 0x40401010, 'translation fault, level 2 (page)', 'is no pointer to anything'),
  fault(
    4,
    'a write to a read-only section',
    STORE,
    0x40100000,
    'permission fault, level 1',
    'AP=101',
    'write to read-only memory',
  ),
  fault(
    5,
    'a write to a read-only page, T32',
    STORE,
    0x40403001,
    'permission fault, level 2',
    'AP=111',
    'write to read-only memory',
  ),
  fault(
    6,
    'a closed domain',
    LOAD,
    0x40300002,
    'domain fault',
    'DACR 0x00000001 gives domain 1 no access',
    'the domain of this memory is closed',
  ),
  fault(7, 'no access flag', LOAD, 0x40406000, 'access flag fault, level 2', 'SCTLR.AFE', 'without the access flag'),
  fault(
    8,
    'user mode reads kernel memory',
    LOAD,
    0x40000008,
    'PL0 read',
    'AP=001',
    'user access to kernel memory',
    'taken from usr',
  ),
  fault(
    9,
    'user mode writes what it may read',
    STORE,
    0x40404008,
    'PL0 write, AP=010 gives PL0 r',
    'write to read-only memory',
  ),
  fault(10, 'a call by NULL', FETCH, 0, 'came by blx r3 with 0x00000000', 'a jump through a NULL pointer'),
  fault(11, 'a jump to nowhere', FETCH, 0x12345678, 'translation fault, level 1', 'a jump through a garbage pointer'),
  fault(12, 'a call into data', FETCH, 0x40200100, 'execute-never (XN)', 'blx r1 with 0x40200100', 'a jump into data'),
  fault(13, 'code on the stack', FETCH, 0x40405800, 'execute-never (XN)', 'code on the stack'),
  fault(14, 'the kernel calls user memory', FETCH, 0x40600000, 'PXN', 'the kernel jumps to user memory'),
  fault(
    15,
    'user mode jumps into the kernel',
    FETCH,
    0x40000040,
    'PL0 fetch',
    'a user program jumps into kernel memory',
  ),
  fault(
    16,
    'an unaligned LDM',
    LOAD,
    0x40400002,
    'no multiple of 4',
    'this instruction wants it always',
    'an unaligned pointer: r1 = 0x40400002',
  ),
  fault(17, 'an unaligned LDR under SCTLR.A', LOAD, 0x40400001, 'no multiple of 4; SCTLR.A=1', 'an unaligned pointer'),
  fault(18, 'an unaligned LDREXD, T32', LOAD, 0x40400004, 'no multiple of 8', 'an unaligned pointer'),
  fault(
    19,
    'a table where no memory is',
    LOAD,
    0x40500004,
    'external abort on walk, level 2',
    'no memory at 0x70000000',
    'a table address that is wrong',
  ),
  fault(
    20,
    'a page where nothing is',
    LOAD,
    0x41001234,
    'nothing at physical 0x0100001234',
    'supersection',
    'output address that nothing answers',
  ),
  fault(21, 'a stack that grows into a hole', STORE, 0x40401fe4, 'sp = 0x40402008', 'stack overflow'),
  fault(22, 'UDF, T32', UNDEFINED, null, 'udf #66', 'permanently UNDEFINED', 'an assertion'),
  fault(23, 'a coprocessor that is not there', UNDEFINED, null, 'there is no coprocessor 1'),
  fault(24, 'floating point without CPACR', UNDEFINED, null, 'vadd.f32', 'CPACR.cp10=00', 'nobody has enabled the FPU'),
  fault(25, 'floating point without FPEXC.EN', UNDEFINED, null, 'FPEXC.EN=0', 'the FPU is off'),
  fault(
    26,
    'user mode reads SCTLR',
    UNDEFINED,
    null,
    'SCTLR is for PL1',
    'a user program with a privileged instruction',
  ),
  fault(27, "Hyp mode's register from SVC mode", UNDEFINED, null, 'HVBAR is there in Hyp mode only', 'the wrong mode'),
  fault(28, 'a write to MIDR', UNDEFINED, null, 'MIDR is read-only', 'direction'),
  fault(29, 'a register that is not there', UNDEFINED, null, 'this CPU has no such register', 'code for another CPU'),
  fault(30, 'BKPT', 'breakpoint instruction', null, 'bkpt #7', 'a breakpoint or assertion in the program'),
  fault(31, 'a deleted list element', LOAD, 0x104, 'r1 is LIST_POISON1, at offset 0x4', 'deleted already'),
  fault(32, 'an error value as a pointer', LOAD, 0xfffffff8, 'an error value used as a pointer: r1 = -12'),
  fault(33, 'a pointer out of freed memory', LOAD, 0x6b6b6b73, 'freed memory', 'r1 = 0x6b6b6b6b'),
  fault(34, 'a physical address', LOAD, 0x80300000, 'a physical address used as a virtual one'),
  fault(35, 'a hole, long descriptors', LOAD, 0x40001008, 'translation fault, level 3', 'is no pointer to anything'),
  fault(
    36,
    'a write to what a table makes read-only, T32',
    STORE,
    0x40600010,
    'with APTable=10',
    'write to read-only memory',
  ),
  fault(
    37,
    'no access flag, long descriptors',
    LOAD,
    0x40200001,
    'access flag fault, level 2: AF=0',
    'without the access flag',
  ),
  fault(38, 'XN of a table', FETCH, 0x40400000, 'execute-never (XN)', 'a jump into data'),
  fault(39, 'no table for the address', LOAD, 0x50000000, 'in the range of neither TTBR0 nor TTBR1'),
  fault(
    40,
    'user mode reads kernel memory, long descriptors',
    LOAD,
    0x40800000,
    'AP[2:1]=00',
    'user access to kernel memory',
  ),
  fault(
    ...([41, 'an intermediate address that is not there', `stage 2 ${STORE}`, 0x80600024] as const),
    ...['stage 2 translation fault, level 2', 'ISV=1 (store of word, r0)', 'a device that the hypervisor emulates'],
  ),
  fault(
    ...([42, 'a write that the second stage forbids, T32', `stage 2 ${STORE}`, 0x80200002] as const),
    ...['stage 2 permission fault', 'HAP=01', 'store of halfword, r0', 'it logs writes, or protects it'],
  ),
  fault(
    ...([43, 'a table of stage 1 that stage 2 has not', `stage 2 ${FETCH}`, null] as const),
    ...['S1PTW=1', "the guest's own tables lie where the hypervisor has mapped nothing"],
  ),
  fault(
    ...([44, 'a register that the hypervisor keeps', 'trap to Hyp mode: MCR or MRC to CP15', null] as const),
    ...['mcr of CONTEXTIDR is trapped by HCR.TVM', 'r5 = 0x00001000', 'the hypervisor emulates this register'],
  ),
  fault(
    ...([45, 'floating point that it keeps', 'trap to Hyp mode: access to CP10 or CP11 (HCPTR)', null] as const),
    ...['trapped by HCPTR', 'gives out the FPU lazily'],
  ),
  fault(46, 'NULL in Hyp mode', LOAD, 0x20, 'r7 = 0x00000000', 'NULL dereference (r7 = 0', 'hyp (A32) to hyp'),
];
