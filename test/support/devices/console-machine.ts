// A virtio-console on a virtio-mmio window with everything around it faked: what console, mmio and contract tests start from.
import { VirtioConsole, type VirtioConsoleOptions } from '../../../src/devices/virtio/console.ts';
import { VirtioMmio } from '../../../src/devices/virtio/mmio.ts';
import type { Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';
import { FakeBackend, FakeLine, FakeLog, ram } from './fakes.ts';
import { VirtioDriver } from './virtio-driver.ts';

export interface ConsoleMachineOptions extends Partial<Omit<VirtioConsoleOptions, 'ports'>> {
  readonly legacy?: boolean;
  readonly endianness?: Endianness;
  /** Names of the ports; one without a name when left out. */
  readonly ports?: readonly string[];
  readonly memory?: GuestMemory;
}

export class ConsoleMachine {
  readonly memory: GuestMemory;
  readonly irq = new FakeLine();
  readonly log = new FakeLog();
  readonly backends: FakeBackend[];
  readonly console: VirtioConsole;
  readonly mmio: VirtioMmio;

  constructor({ legacy, endianness, ports = [''], memory, ...options }: ConsoleMachineOptions = {}) {
    this.memory = memory ?? ram(0x100000, endianness);
    this.backends = ports.map(() => new FakeBackend());
    this.console = new VirtioConsole(
      { memory: this.memory, log: this.log.once },
      { ...options, ports: ports.map((name, i) => ({ name, backend: this.backends[i]! })) },
    );
    this.mmio = new VirtioMmio({ irq: this.irq }, this.console, { legacy });
  }

  driver(): VirtioDriver {
    return new VirtioDriver(this.mmio, this.memory);
  }

  get output(): string {
    return this.backends[0]!.text;
  }
}

/** The four ways a guest can meet virtio-mmio. */
export const INTERFACES = [
  { title: 'modern, little-endian guest', legacy: false, endianness: 'little' },
  { title: 'modern, big-endian guest', legacy: false, endianness: 'big' },
  { title: 'legacy, little-endian guest', legacy: true, endianness: 'little' },
  { title: 'legacy, big-endian guest', legacy: true, endianness: 'big' },
] as const;
