// The interpreter's handler of a row as text: its statements lowered into a function of its own. What the surroundings decide (go on, jump, leave)
// shows as a call with that name.
import { Lowering, Temporaries } from '../emit/lower.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import type { Banks } from '../isa/register-file.ts';
import { printCode } from '../wasm/printer.ts';
import { FunctionWriter } from '../wasm/writer.ts';
import type { Handler } from './handlers.ts';
import { GLOBAL } from './layout.ts';
import { placeName } from './names.ts';
import { InterpreterSemantics } from './semantics.ts';
import type { Callees, Frame } from './semantics-frame.ts';

const LOCALS = ['ip', 'nip', 'scratch', 'target'];
const GLOBALS = Object.entries(GLOBAL);

/** Function indices stand for names, handed out as they come up. */
class FunctionNames {
  private readonly names: string[] = [];

  index(name: string): number {
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }

  name(index: number): string | undefined {
    return this.names[index];
  }
}

/** The handler's pattern, its record, and its code. */
export function printHandler(
  architecture: ArchitectureDefinition,
  banks: Banks,
  handler: Handler,
  endianness: 'little' | 'big',
): string {
  const functions = new FunctionNames();
  const w = new FunctionWriter(['i32', 'i32']);
  const callees: Callees = {
    slowLoad: functions.index('slowLoad'),
    slowStore: functions.index('slowStore'),
    slowFetch: functions.index('slowFetch'),
    helper: functions.index('helper'),
    event: functions.index('event'),
    routine: (name) => functions.index(name),
    helperNumber: (name) => architecture.helpers.indexOf(name),
    eventNumber: (name) => architecture.events.indexOf(name),
  };
  const semantics = new InterpreterSemantics(w, {
    banks,
    callees,
    bigEndian: endianness === 'big',
    observing: false,
    logStores: false,
    branchInSlot: architecture.reservedInstruction,
    delaySlots: architecture.delaySlots,
    firstInside: Number.POSITIVE_INFINITY,
  });
  semantics.begin(handler, frameOfCalls(w, functions));
  new Lowering(w, new Temporaries(w), semantics).run(handler.statements);
  semantics.finish();
  const code = printCode(w.code.bytes, {
    local: (index) => LOCALS[index],
    global: (index) => GLOBALS.find(([name, value]) => value === index && name !== 'COUNT')?.[0],
    function: (index) => functions.name(index),
    offset: (offset) => placeName(offset, banks),
  });
  return `${heading(handler, endianness)}${code}`;
}

function frameOfCalls(w: FunctionWriter, functions: FunctionNames): Frame {
  const call = (name: string) => (): void => {
    w.call(functions.index(name));
  };
  return {
    ip: 0,
    nip: 1,
    pushTables: call('tables'),
    saveLeft: call('saveLeft'),
    loadLeft: call('loadLeft'),
    next: call('next'),
    again: call('again'),
    jump: (target) => {
      w.get(target).call(functions.index('jump'));
    },
    fault: call('fault'),
  };
}

function heading({ row, reach, slots }: Handler, endianness: string): string {
  const record = slots.map(({ name, kind, at, bytes }) => `${name} (${kind}) u${8 * bytes} at ${at}`);
  return [
    `;; ${row.mnemonic} "${row.patternText}", ${endianness} endian, ${reach}`,
    `;; record: ${record.length === 0 ? 'nothing' : record.join(', ')}`,
    '',
  ].join('\n');
}
