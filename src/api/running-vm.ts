// A VM that was composed, as its starter has it: input, pausing, looking into it, its record, its end.
import type { DebugView } from '../cpu/isa/debug-view.ts';
import type { DebugTarget } from '../debug/target.ts';
import { eventLoopTurn } from '../host/clock.ts';
import { onEndingSignal } from '../host/signals.ts';
import { TsvmError } from '../util/errors.ts';
import type { VmConfig } from '../vmm/config.ts';
import type { ListedArchitecture } from '../vmm/emulated-code.ts';
import type { Inspector } from '../vmm/inspect.ts';
import type { Machine } from '../vmm/machine.ts';
import type { Verdict } from '../vmm/verdict.ts';
import { INPUT_HIGH_WATER, type Vm } from '../vmm/vm.ts';
import { reproducingCommand } from './command-line.ts';
import { VmDebugTarget } from './debug-target.ts';
import { type InputPlan, type OpenInput, openInput } from './input.ts';
import type { KernelSymbols } from './symbols.ts';
import type { ObservedRun } from './trace/observed-run.ts';
import type { InferredFacts, RunningVm, StartVmOptions } from './types.ts';

/** Everything read and decided before the machine is built. */
export interface Prepared {
  /** The lines of the run's record so far. */
  readonly record: readonly string[];
  readonly config: VmConfig;
  readonly inferred: InferredFacts;
  readonly symbols: KernelSymbols;
  readonly identity: string;
  readonly machine: Machine;
  readonly observed: ObservedRun;
  loadDebugView(): Promise<DebugView>;
  /** The CPU, for reading its code. */
  readonly architecture: ListedArchitecture;
}

/** Bytes of a journal entry. */
const PIECE = 0x8000;

/** `bytes` in copies of at most PIECE bytes. */
function pieces(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, n) => bytes.slice(n * PIECE, (n + 1) * PIECE));
}

