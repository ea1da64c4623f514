// One row of the interpreter as text: its statements lowered into a function of its own. What the surroundings decide (go on, jump, leave)
// shows as a call with that name.
import { mips32 } from '../../../src/arch/mips/index.ts';
import { Lowering, Temporaries } from '../../../src/cpu/emit/lower.ts';
import { expandRows, type Handler } from '../../../src/cpu/exec/handlers.ts';
import { GLOBAL, STATE_BASE, WORD } from '../../../src/cpu/exec/layout.ts';
import { type Callees, type Frame, InterpreterSemantics } from '../../../src/cpu/exec/semantics.ts';
import { type Banks, layOutBanks } from '../../../src/cpu/isa/register-file.ts';
import { printCode } from '../../../src/cpu/wasm/printer.ts';
import { FunctionWriter } from '../../../src/cpu/wasm/writer.ts';

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

export interface RowChoice {
  readonly mnemonic: string;
  /** Part of the pattern that tells rows of one mnemonic apart. */
  readonly pattern?: string;
  readonly endianness?: 'little' | 'big';
  readonly reach?: 'near' | 'far';
}

/** The row's pattern, its record, and its code. */
export function loweredRow({ mnemonic, pattern = '', endianness = 'little', reach = 'near' }: RowChoice): string {
  const architecture = mips32(endianness);
  const { banks } = layOutBanks(architecture.banks, STATE_BASE);
  const found = expandRows(architecture, banks).handlers.filter(
    ({ row, reach: r }) => row.mnemonic === mnemonic && row.patternText.includes(pattern) && r === reach,
  );
  const [handler] = found;
  if (!handler || found.length > 1) throw new Error(`${found.length} handlers are ${mnemonic} ${pattern} ${reach}`);
  const functions = new FunctionNames();
  const w = new FunctionWriter(['i32', 'i32']);
  const callees: Callees = {
    slowLoad: functions.index('slowLoad'),
    slowStore: functions.index('slowStore'),
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
  });
  semantics.begin(handler, frameOfCalls(w, functions));
  new Lowering(w, new Temporaries(w), semantics).run(handler.statements);
  semantics.finish();
  const code = printCode(w.code.bytes, {
    local: (index) => LOCALS[index],
    global: (index) => GLOBALS.find(([name, value]) => value === index && name !== 'COUNT')?.[0],
    function: (index) => functions.name(index),
    offset: (offset) => nameOf(offset, banks),
  });
  return `${heading(handler, endianness)}${code}`;
}

/** The engine word or register at a byte address. */
function nameOf(offset: number, banks: Banks): string | undefined {
  const word = Object.entries(WORD).find(([, at]) => at === offset);
  if (word) return word[0];
  const bank = Object.values(banks).find((b) => offset >= b.offset && offset < b.offset + b.count * b.size);
  if (!bank) return undefined;
  const index = (offset - bank.offset) / bank.size;
  return index === 0 ? bank.name : `${bank.name}[${index}]`;
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
