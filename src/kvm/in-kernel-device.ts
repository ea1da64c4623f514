// Devices that KVM keeps in the kernel: their MMIO is served without leaving the vCPU (counted as mmio_exit_kernel). Boards
// supply them; KVM_CREATE_IRQCHIP, KVM_CREATE_DEVICE and KVM_IRQ_LINE reach them.

/** What an in-kernel device does when the guest touches its window. Must not throw, whatever the guest does. */
export interface InKernelDevice {
  readonly name: string;
  /** Bytes of the MMIO window. */
  readonly size: number;
  /** A read by vCPU `vcpu`; the value is the number that the register's byte order gives. */
  read(offset: number, length: 1 | 2 | 4, vcpu: number): number;
  write(offset: number, length: 1 | 2 | 4, value: number, vcpu: number): void;
}

/** An in-kernel interrupt controller. */
export interface InKernelIrqchip extends InKernelDevice {
  /** KVM_IRQ_LINE. False when there is no such line. */
  setLine(irq: number, level: boolean): boolean;
  /** An input that only `vcpu` has (a PPI), as CPU timers and the like drive it. */
  setPrivateLine?(vcpu: number, irq: number, level: boolean): void;
  /** Can it raise KVM_INTERRUPT's `line` of `vcpu` as long as this vCPU itself does nothing? Yes, where this is left out. */
  canRaise?(vcpu: number, line: number): boolean;
}

/** Where an in-kernel device lies in guest-physical space, and the byte order of its registers. */
export interface InKernelWindow<T extends InKernelDevice = InKernelDevice> {
  readonly base: number;
  readonly order: 'little' | 'big';
  readonly device: T;
}
