// Trace events as one short line each, for tests that hold whole sequences.

import { expect } from 'vitest';
import type { TraceEvent, TracePlace } from '../../../src/kvm/trace.ts';
import { CODE, EBASE, GENERAL_VECTOR, Guest, MMIO, physical } from './guest.ts';
import { addiu, b, type Line, label, nop, t0, t1, zero } from './mips-words.ts';

/** kvm_exit reasons, as the kernel prints them (arch/mips/kvm/trace.h kvm_trace_symbol_exit_types). */
const REASONS: Readonly<Record<number, string>> = {
  1: 'TLB Mod',
  2: 'TLB Miss (LD)',
  3: 'TLB Miss (ST)',
  4: 'Address Error (LD)',
  5: 'Address Err (ST)',
  8: 'System Call',
  9: 'Break Inst',
  10: 'Reserved Inst',
  11: 'COP0/1 Unusable',
  13: 'Trap Inst',
  27: 'Guest Exit',
  32: 'WAIT',
  33: 'CACHE',
  34: 'Signal',
  64: 'GPSI',
  65: 'GSFC',
  66: 'HC',
};
const MMIO_TYPES = ['unsatisfied-read', 'read', 'write'];

/** Addresses in the code of the test are shown from its start, vectors by name; in KSEG0 of either machine type. */
function place(pc: number): string {
  const inCode = physical(pc) - physical(CODE);
  if (pc < EBASE) return `0x${pc.toString(16)}`;
  if (inCode >= 0 && inCode < 0x1000) return `+${inCode}`;
  if (physical(pc) === physical(EBASE)) return 'refill';
  return physical(pc) === physical(GENERAL_VECTOR) ? 'general' : `0x${pc.toString(16)}`;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

function line(event: TraceEvent): string {
  switch (event.event) {
    case 'kvm_enter':
    case 'kvm_reenter':
    case 'kvm_out':
      return `${event.event} ${place(event.pc)}`;
    case 'kvm_exit':
      return `kvm_exit ${place(event.pc)} ${REASONS[event.reason] ?? event.reason}`;
    case 'kvm_hwr':
      return `kvm_hwr ${event.op} ${hex(event.reg)} ${hex(event.val)}`;
    case 'kvm_asid_change':
      return `kvm_asid_change ${place(event.pc)} ${hex(event.old)} ${hex(event.new)}`;
    case 'kvm_mmio':
      return `kvm_mmio ${MMIO_TYPES[event.type] ?? event.type} ${event.len} ${hex(event.gpa)} ${hex(event.val)}`;
    case 'kvm_userspace_exit':
      return `kvm_userspace_exit ${event.reason} ${event.errno}`;
    case 'kvm_set_irq':
      return `kvm_set_irq ${event.gsi} ${event.level}`;
    default:
      return event.event;
  }
}

export interface Recording {
  readonly lines: string[];
  readonly places: TracePlace[];
}

/** Trace `guest` from now on. */
export function record(guest: Guest): Recording {
  const recording: Recording = { lines: [], places: [] };
  guest.vm.observe({
    stats: false,
    trace: {
      trace: (where, event) => {
        recording.lines.push(line(event));
        recording.places.push(where);
      },
    },
  });
  return recording;
}

export const idle = [label('idle'), addiu(zero, zero, 0), b('idle'), nop];

/** A guest with `code` and idle handlers; t1 = MMIO, t0 = `value`. */
export function guestWith(code: Line, value = 0x89abcdef): Guest {
  const guest = new Guest();
  guest.load([code, idle]);
  for (const vector of [EBASE, GENERAL_VECTOR]) guest.load(idle, vector);
  guest.setGpr(t0, value);
  guest.setGpr(t1, MMIO);
  return guest;
}

/** The events of one KVM_RUN of `instructions`. */
export function traced(guest: Guest, instructions: number): string[] {
  const { lines } = record(guest);
  guest.enter(instructions);
  return lines;
}

/**
 * The events of `instructions` between kvm_enter and the deadline. One more instruction runs: KVM that finds a signal when it has handled an
 * exit leaves without kvm_reenter.
 */
export function handled(code: Line, instructions: number, prepare: (guest: Guest) => void = () => {}): string[] {
  const guest = guestWith(code);
  prepare(guest);
  const lines = traced(guest, instructions + 1);
  expect(lines.at(0)).toMatch(/^kvm_enter \+0$/);
  expect(lines.slice(-3).map((event) => event.replace(/ (\+\w+|general|refill|0x\w+)/, ''))).toEqual([
    'kvm_exit Signal',
    'kvm_out',
    'kvm_userspace_exit 10 -4',
  ]);
  return lines.slice(1, -3);
}
