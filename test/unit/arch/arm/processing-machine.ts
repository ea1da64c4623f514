// One data-processing instruction at a time on the oracle's evaluator: with opaque operands, as the interpreter has them, or with the word's own, as
// compiled code has them.
import { CONDITION_ROUTINES } from '../../../../src/arch/arm/conditions.ts';
import { ArmEmitter } from '../../../../src/arch/arm/emitter.ts';
import { PROCESSING_A32_ROWS } from '../../../../src/arch/arm/insns/processing-a32.ts';
import { PROCESSING_T32_ROWS } from '../../../../src/arch/arm/insns/processing-t32.ts';
import { BANKS } from '../../../../src/arch/arm/registers.ts';
import type { Operand, Statement } from '../../../../src/cpu/emit/values.ts';
import { Decoder } from '../../../../src/cpu/isa/decoder.ts';
import { type RawFields, type Row, rawFields } from '../../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { type Activation, type Memory, StatementRunner } from '../../../support/arm/evaluator.ts';
import { instantiate } from '../../../support/arm/functions.ts';

const NARROW = PROCESSING_T32_ROWS.filter((row) => row.pattern.width === 16);
const WIDE = PROCESSING_T32_ROWS.filter((row) => row.pattern.width === 32);
export const ROWS = { a32: PROCESSING_A32_ROWS, narrow: NARROW, wide: WIDE } as const;
export type Encoding = keyof typeof ROWS;
const DECODERS = { a32: new Decoder(ROWS.a32), narrow: new Decoder(NARROW), wide: new Decoder(WIDE) };

export function decode(encoding: Encoding, word: number): Row | undefined {
  return DECODERS[encoding].decode(word);
}

const STATE_BASE = 64;
const NO_MEMORY: Memory = {
  load: () => {
    throw new Error('data processing loads');
  },
  store: () => {
    throw new Error('data processing stores');
  },
};

/** Where an instruction went: to an address, or it is undefined. */
export type Outcome = number | 'undefined';

export class ProcessingMachine {
  /** Has the last instruction branched? */
  branched = false;
  private readonly banks = layOutBanks(BANKS, STATE_BASE, 16).banks;
  private readonly functions = instantiate(this.banks);
  private readonly state = new DataView(this.functions.memory.buffer);
  private readonly runner = new StatementRunner(this.banks, this.state, NO_MEMORY, this.functions.call);

  constructor() {
    for (const { name, build } of CONDITION_ROUTINES) {
      const emitter = new ArmEmitter(this.banks);
      build(emitter);
      this.runner.define(name, emitter.statements);
    }
  }

  /** The registers of a bank. */
  bank(name: string): Int32Array {
    const { offset, count } = this.banks[name]!;
    return new Int32Array(this.state.buffer, offset, count);
  }

  /** Execute one instruction; `known`: with its operands as constants. */
  run(encoding: Encoding, word: number, pc: number, known: boolean): Outcome {
    const decoded = decode(encoding, word);
    if (!decoded) return 'undefined';
    const fields = rawFields(decoded, word);
    const row = decoded.variants?.pick(fields, this.bank('it')[0]!) ?? decoded;
    const size = row.pattern.width / 8;
    const start = { before: null, depth: 0, parameters: [], results: [], target: null, returned: null };
    const activation: Activation = { ...start, fields, pc, size };
    try {
      this.runner.begin(activation);
      this.runner.compile(this.statements(row, fields, known))(activation);
    } catch (error) {
      if (this.runner.trapOf(error) === null) throw error;
      return 'undefined';
    }
    this.branched = activation.target !== null;
    return activation.target ?? pc + size;
  }

  private statements(row: Row, raw: RawFields, known: boolean): readonly Statement[] {
    const e = new ArmEmitter(this.banks);
    const fields = Object.keys(raw).map((name) => {
      const node = known ? e.const(raw[name]!) : { op: 'field', type: 'i32', name };
      return [name, node as unknown as Operand] as const;
    });
    row.build(e, Object.fromEntries(fields));
    return e.statements;
  }
}
