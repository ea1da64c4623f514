import { describe, expect, it } from 'vitest';
import { SymbolTable } from '../../../src/boot/symbols.ts';
import { KVM_SYSTEM_EVENT_RESET, KVM_SYSTEM_EVENT_SHUTDOWN } from '../../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_32 } from '../../../src/kvm/mips.ts';
import type { KernelFault } from '../../../src/vmm/kernel-fault.ts';
import type { Verdict } from '../../../src/vmm/verdict.ts';
import type { VmOptions } from '../../../src/vmm/vm-options.ts';
import { addressOf, FakeKernel, kernelSymbols } from '../../support/vmm/fake-kernel.ts';
import type { FakeVcpu, Step } from '../../support/vmm/fake-kvm.ts';
import { print, type TestVm, testVm } from '../../support/vmm/fake-machine.ts';

const OWN = { table: kernelSymbols(), own: true };
const SECOND = 100_000_000; // instructions of 10 ns
const CP0_STATUS = KVM_REG_MIPS_CP0_32(12, 0);
const USER = 0x10n;

type Steps = Generator<Step, void, unknown>;
type Program = (cpu: FakeVcpu, kernel: FakeKernel, machine: TestVm['machine']) => Steps;

interface Ran {
  readonly verdict: Verdict;
  readonly told: KernelFault[];
  readonly messages: string[];
}

/** Run `programs`, one on each vCPU, on a machine with the fake kernel in memory. */
async function run(programs: readonly Program[], options: Partial<VmOptions> = {}): Promise<Ran> {
  const told: KernelFault[] = [];
  let test: TestVm | null = null;
  let kernel: FakeKernel | null = null;
  const guest = (program: Program) =>
    function* (cpu: FakeVcpu): Steps {
      yield* program(cpu, kernel!, test!.machine);
    };
  test = testVm(programs.map(guest), { limit: 20e9, onFault: (fault) => told.push(fault), ...options });
  kernel = new FakeKernel(test.machine);
  const verdict = await test.vm.start();
  return { verdict, told, messages: test.messages };
}

/** The kernel comes to a watched function. */
function enters(machine: TestVm['machine'], cpu: FakeVcpu): void {
  const pc = Number(cpu.getRegs().pc);
  expect(machine.watched.addresses).toContain(pc);
  machine.watched.hit(cpu.id, pc);
}

function* panics(cpu: FakeVcpu, kernel: FakeKernel, machine: TestVm['machine'], lines: string): Steps {
  yield { run: 1000 };
  kernel.stand(cpu, 'panicEntered', [kernel.text(0x300, 'No root: %s'), kernel.text(0x340, 'vda')]);
  enters(machine, cpu);
  yield { run: 100 };
  kernel.stand(cpu, 'panicPrints');
  yield* print(lines);
}

/** A program's text, printed for it by the kernel. */
function* programPrints(cpu: FakeVcpu, kernel: FakeKernel, text: string): Steps {
  kernel.stand(cpu, 'programPrints');
  yield* print(text);
}

const TEXT = 'Kernel panic - not syncing: No root: vda\n';
const END = '---[ end Kernel panic - not syncing: No root: vda ]---\n';
const backtrace = (fault: KernelFault | undefined): string => fault!.backtrace.map(({ name }) => name).join(' <- ');
const forever: Step = { run: 1000 * SECOND };