export function runningVm(
  prepared: Prepared,
  vm: Vm,
  plan: InputPlan,
  options: StartVmOptions,
  ended: () => void,
  opened: (input: OpenInput) => void,
): RunningVm {
  const { config, inferred, symbols, record } = prepared;
  const stop = (reason: string): void => {
    vm.arrive({ type: 'stop', cause: 'interrupted', reason });
  };
  const run = async (): Promise<Verdict> => {
    // The caller hears that the VM is there before the guest says anything.
    await eventLoopTurn();
    const input = openInput(plan, {
      arrive: (event) => vm.arrive(event),
      action: (action) =>
        action === 'quit' ? stop('stopped from the console (Ctrl-a x)') : options.onTerminalRequest?.(action),
      terminalGone: () => {
        takenBy?.(null);
        stop('the terminal went away');
      },
      takenBy: () => takenBy,
      mustHold: () => vm.inputBacklog() >= INPUT_HIGH_WATER,
    });
    opened(input);
    const ignoreSignals = options.handleSignals
      ? onEndingSignal((signal) => {
          input.close();
          stop(`interrupted by ${signal}`);
        })
      : () => {};
    try {
      const verdict = await vm.start();
      await symbols.load();
      return verdict;
    } finally {
      ignoreSignals();
      input.close();
    }
  };
  const result = run().finally(ended);
  let debugTarget: Promise<DebugTarget> | null = null;
  let takenBy: ((bytes: Uint8Array | null) => void) | null = null;
  let inputOpen = plan.kind === 'api';
  const requireInput = (): void => {
    if (!inputOpen) throw new TsvmError('usage', "send() needs a VM started with input: 'api', before closeInput()");
  };
  const standing = (): Inspector => {
    if (vm.over) throw new TsvmError('usage', 'the run is over: what is left of the guest can only be looked at');
    if (!vm.held)
      throw new TsvmError('usage', 'the guest does not stand still', {
        next: 'await what it is waited for, or start it with driven: true',
      });
    return vm.inspector;
  };
  const consoles = [...prepared.machine.consoles.keys()];
  /** What an event says of its console: nothing of the machine's own. @throws TsvmError usage when there is no such */
  const of = (console: string | undefined): { readonly console?: string } => {
    vm.inspector.console(console);
    return console === undefined || console === consoles[0] ? {} : { console };
  };
  // What has ended may still be asked why.
  const looked = (): Inspector => (vm.over ? vm.inspector : standing());
  return {
    config,
    inferred,
    command: reproducingCommand(config, inferred.machine),
    interactive: plan.kind === 'tty',
    send: (bytes) => {
      requireInput();
      const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
      for (const piece of pieces(all)) vm.arrive({ type: 'console', bytes: piece });
    },
    closeInput: () => {
      if (inputOpen) vm.arrive({ type: 'end-of-input' });
      inputOpen = false;
    },
    sendToAgent: (bytes) => {
      requireInput();
      if (!config.agent) throw new TsvmError('usage', 'sendToAgent() needs a VM started with agent: true');
      for (const piece of pieces(bytes)) vm.arrive({ type: 'agent', bytes: piece });
    },
    addressOf: (symbol) => vm.addressOf(symbol) ?? symbols.find(symbol),
    inspect: {
      readMemory: (place, length) => looked().read(place, length),
      writeMemory: (place, bytes) => {
        let address = standing().physical(place, bytes.length);
        for (const piece of pieces(bytes)) {
          vm.change({ type: 'memory', address, bytes: piece });
          address += piece.length;
        }
      },
      registers: () => looked().registers(),
      register: (name, cpu = 0) => looked().register(cpu, name),
      setRegister: (name, value, cpu = 0) => {
        standing().register(cpu, name); // is there one?
        vm.change({ type: 'register', cpu, name, value: value >>> 0 });
      },
    },
    consoles,
    resize: (columns, rows, console) => {
      vm.arrive({ type: 'resize', columns: characters(columns), rows: characters(rows), ...of(console) });
    },
    sendInput: (bytes, console) => {
      const to = of(console);
      return pieces(bytes).every((piece) => vm.arrive({ type: 'console', bytes: piece, ...to }));
    },
    sendBreak: (console) =>
      vm.inspector.console(console).inputBreak !== undefined && vm.arrive({ type: 'break', ...of(console) }),
    inputBacklog: (console) => vm.inputBacklog(of(console).console),
    subscribeOutput: (listener, console) => vm.subscribeOutput(listener, of(console).console),
    takeTerminal: (keys) => {
      takenBy = keys;
      return () => {
        if (takenBy === keys) takenBy = null;
      };
    },
    watch: (watch) => prepared.observed.watch(watch),
    stat: async (forMs = 0) => {
      await symbols.load();
      const runs = vm.debugger.stopped === null;
      return prepared.observed.stat(forMs, runs, (address) => vm.nameOf(address) ?? symbols.symbolize(address));
    },
    debugTarget: () => {
      debugTarget ??= targetOf(prepared, vm, stop);
      return debugTarget;
    },
    get paused() {
      return vm.debugger.stopped !== null && !vm.over;
    },
    pause: async () => {
      await Promise.all([vm.pause(), symbols.load()]);
    },
    resume: () => vm.resume(),
    drive: async (target) => {
      if (!options.driven) throw new TsvmError('usage', 'drive() needs a VM started with driven: true');
      return vm.drive(target);
    },
    get clock() {
      return vm.clock;
    },
    stop: (reason = 'stopped') => stop(reason),
    wait: () => result,
    journal: () => `${record.join('\n')}\n`,
    journalEntries: () => vm.journal.entries,
    symbolize: (address) => vm.nameOf(address) ?? symbols.symbolize(address),
  };
}

function characters(count: number): number {
  return Math.min(0xffff, Math.max(0, Math.trunc(count) || 0));
}

async function targetOf(prepared: Prepared, vm: Vm, kill: (reason: string) => void): Promise<DebugTarget> {
  const { config, inferred, symbols, machine, observed, architecture } = prepared;
  const [view] = await Promise.all([prepared.loadDebugView(), symbols.load()]);
  return new VmDebugTarget({
    vm,
    machine,
    view,
    observed,
    architecture,
    name: config.name ?? 'guest',
    board: inferred.machine,
    kernel: config.kernel,
    symbols: () => symbols.table,
    kill,
  });
}
