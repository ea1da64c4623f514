// A fixed slice of scripts/fuzz-virtio.ts: whatever a driver leaves in its rings and writes to registers, a device keeps the promises of
// test/support/devices/fuzz/judge.ts. And the slice can fail: it finds faults put into the devices on purpose.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { I8259Chip } from '../../src/devices/irqchip/i8259-chip.ts';
import { ParavirtIrqchip } from '../../src/devices/irqchip/paravirt.ts';
import { PciFunction } from '../../src/devices/pci/function.ts';
import { Piix4 } from '../../src/devices/pci/piix4.ts';
import { RtcMc146818 } from '../../src/devices/rtc-mc146818.ts';
import { SerialReceiver } from '../../src/devices/serial-receiver.ts';
import { I8254Counter } from '../../src/devices/timer/i8254-counter.ts';
import { DescriptorChain } from '../../src/devices/virtio/chain.ts';
import { VirtioDevice } from '../../src/devices/virtio/device.ts';
import { VirtioMmio } from '../../src/devices/virtio/mmio.ts';
import { VirtQueue } from '../../src/devices/virtio/queue.ts';
import { Bus } from '../../src/memory/bus.ts';
import { FUZZED, type Fuzzed, type Outcome, runCase } from '../support/devices/fuzz/case.ts';
import { Violation } from '../support/devices/fuzz/watched.ts';

const SEED = 2026;
const CASES: Record<Fuzzed, number> = { console: 500, blk: 600, irqchip: 800, pci: 200, isa: 800 };
/** Cases within which a fault must be found. */
const ENOUGH = 400;

/** The number of the first case that finds something, and what. */
function firstFind(device: Fuzzed): string | undefined {
  for (let index = 0; index < ENOUGH; index++)
    try {
      runCase(device, SEED, index);
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
  return undefined;
}

describe.each(FUZZED)('hostile drivers of %s', (device) => {
  it(`break no promise in ${CASES[device]} cases`, () => {
    const outcomes = new Map<Outcome, number>();
    const rules = new Set<string>();
    let completed = 0;
    for (let index = 0; index < CASES[device]; index++) {
      const result = runCase(device, SEED, index);
      outcomes.set(result.outcome, (outcomes.get(result.outcome) ?? 0) + 1);
      completed += result.completed;
      for (const line of result.lines) if (line.includes('stopped until')) rules.add(line);
    }
    // The slice must keep reaching the good paths as well as the error paths.
    expect(outcomes.get('served')).toBeGreaterThan(CASES[device] / 5);
    if (device === 'irqchip' || device === 'pci' || device === 'isa') return;
    expect(outcomes.get('stopped')).toBeGreaterThan(CASES[device] / 5);
    expect(completed).toBeGreaterThan(CASES[device] / 4);
    expect(rules.size).toBeGreaterThanOrEqual(10);
  });
});

describe('the slice finds', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('an available index that is believed', () => {
    const honest = VirtQueue.prototype.available;
    vi.spyOn(VirtQueue.prototype, 'available').mockImplementation(function (this: VirtQueue) {
      try {
        return honest.call(this);
      } catch {
        return 1;
      }
    });
    expect(firstFind('console')).toMatch(/did not ask for a reset in spite of|threw/);
  });

  it('a write over the end of a buffer', () => {
    const honest = DescriptorChain.prototype.write;
    vi.spyOn(DescriptorChain.prototype, 'write').mockImplementation(function (this: DescriptorChain, bytes) {
      const longer = this.writable.map(({ gpa, length }) => ({ gpa, length: length + 1 }));
      return honest.call(Object.assign(Object.create(this) as DescriptorChain, { writable: longer }), bytes);
    });
    expect(firstFind('console')).toContain('which nothing named');
  });

  it('a driver that is not told', () => {
    vi.spyOn(VirtQueue.prototype, 'interruptDue').mockReturnValue(false);
    expect(firstFind('blk')).toContain('did not interrupt');
  });

  it('a request that outlives the reset', () => {
    vi.spyOn(VirtioDevice.prototype, 'driverReset').mockImplementation(() => {});
    expect(firstFind('blk')).toContain('a reset left');
  });

  it('state that is not restored', () => {
    vi.spyOn(VirtQueue.prototype, 'restore').mockImplementation(() => {});
    expect(firstFind('console')).toContain('it ends otherwise');
  });

  it('an interrupt line that follows nothing', () => {
    vi.spyOn(VirtioMmio.prototype, 'configInterrupt').mockImplementation(() => {});
    expect(firstFind('console')).toContain('without a configuration interrupt');
  });

  it('work without end', () => {
    const honest = DescriptorChain.prototype.readInto;
    vi.spyOn(DescriptorChain.prototype, 'readInto').mockImplementation(function (this: DescriptorChain, into) {
      for (;;) honest.call(this, into);
    });
    expect(firstFind('console')).toContain('without end');
  });

  it('a line of the interrupt controller that leads elsewhere', () => {
    const honest = ParavirtIrqchip.prototype.setLine;
    vi.spyOn(ParavirtIrqchip.prototype, 'setLine').mockImplementation(function (this: ParavirtIrqchip, irq, level) {
      return honest.call(this, irq === 40 ? 41 : irq, level);
    });
    expect(firstFind('irqchip')).toMatch(/output of cpu|read of/);
  });

  it('a PCI function whose state does not come back', () => {
    vi.spyOn(PciFunction.prototype, 'restore').mockImplementation(() => {});
    expect(firstFind('pci')).toMatch(/it ends otherwise|ISA lines/);
  });

  it('a PCI interrupt line that stays up', () => {
    const honest = Piix4.prototype.setPirq;
    vi.spyOn(Piix4.prototype, 'setPirq').mockImplementation(function (this: Piix4, n, level) {
      if (level) honest.call(this, n, level);
    });
    expect(firstFind('pci')).toContain('ISA lines');
  });

  it('a bridge that can be hidden', () => {
    const honest = Bus.prototype.map;
    // The windows before the registers.
    vi.spyOn(Bus.prototype, 'map').mockImplementation(function (this: Bus, target, order) {
      const placed = honest.call(this, target, order);
      const windows = (this as unknown as { placed: unknown[] }).placed;
      windows.unshift(windows.pop());
      return placed;
    });
    expect(firstFind('pci')).toContain('the bridge is out of reach');
  });

  it('a controller that forgets an edge at the slave', () => {
    vi.spyOn(I8259Chip.prototype, 'slaveAcknowledged').mockImplementation(() => {});
    expect(firstFind('isa')).toMatch(/acknowledged|output of the i8259|read of/);
  });

  it('a counter that announces an edge late', () => {
    const honest = I8254Counter.prototype.nextEdge;
    vi.spyOn(I8254Counter.prototype, 'nextEdge').mockImplementation(function (this: I8254Counter, tick) {
      const edge = honest.call(this, tick);
      return edge === undefined ? undefined : edge + 1;
    });
    expect(firstFind('isa')).toContain('counter 0 puts out');
  });

  it('a clock that looks and does not wait', () => {
    vi.spyOn(RtcMc146818.prototype as unknown as { arm(): void }, 'arm').mockImplementation(() => {});
    expect(firstFind('isa')).toContain('IRQF is');
  });

  it('characters that are lost in a saved state', () => {
    const honest = SerialReceiver.prototype.restore;
    vi.spyOn(SerialReceiver.prototype, 'restore').mockImplementation(function (this: SerialReceiver, saved) {
      honest.call(this, saved);
      this.clear();
    });
    expect(firstFind('isa')).toContain('it ends otherwise');
  });
});
