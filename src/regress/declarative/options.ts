// table: the options of a test's VM in a test file, under the names of the library (src/vmm/config.ts).
import type { VmConfigInput } from '../../api/index.ts';
import type { TestOptions } from '../define.ts';
import { flag, list, oneOf, type Reader } from './reader.ts';
import { option } from './values.ts';

/** Every option that is plain data; `name` is the test's. */
type Declarable = Omit<Pick<TestOptions, keyof VmConfigInput | 'faults'>, 'name'>;

export const OPTIONS: { readonly [K in keyof Required<Declarable>]: Reader<Required<Declarable>[K]> } = {
  kernel: option('kernel'),
  initrd: option('initrd'),
  disk: option('disk'),
  disks: list(option('disk')),
  memory: option('memory'),
  cpus: option('cpus'),
  params: option('params'),
  machine: option('machine'),
  cpuModel: option('cpuModel'),
  boot: option('boot'),
  console: option('console'),
  virtio: option('virtio'),
  virtioTransport: option('virtioTransport'),
  symbols: option('symbols'),
  seed: option('seed'),
  rtc: option('rtc'),
  nsPerInstruction: option('nsPerInstruction'),
  engine: option('engine'),
  limit: option('limit'),
  timeout: option('timeout'),
  exitLine: option('exitLine'),
  onOops: option('onOops'),
  faults: oneOf(['fail', 'allow']),
  agent: flag,
  loglevel: option('loglevel'),
  debugMmio: flag,
};