describe('a panic of a kernel whose symbols are known', () => {
  it('ends the run when its message is complete', async () => {
    const { verdict, told } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* panics(cpu, kernel, machine, `[    1.000000] ${TEXT}Kernel Offset: 0\n${END}`);
          yield forever;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'No root: vda', details: [] });
    expect(verdict.faults).toEqual(told);
    expect(told[0]).toMatchObject({ kind: 'panic', cpu: 0, guestTimeNs: 10_000, instructions: 1000 });
    expect(backtrace(told[0])).toBe('panic <- mount_root <- kernel_init');
    expect(verdict.instructions).toBeLessThan(2000);
  });

  it('is told without a console, one guest second later', async () => {
    const { verdict } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* panics(cpu, kernel, machine, '');
          yield forever;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict).toMatchObject({ kind: 'panic', summary: 'No root: vda', guestTimeNs: 10_000 + 1e9 });
  });

  it.each([
    ['reboots', { systemEvent: KVM_SYSTEM_EVENT_RESET }, 'then: guest asked for a reboot'],
    ['powers off', { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN }, 'then: guest powered off'],
    ['hangs', { spin: true }, /^then: the only cpu in a branch to itself/],
    ['cannot go on', { internalError: 'what is this' }, /^then: cpu0 met what KVM cannot emulate/],
  ] as const)('is 100 when the kernel then %s', async (_what, step, then) => {
    const { verdict } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* panics(cpu, kernel, machine, TEXT);
          yield step as Step;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'No root: vda' });
    expect(verdict.details).toEqual([then instanceof RegExp ? expect.stringMatching(then) : then]);
  });

  it('is 100 when the guest-time limit comes first, and at the reboot it announces', async () => {
    const program: Program = function* (cpu, kernel, machine) {
      yield* panics(cpu, kernel, machine, `${TEXT}Rebooting in 5 seconds..\n`);
      yield forever;
    };
    expect((await run([program], { kernelSymbols: OWN })).verdict.guestTimeNs).toBeLessThan(1e6);
    const cut = await run([program], { kernelSymbols: OWN, limit: 11_500 });
    expect(cut.verdict).toMatchObject({ kind: 'panic', exitCode: 100, guestTimeNs: 11_500 });
    expect(cut.verdict.details).toEqual(['then: guest-time limit of 0.0000115 s reached']);
  });

  it('shows the message as printed, but not what a program prints beside it', async () => {
    const { verdict } = await run(
      [
        function* (cpu, kernel, machine) {
          kernel.text(0x300, 'No root: %pe');
          yield* panics(cpu, kernel, machine, '');
          yield* print('Kernel panic - not syncing: forged\nKernel panic - not syncing: No root: -ENODEV\n');
          yield forever;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict.summary).toBe('No root: -ENODEV');
  });

  it('is the first one of several', async () => {
    const { verdict, told } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* panics(cpu, kernel, machine, '');
          kernel.stand(cpu, 'panicEntered', [kernel.text(0x380, 'another')]);
          enters(machine, cpu);
          yield forever;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict.summary).toBe('No root: vda');
    expect(told).toHaveLength(1);
  });

  it('ends at the same instruction whatever the host does', async () => {
    const program: Program = function* (cpu, kernel, machine) {
      yield* panics(cpu, kernel, machine, '');
      yield forever;
    };
    const runs = [
      await run([program], { kernelSymbols: OWN }),
      await run([program], { kernelSymbols: OWN, timeout: 1e9 }),
    ];
    expect(runs[0]!.verdict.instructions).toBe(runs[1]!.verdict.instructions);
    expect(runs[0]!.verdict.stateHash).toBe(runs[1]!.verdict.stateHash);
  });

  it('has no message when its format cannot be read', async () => {
    const { verdict } = await run(
      [
        function* (cpu, kernel, machine) {
          kernel.stand(cpu, 'panicEntered', [0x1234_5678]);
          enters(machine, cpu);
          yield forever;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict).toMatchObject({ exitCode: 100, summary: 'no message' });
  });
});

describe('symbols of another kernel', () => {
  const other = { table: kernelSymbols(-0x40), own: false };

  it('are not believed: where they say panic is, it need not be', async () => {
    const { verdict, messages } = await run(
      [
        function* (cpu, _kernel, machine) {
          yield { run: 10 };
          cpu.setRegs({ ...cpu.getRegs(), pc: BigInt(addressOf('panic') - 0x40) });
          enters(machine, cpu);
          yield { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN };
        },
      ],
      { kernelSymbols: other },
    );
    expect(verdict).toMatchObject({ kind: 'power-off', exitCode: 0, faults: [] });
    expect(messages).toEqual([expect.stringMatching(/not of the kernel that runs/)]);
  });

  it('do not hide a panic: its text is judged by the stack', async () => {
    const { verdict } = await run(
      [
        function* (cpu, kernel) {
          yield { run: 10 };
          kernel.stand(cpu, 'panicPrints');
          yield* print(TEXT + END);
          yield forever;
        },
      ],
      { kernelSymbols: other },
    );
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'No root: vda' });
  });

  it('of a file that fits are used', async () => {
    const { verdict, messages } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* panics(cpu, kernel, machine, TEXT + END);
        },
      ],
      { kernelSymbols: { ...OWN, own: false } },
    );
    expect(verdict).toMatchObject({ kind: 'panic', summary: 'No root: vda' });
    expect(messages).toEqual([]);
  });

  it('of a program that is no kernel watch nothing', async () => {
    const table = new SymbolTable([{ name: 'panic', address: addressOf('panic'), rank: 0 }], []);
    const { verdict } = await run(
      [
        function* (_cpu, _kernel, machine) {
          expect(machine.watched.addresses).toEqual([]);
          yield { shutdown: 0 };
        },
      ],
      { kernelSymbols: { table, own: true } },
    );
    expect(verdict.exitCode).toBe(0);
  });
});

