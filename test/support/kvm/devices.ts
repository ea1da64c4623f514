// In-kernel devices that remember what the guest did to them, and do what a test says meanwhile.
import type { InKernelDevice, InKernelIrqchip } from '../../../src/kvm/in-kernel-device.ts';

export interface DeviceAccess {
  readonly kind: 'read' | 'write';
  readonly offset: number;
  readonly length: number;
  /** What was written, or answered. */
  readonly value: number;
  readonly vcpu: number;
}

export interface DeviceActions {
  readonly size?: number;
  readonly read?: (offset: number, vcpu: number) => number;
  readonly write?: (offset: number, value: number, vcpu: number) => void;
}

export class RecordingDevice implements InKernelDevice {
  readonly name: string = 'recording-device';
  readonly size: number;
  readonly accesses: DeviceAccess[] = [];
  private readonly actions: DeviceActions;

  constructor(actions: DeviceActions = {}) {
    this.size = actions.size ?? 0x1000;
    this.actions = actions;
  }

  read(offset: number, length: 1 | 2 | 4, vcpu: number): number {
    const value = this.actions.read?.(offset, vcpu) ?? 0;
    this.accesses.push({ kind: 'read', offset, length, value, vcpu });
    return value;
  }

  write(offset: number, length: 1 | 2 | 4, value: number, vcpu: number): void {
    this.accesses.push({ kind: 'write', offset, length, value, vcpu });
    this.actions.write?.(offset, value, vcpu);
  }
}

/** An interrupt controller with lines 9 to 63 that remembers their levels. */
export class RecordingIrqchip extends RecordingDevice implements InKernelIrqchip {
  override readonly name = 'recording-irqchip';
  readonly lines = new Map<number, boolean>();

  setLine(irq: number, level: boolean): boolean {
    if (irq >= 64) return false;
    this.lines.set(irq, level);
    return true;
  }
}
