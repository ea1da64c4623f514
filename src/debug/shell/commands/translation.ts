// Commands for address translation: walk, tlb, map.
import { hex } from '../../../util/bits.ts';
import { printable } from '../../../util/format.ts';
import type { ShellCommand } from '../command.ts';
import { completePlace } from '../completion.ts';
import { span, table } from '../text.ts';

const ACCESSES = ['read', 'write', 'fetch'] as const;

const walkCommand: ShellCommand = {
  name: 'walk',
  aliases: ['translate', 'v2p'],
  family: 'looking',
  usage: 'walk ADDR [read|write|fetch]',
  summary: 'each step of the translation of an address, for an access of the mode that the vCPU is in',
  examples: ['walk $sp', 'walk 0x00400000 write', 'walk $pc fetch'],
  complete: (session, before, word) => (before.length === 0 ? completePlace(session, word) : ACCESSES),
  run(session, args) {
    const place = session.evaluate(args.need('an address'));
    if (place.space === 'physical') throw args.refuse('a physical address is not translated');
    const access = args.takeIf(...ACCESSES) ?? 'read';
    args.done();
    const { target, cpu } = session;
    const { steps, translation, fault } = target.view.walk(cpu, place.address, access);
    const head = `${access} of ${session.named(place.address)}, cpu${cpu.id} ${target.view.mode(cpu)}`;
    const lines = table(steps.map(({ what, text }) => [`  ${what}`, printable(text)]));
    if (translation.outcome === 'fault')
      return [head, ...lines, `  -> guest exception: ${fault ?? `trap ${translation.trap}`}`];
    if (translation.outcome === 'nothing')
      return [head, ...lines, `  -> nothing${fault === undefined ? '' : `: ${fault}`}`];
    const { physical } = translation;
    const range = target.memoryMap().find(({ base, size }) => physical >= base && physical - base < size);
    const inside = range ? `${printable(range.name)}+${hex(physical - range.base, 1)}` : 'where nothing is';
    return [head, ...lines, `  -> physical ${hex(physical)}, ${inside}`];
  },
};

const tlbCommand: ShellCommand = {
  name: 'tlb',
  family: 'looking',
  usage: 'tlb',
  summary: 'the valid entries of the TLB of the selected vCPU',
  examples: ['tlb'],
  run(session, args) {
    args.done();
    const lines = session.target.view.tlb(session.cpu);
    return lines.length === 0 ? ['no valid entry'] : lines.map(printable);
  },
};

const mapCommand: ShellCommand = {
  name: 'map',
  aliases: ['mtree'],
  family: 'machine',
  usage: 'map',
  summary: 'what is where in guest-physical memory',
  examples: ['map'],
  run(session, args) {
    args.done();
    const ranges = [...session.target.memoryMap()].sort((left, right) => left.base - right.base);
    return table(ranges.map(({ base, size, kind, name }) => [span(base, size), kind, printable(name)]));
  },
};

export const translationCommands: readonly ShellCommand[] = [walkCommand, tlbCommand, mapCommand];
