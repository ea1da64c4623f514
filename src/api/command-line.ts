// The command that reproduces a run, as one line for a POSIX shell.
import {
  DEFAULT_NS_PER_INSTRUCTION,
  DEFAULT_RTC,
  formatDisk,
  formatDuration,
  formatSize,
  type VmConfig,
} from '../vmm/config.ts';

export { parseDisk, parseDuration } from '../vmm/config.ts';

/** `machine` is the one that was chosen; everything that decides the result is spelled out, defaults of later versions being free. */
export function reproducingCommand(config: VmConfig, machine: string): string {
  const words = ['tsvm', 'run', '--machine', machine, '--mem', formatSize(config.memory)];
  words.push('--cpus', String(config.cpus), '--seed', String(config.seed));
  if (config.nsPerInstruction !== DEFAULT_NS_PER_INSTRUCTION)
    words.push('--ns-per-instruction', String(config.nsPerInstruction));
  if (config.console !== null) words.push('--console', config.console);
  if (config.virtio !== null) words.push('--virtio', config.virtio);
  if (config.virtioTransport !== null) words.push('--virtio-transport', config.virtioTransport);
  if (config.cpuModel !== null) words.push('--cpu-model', config.cpuModel);
  if (config.boot !== null) words.push('--boot', config.boot);
  // No engine decides the result, but lockstep may not come to its end.
  if (config.engine === 'lockstep') words.push('--engine', config.engine);
  if (config.rtc !== DEFAULT_RTC) words.push('--rtc', config.rtc);
  if (config.limit !== null) words.push('--limit', formatDuration(config.limit));
  if (config.timeout !== null) words.push('--timeout', formatDuration(config.timeout * 1e6));
  if (config.onOops !== 'note') words.push('--on-oops', config.onOops);
  if (config.exitLine !== null) words.push('--exit-line', config.exitLine);
  if (config.agent) words.push('--agent');
  if (config.initrd !== null) words.push('--initrd', config.initrd);
  for (const disk of config.disks) words.push('--disk', formatDisk(disk));
  if (config.symbols !== null) words.push('--symbols', config.symbols);
  if (config.params !== '') words.push('--params', config.params);
  // A path that starts with a dash must not be read as an option.
  words.push(config.kernel.startsWith('-') ? `./${config.kernel}` : config.kernel);
  return words.map(quoteWord).join(' ');
}

/** A word as a POSIX shell reads it back; control characters become $'...' escapes, so that no terminal is steered by them. */
export function quoteWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word.replace(/[\\']/g, '\\$&').replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `$'${escaped}'`;
}
