// Signals that end a run: the first one is told, so that the terminal is restored and the verdict given; then the default is back, so that
// a second one ends tsvm at once.

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Returns what stops the listening. */
export function onEndingSignal(callback: (signal: EndingSignal) => void): () => void {
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, told);
  };
  const told = (signal: NodeJS.Signals): void => {
    stop();
    callback(signal as EndingSignal);
  };
  for (const signal of SIGNALS) process.on(signal, told);
  return stop;
}
