// startVm: open what the user named, choose the board, compose the machine, connect the host, run.
import type { Board } from '../boards/board.ts';
import { chooseBoard, chooseTransport, kernelFormats } from '../boards/choose.ts';
import { BOARDS } from '../boards/index.ts';
import { type AgentArch, agentArchive, withArchive } from '../boot/agent/archive.ts';
import { agentParams, rootOf } from '../boot/agent/params.ts';
import { endiannessOf, parseKernel, piecesOf, unpackKernel } from '../boot/kernel-image.ts';
import { dateNow, eventLoopTurn, monotonicMs, oneShot } from '../host/clock.ts';
import { readImage, writeWhole } from '../host/file.ts';
import { gunzip } from '../host/gunzip.ts';
import { sha256 } from '../host/hash.ts';
import { TsvmError } from '../util/errors.ts';
import { type Log, type LogLevel, OnceLog, silentLog } from '../util/log.ts';
import { type CreateVm, composeMachine } from '../vmm/compose.ts';
import { parseVmConfig, type VmConfig } from '../vmm/config.ts';
import { loadPrebuilt } from '../vmm/emulated-code.ts';
import { parseJournal } from '../vmm/journal-text.ts';
import { OutputQueue } from '../vmm/output-queue.ts';
import { type RunHeader, recordHeader, runOf } from '../vmm/run-record.ts';
import { Vm } from '../vmm/vm.ts';
import type { HostPort } from '../vmm/vm-options.ts';
import { type OpenDisks, openDisks } from './disks.ts';
import { type OpenInput, planInput, recordedInput } from './input.ts';
import { differences, headerOf, requireSameImages } from './record.ts';
import { type Prepared, runningVm } from './running-vm.ts';
import { findSymbols } from './symbols.ts';
import { observedRun } from './trace/observed-run.ts';
import type { InferredFacts, RunningVm, StartVmOptions } from './types.ts';

const host: HostPort = { now: monotonicMs, turn: eventLoopTurn, timer: oneShot, sha256 };

/**
 * Start a VM; resolves when it is built, and it begins to run right after that.
 * @throws TsvmError usage, not-found, not-runnable, image-*, symbols-bad, io
 */
export async function startVmWith(createVm: CreateVm, options: StartVmOptions): Promise<RunningVm> {
  const config = withDate(parseVmConfig(options));
  const log = new OnceLog(atLeast(config.loglevel, options.log ?? silentLog));
  const replay = options.replay === undefined ? null : parseJournal(options.replay);
  const kernel = await readImage('kernel', config.kernel);
  const initrd = config.initrd === null ? null : await readImage('initrd', config.initrd);
  const unpacked = await about(config.kernel, () => unpackKernel(kernel, gunzip));
  if (unpacked.ignored > 0)
    log.log('warning', `${config.kernel}: ${unpacked.ignored} bytes after the compressed kernel are ignored`);
  const formats = kernelFormats(BOARDS, config.machine);
  const image = await about(config.kernel, () => parseKernel(unpacked.bytes, formats));
  const { board, as } = await about(config.kernel, async () => chooseBoard(BOARDS, image, config));
  const endianness = board.endianness ?? endiannessOf(image);
  const ramdisk = config.agent ? withAgent(config, agentOf(board, endianness), initrd) : initrd;
  const transport = chooseTransport(board, image, config.virtioTransport);
  if (options.rtc !== undefined && !board.hasRtc) log.log('warning', `--rtc: ${board.name} has no real-time clock`);
  const symbols = await findSymbols(config, image, log);
  if (options.driven) await symbols.load(); // a script may ask for each of them
  const plan = planInput(options.input ?? (options.driven ? 'api' : 'none'), replay);
  const output = new OutputQueue();
  const architecture = await board.loadArchitecture();
  await loadPrebuilt(architecture(endianness).name);
  const disks = openDisks(config.disks, log);
  try {
    const machine = await about(config.kernel, async () =>
      composeMachine({
        board,
        architecture,
        as,
        transport,
        config,
        image,
        initrd: ramdisk,
        createVm,
        consoleOutput: output,
        disks: disks.backends,
        log,
      }),
    );
    if (options.dumpDtb !== undefined) dumpDeviceTree(options.dumpDtb, machine.deviceTree, board);
    const sleep = (ms: number): Promise<void> => new Promise((done) => void oneShot(ms, done));
    const observed = observedRun(machine, options, sleep, architecture(endianness));
    const header = headerOf(config, board.name, { kernel, initrd });
    const record: string[] = [];
    const onRecord = (line: string): void => {
      record.push(line);
      options.onRecord?.(line);
    };
    if (replay) sayDifferences(replay.run, header, log);
    onRecord(recordHeader(recordedInput(plan, replay), header));
    const prepared: Prepared = {
      config,
      record,
      inferred: {
        compression: unpacked.compression,
        format: image.kind,
        elfClass: image.kind === 'elf' ? image.elf.class : null,
        endianness,
        architecture: board.cpu,
        entry: machine.entry,
        guestKind: as.kind,
        machine: board.name,
        virtioTransport: config.disks.length > 0 || config.console === 'virtio' ? transport : null,
        symbols: symbols.source,
      },
      symbols,
      machine,
      observed,
      loadDebugView: () => board.loadDebugView(),
      architecture: architecture(endianness),
      identity: identityOf(header, disks),
    };
    let input: OpenInput | null = null;
    const vm = new Vm({
      machine,
      host,
      log,
      seed: config.seed,
      limit: config.limit,
      timeout: config.timeout,
      debugMmio: config.debugMmio,
      pull: plan.pull,
      sourceOpen: plan.kind === 'tty' || plan.kind === 'pipe' || plan.kind === 'api',
      driven: options.driven ?? false,
      stopAtStart: options.stopAtStart ?? false,
      waitNote: plan.kind === 'pipe' ? PIPE_NOTE : null,
      replay: replay?.journal ?? null,
      onRecord,
      identity: prepared.identity,
      output,
      kernelSymbols: symbols.kernel,
      launch: {
        initrd: initrd !== null,
        disks: config.disks.length,
        params: config.params,
        memory: config.memory,
        programs: `${endianness}-endian ${board.cpu}`,
        imageBytes: piecesOf(image).reduce((sum, { length }) => sum + length, 0),
      },
      onOops: config.onOops,
      exitLine: config.exitLine,
      onFault: options.onFault ?? (() => {}),
      onConsole: options.onConsole ?? (() => {}),
      onInputRoom: () => input?.release(),
    });
    return runningVm(
      prepared,
      vm,
      plan,
      options,
      () => closeDisks(disks, log),
      (opened) => {
        input = opened;
      },
    );
  } catch (error) {
    disks.close();
    throw error;
  }
}