describe('the panic text without symbols', () => {
  it('is believed when the stack leads through the code that prints it', async () => {
    const { verdict, told } = await run([
      function* (cpu, kernel) {
        yield { run: 10 };
        kernel.stand(cpu, 'panicPrints');
        yield* print(`[    0.000000] ${TEXT}${END}`);
        yield forever;
      },
    ]);
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'No root: vda' });
    const call = told[0]!.backtrace[0]!;
    expect(call).toEqual({ address: addressOf('panic.printk'), name: null, offset: 0 });
    expect(verdict.instructions).toBeLessThan(SECOND);
  });

  it.each([
    ['loops', { run: 10 * SECOND }],
    ['sleeps', { wait: 5e9 }],
    ['exits and the machine goes off', { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN }],
    ['reboots', { systemEvent: KVM_SYSTEM_EVENT_RESET }],
    ['hangs', { spin: true }],
  ] as const)('is not believed of a program that then %s', async (_what, step) => {
    for (const symbols of [null, OWN]) {
      const { verdict, told } = await run(
        [
          function* (cpu, kernel) {
            yield* programPrints(cpu, kernel, TEXT + END);
            yield step as Step;
            yield { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN };
          },
        ],
        { kernelSymbols: symbols },
      );
      expect(verdict.exitCode).not.toBe(100);
      expect(told).toEqual([]);
    }
  });

  it('is not believed of a program that splits it, or prints it without end', async () => {
    const { verdict } = await run([
      function* (cpu, kernel) {
        for (let i = 0; i < 100; i++)
          for (const piece of ['Kernel ', 'panic - not ', 'syncing', ': forged', '\n']) {
            yield* programPrints(cpu, kernel, piece);
            yield { run: 10 };
          }
        yield { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN };
      },
    ]);
    expect(verdict.exitCode).toBe(0);
  });

  it('is judged by the stack it was printed on, not by what comes later', async () => {
    const { verdict } = await run([
      function* (cpu, kernel) {
        yield* programPrints(cpu, kernel, TEXT);
        kernel.stand(cpu, 'lost');
        yield { run: 3 * SECOND };
        yield { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN };
      },
    ]);
    expect(verdict.exitCode).toBe(0);
  });

  it('does not stand in the way of the panic that comes after it', async () => {
    const { verdict } = await run([
      function* (cpu, kernel) {
        yield* programPrints(cpu, kernel, 'Kernel panic - not syncing: forged\n');
        kernel.stand(cpu, 'lost');
        yield* print('Kernel panic - not syncing: forged again\n');
        yield { run: 10 };
        kernel.stand(cpu, 'panicPrints');
        yield* print(TEXT + END);
        yield forever;
      },
    ]);
    expect(verdict).toMatchObject({ exitCode: 100, summary: 'No root: vda' });
  });
});

