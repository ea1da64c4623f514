// Signals that end a run: the first one is told, so that the terminal is restored and the verdict given; then the default is back, so that
// a second one ends tsvm at once.

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT';

const SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Returns what stops the listening. */
export function onEndingSignal(callback: (signal: EndingSignal) => void): () => void {
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, told);
    process.off('SIGUSR1', ignore);
  };
  // Node's answer to SIGUSR1 is to open its inspector, in the middle of a guest's session.
  const ignore = (): void => {};
  const told = (signal: NodeJS.Signals): void => {
    stop();
    callback(signal as EndingSignal);
  };
  for (const signal of SIGNALS) process.on(signal, told);
  process.on('SIGUSR1', ignore);
  return stop;
}