/** A journal that names its run is replayed: on the same images, and on another machine only knowingly. */
function sayDifferences(recorded: unknown, started: RunHeader, log: OnceLog): void {
  const header = runOf(recorded);
  if (!header) return;
  requireSameImages(header, started);
  const different = differences(header, started);
  if (different.length > 0) log.log('warning', `the journal is of another run: ${different.join(', ')} differ`);
}

/** The user's initrd and the guest agent. */
function withAgent({ params, disks }: VmConfig, arch: AgentArch, initrd: Uint8Array | null): Uint8Array {
  const { next } = agentParams(params);
  const first = disks[0] && { device: '/dev/vda', mode: disks[0].mode === 'ro' ? ('ro' as const) : ('rw' as const) };
  const root = rootOf(params) ?? first ?? null;
  return withArchive(initrd, agentArchive(arch, { next, root }));
}

function agentOf({ agent, name }: Board, endianness: InferredFacts['endianness']): AgentArch {
  const program = agent[endianness];
  if (!program)
    throw new TsvmError('usage', `--agent: there is no guest agent for ${name}`, {
      next: 'talk with the guest by its console',
    });
  return program;
}

function dumpDeviceTree(path: string, deviceTree: Uint8Array | null, { name }: Board): void {
  if (!deviceTree)
    throw new TsvmError('usage', `--dump-dtb ${path}: ${name} has no device tree`, {
      next: 'leave it out, or choose another --machine',
    });
  writeWhole('--dump-dtb', path, deviceTree);
}

/** At the end of a run: its verdict stands, whatever the host does now. */
function closeDisks(disks: OpenDisks, log: OnceLog): void {
  try {
    disks.close();
  } catch (error) {
    log.log(
      'error',
      `${error instanceof Error ? error.message : String(error)}; what the guest did not flush may be lost`,
    );
  }
}

const PIPE_NOTE =
  'every cpu waits and no timer is armed: only more input from the pipe on standard input can go on (< /dev/null gives none)';

/** Everything but input, journal and the bytes of the disks that the result depends on. */
function identityOf({ config, machine, kernel, initrd }: RunHeader, disks: OpenDisks): string {
  const {
    memory,
    cpus,
    params,
    console,
    seed,
    rtc,
    limit,
    nsPerInstruction,
    virtio,
    virtioTransport,
    cpuModel,
    onOops,
    exitLine,
    agent,
    boot,
  } = config;
  const named = disks.backends.map(({ id, size }, n) => [config.disks[n]!.mode, id, size]);
  const images = [kernel, initrd];
  return JSON.stringify([
    machine,
    images,
    memory,
    cpus,
    params,
    console,
    seed,
    rtc,
    limit,
    nsPerInstruction,
    virtio,
    virtioTransport,
    cpuModel,
    named,
    ...(onOops === 'stop' ? ['stop at oops'] : []),
    ...(agent ? ['agent'] : []),
    ...(boot === null ? [] : ['boot', boot]),
    ...(exitLine === null ? [] : ['exit line', exitLine]),
  ]);
}

function withDate(config: VmConfig): VmConfig {
  return config.rtc === 'now' ? { ...config, rtc: dateNow() } : config;
}

/** Put the file's name before what is wrong with it. */
async function about<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TsvmError) || error.code === 'usage' || error.code === 'internal' || error.code === 'kvm')
      throw error;
    throw new TsvmError(error.code, `${path}: ${error.message}`, error.details);
  }
}

const LEVELS: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];

function atLeast(loglevel: LogLevel, log: Log): Log {
  return {
    log: (level, message) => {
      if (LEVELS.indexOf(level) <= LEVELS.indexOf(loglevel)) log.log(level, message);
    },
  };
}
