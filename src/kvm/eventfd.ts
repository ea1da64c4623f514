// An eventfd (eventfd(2)) as KVM_IOEVENTFD uses it: a counter that signals add to, and a listener in place of poll(2).

export class EventFd {
  private count = 0;
  private readonly onSignal: () => void;

  /** `onSignal` is called at each signal, while the guest's store that made it is being executed. */
  constructor(onSignal: () => void = () => {}) {
    this.onSignal = onSignal;
  }

  /** Add 1 to the counter. */
  signal(): void {
    this.count++;
    this.onSignal();
  }

  /** read(2): the counter, which becomes 0. */
  read(): number {
    const { count } = this;
    this.count = 0;
    return count;
  }
}