describe('the panic text on a stack that cannot be followed', () => {
  const text: Program = function* (cpu, kernel) {
    yield { run: 1000 };
    kernel.stand(cpu, 'lost');
    yield* print(TEXT);
  };

  it('is believed when nothing but kernel code runs for two guest seconds', async () => {
    const { verdict } = await run([
      function* (cpu, kernel, machine) {
        machine.watched.userModeSeen = true; // long before
        yield* text(cpu, kernel, machine);
        yield forever;
      },
    ]);
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'No root: vda' });
    expect(verdict.guestTimeNs).toBeGreaterThan(2e9);
    expect(verdict.guestTimeNs).toBeLessThan(2.1e9);
    expect(verdict.faults[0]!.guestTimeNs).toBeLessThan(1e6);
  });

  it('is believed at a reset that comes first', async () => {
    const { verdict } = await run([
      function* (cpu, kernel, machine) {
        yield* text(cpu, kernel, machine);
        yield { systemEvent: KVM_SYSTEM_EVENT_RESET };
      },
    ]);
    expect(verdict).toMatchObject({ exitCode: 100, details: ['then: guest asked for a reboot'] });
  });

  it.each([
    [
      'a program runs',
      function* (_cpu: FakeVcpu, machine: TestVm['machine']): Steps {
        machine.watched.userModeSeen = true;
        yield { run: 3 * SECOND };
      },
    ],
    [
      'the kernel waits',
      function* (): Steps {
        yield { wait: 1e9 };
        yield { run: 3 * SECOND };
      },
    ],
    [
      'its stack can be followed to a program',
      function* (cpu: FakeVcpu, machine: TestVm['machine']): Steps {
        new FakeKernel(machine).stand(cpu, 'programPrints');
        yield { run: 3 * SECOND };
      },
    ],
  ])('is not believed when %s', async (_what, after) => {
    const { verdict } = await run([
      function* (cpu, kernel, machine) {
        yield* text(cpu, kernel, machine);
        yield* after(cpu, machine);
        yield { systemEvent: KVM_SYSTEM_EVENT_RESET };
      },
    ]);
    expect(verdict).toMatchObject({ kind: 'reboot', exitCode: 102, faults: [] });
  });

  it('is believed though another vCPU runs a program until it is stopped', async () => {
    const { verdict } = await run([
      function* (cpu, kernel, machine) {
        yield* text(cpu, kernel, machine);
        machine.watched.userModeSeen = true;
        yield forever;
      },
      function* () {
        yield { wait: 100e9 };
      },
    ]);
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100 });
    expect(verdict.guestTimeNs).toBeGreaterThan(2.5e9);
  });
});

describe('a kernel that panics without a word and without symbols', () => {
  it.each([
    ['spins to the limit', [forever], 'then: guest-time limit of 20 s reached'],
    ['reboots', [{ systemEvent: KVM_SYSTEM_EVENT_RESET }], 'then: guest asked for a reboot'],
  ] as const)('and %s is found by its stack', async (_what, steps, then) => {
    const { verdict } = await run([
      function* (cpu, kernel) {
        kernel.stand(cpu, 'panicPrints');
        cpu.setRegs({ ...cpu.getRegs(), pc: BigInt(addressOf('uart')) });
        yield* steps as readonly Step[];
      },
    ]);
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, details: [then] });
  });

  it('is not what a vCPU in user mode looks like', async () => {
    const { verdict } = await run([
      function* (cpu, kernel) {
        kernel.stand(cpu, 'panicPrints');
        cpu.setOneReg(CP0_STATUS, USER);
        yield forever;
      },
    ]);
    expect(verdict.kind).toBe('guest-time-limit');
  });
});

