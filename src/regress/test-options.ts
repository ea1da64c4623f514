// The options of a test, looked at before anything runs: types are not checked in test files, and an option that nobody knows would silently be
// none. Which there are: StartVmOptions (src/api/types.ts).
import type { TestOptions } from './define.ts';

/** What each option's value may be, by typeof; more than one where several are fine. */
const OPTIONS: { readonly [K in keyof Required<TestOptions>]: readonly string[] } = {
  kernel: ['string'],
  initrd: ['string'],
  memory: ['string', 'number'],
  cpus: ['string', 'number'],
  params: ['string'],
  name: ['string'],
  machine: ['string'],
  console: ['string'],
  seed: ['string', 'number'],
  rtc: ['string'],
  limit: ['string', 'number'],
  timeout: ['string', 'number'],
  nsPerInstruction: ['string', 'number'],
  engine: ['string'],
  symbols: ['string'],
  debugMmio: ['boolean'],
  loglevel: ['string'],
  virtio: ['string'],
  onOops: ['string'],
  agent: ['boolean'],
  exitLine: ['string'],
  virtioTransport: ['string'],
  cpuModel: ['string'],
  boot: ['string'],
  disk: ['string'],
  disks: ['object'],
  onConsole: ['function'],
  onFault: ['function'],
  log: ['object'],
  onTerminalRequest: ['function'],
  stat: ['boolean'],
  dumpDtb: ['string'],
  trace: ['function', 'object'],
  onRecord: ['function'],
  stopAtStart: ['boolean'],
  onWait: ['function'],
  faults: ['string'],
};

/** Words that people write who know the command line. */
const ELSEWHERE: Readonly<Record<string, keyof TestOptions>> = {
  mem: 'memory',
  cpu: 'cpus',
  append: 'params',
  cmdline: 'params',
};

/** @throws TypeError that names what is wrong */
export function checkOptions(test: string, options: TestOptions): void {
  const of = `test '${test}'`;
  if (typeof options !== 'object' || options === null) throw new TypeError(`${of}: the options must be an object`);
  if (typeof options.kernel !== 'string') throw new TypeError(`${of}: the option kernel must be a path`);
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, key)) throw new TypeError(`${of}: there is no option ${key}${advice(key)}`);
    const types = OPTIONS[key as keyof TestOptions];
    if (value !== undefined && !types.includes(typeof value))
      throw new TypeError(`${of}: the option ${key} must be a ${types.join(' or a ')}, not ${String(value)}`);
  }
  if (options.faults !== undefined && options.faults !== 'fail' && options.faults !== 'allow')
    throw new TypeError(`${of}: the option faults is 'fail' or 'allow', not '${String(options.faults)}'`);
}

function advice(key: string): string {
  const plain = key.toLowerCase().replaceAll(/[^a-z]/g, '');
  const alike = Object.keys(OPTIONS).find((name) => name.toLowerCase() === plain || near(name.toLowerCase(), plain));
  const meant = ELSEWHERE[key] ?? alike;
  return meant === undefined ? `; they are ${Object.keys(OPTIONS).join(', ')}` : `; did you mean ${meant}?`;
}

/** Are they the same but for one letter more, less or other? */
function near(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const [restA, restB] = [a.slice(at), b.slice(at)];
  return restA.slice(1) === restB || restA === restB.slice(1) || restA.slice(1) === restB.slice(1);
}