describe('an oops', () => {
  const WHY =
    '[    1.0] x\nCPU 0 Unable to handle kernel paging request at virtual address 00000010, epc == 00000010, ra == 0\n';

  function* oopses(cpu: FakeVcpu, kernel: FakeKernel, machine: TestVm['machine']): Steps {
    yield* print(WHY);
    kernel.stand(cpu, 'dieEntered', [kernel.text(0x300, 'Oops')]);
    enters(machine, cpu);
    enters(machine, cpu); // met again before it has run
    yield { run: 10 };
    yield* print('Oops[#1]:\n---[ end trace 0123456789abcdef ]---\n');
  }

  it.each([
    ['powers off', { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN }, 'then: guest powered off'],
    ['gives a code', { shutdown: 0 }, 'then: guest exited with code 0'],
  ] as const)('is noted, the run goes on, and ends 100 when the guest %s', async (_what, step, then) => {
    const { verdict, told } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* oopses(cpu, kernel, machine);
          yield { run: SECOND };
          yield step as Step;
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict).toMatchObject({ kind: 'oops', exitCode: 100, details: [then] });
    expect(verdict.summary).toMatch(/^Oops: CPU 0 Unable to handle kernel paging request/);
    expect(told).toHaveLength(1);
    expect(backtrace(told[0])).toBe('die <- mount_root <- kernel_init');
    expect(told[0]!.likely).toMatch(/NULL/);
    expect(verdict.guestTimeNs).toBeGreaterThan(1e9);
  });

  it('ends the run with --on-oops stop, when it has been printed', async () => {
    const { verdict } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* oopses(cpu, kernel, machine);
          yield forever;
        },
      ],
      { kernelSymbols: OWN, onOops: 'stop' },
    );
    expect(verdict).toMatchObject({ kind: 'oops', exitCode: 100, details: [] });
    expect(verdict.guestTimeNs).toBeLessThan(1e6);
  });

  it('that leads to a panic is told beside it', async () => {
    const { verdict, told } = await run(
      [
        function* (cpu, kernel, machine) {
          yield* oopses(cpu, kernel, machine);
          yield* panics(cpu, kernel, machine, TEXT + END);
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict).toMatchObject({ kind: 'panic', summary: 'No root: vda' });
    expect(verdict.faults.map(({ kind }) => kind)).toEqual(['oops', 'panic']);
    expect(told).toEqual(verdict.faults);
  });

  it('does not change who stopped a run', async () => {
    let kernel: FakeKernel | null = null;
    const test = testVm(
      [
        function* (cpu) {
          yield* oopses(cpu, kernel!, test.machine);
          test.vm.arrive({ type: 'stop', cause: 'interrupted', reason: 'stopped' });
          yield forever;
        },
      ],
      { limit: 20e9, kernelSymbols: OWN },
    );
    kernel = new FakeKernel(test.machine);
    const verdict = await test.vm.start();
    expect(verdict).toMatchObject({ kind: 'interrupted', exitCode: 130 });
    expect(verdict.faults).toHaveLength(1);
  });

  it('may happen any number of times; the first ones are kept', async () => {
    const { verdict } = await run(
      [
        function* (cpu, kernel, machine) {
          for (let i = 0; i < 100; i++) {
            kernel.stand(cpu, 'dieEntered', [kernel.text(0x300, 'Oops')]);
            enters(machine, cpu);
            yield { run: 10 };
          }
          yield { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN };
        },
      ],
      { kernelSymbols: OWN },
    );
    expect(verdict.exitCode).toBe(100);
    expect(verdict.faults).toHaveLength(16);
  });
});
