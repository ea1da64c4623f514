// Doublewords in memory by the byte order of data: VLDR, VSTR, VLDM and VSTM take them as two words, which the memory system swaps one by one.
import { describe, expect, it } from 'vitest';
import { ArmEmitter } from '../../../../src/arch/arm/emitter.ts';
import { FPEXC_EN } from '../../../../src/arch/arm/fp/access.ts';
import { VFP_ROWS } from '../../../../src/arch/arm/insns/vfp.ts';
import { BANKS, CP15, MODE, PSR } from '../../../../src/arch/arm/registers.ts';
import { Decoders } from '../../../../src/cpu/isa/decoder.ts';
import { rawFields } from '../../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { StatementRunner } from '../../../support/arm/evaluator.ts';
import { instantiate } from '../../../support/arm/functions.ts';

const decoder = new Decoders(VFP_ROWS, true).words;
const [FIRST, SECOND] = [0x01020304, 0x05060708];
const BASE = 0x1000;

/** Registers and words after one instruction of A32, R0 pointing to memory that begins with FIRST and SECOND; D18 = 2 to the power of 40, and 3. */
function run(word: number, bigEndian: boolean): { d18: bigint; words: readonly number[]; r0: number } {
  const banks = layOutBanks(BANKS, 64, 16).banks;
  const functions = instantiate(banks);
  const state = new DataView(functions.memory.buffer);
  const words = [FIRST, SECOND];
  const memory = {
    load: (_width: number, _signed: boolean, address: number): number => words[(address - BASE) / 4]!,
    store: (_width: number, address: number, value: number): void => {
      words[(address - BASE) / 4] = value >>> 0;
    },
  };
  const put = (bank: string, index: number, value: number): void =>
    state.setInt32(banks[bank]!.offset + 4 * index, value, true);
  put('cpsr', 0, MODE.USR | (bigEndian ? PSR.E : 0));
  put('cp15', CP15.CPACR, 0x00f00000);
  put('fpexc', 0, FPEXC_EN);
  put('gpr', 0, BASE);
  state.setBigUint64(banks.d!.offset + 8 * 18, (1n << 40n) | 3n, true);

  const row = decoder.decode(word)!;
  const fields = rawFields(row, word);
  const form = row.variants?.pick(fields, 0) ?? row;
  const emitter = new ArmEmitter(banks);
  const operands = Object.keys(fields).map((name) => [name, { op: 'field', type: 'i32', name } as unknown as number]);
  form.build(emitter, Object.fromEntries(operands));
  const runner = new StatementRunner(banks, state, memory, functions.call);
  const activation = {
    ...{ before: null, depth: 0, fields, parameters: [], pc: 0, size: 4, results: [], target: null, returned: null },
  };
  runner.begin(activation);
  runner.compile(emitter.statements)(activation);
  return {
    d18: state.getBigUint64(banks.d!.offset + 8 * 18, true),
    words,
    r0: state.getInt32(banks.gpr!.offset, true),
  };
}

const VLDR_D18 = 0xedd02b00;
const VSTR_D18 = 0xedc02b00;
/** One doubleword, R0 written back. */
const VLDM_D18 = 0xecf02b02;
const VSTM_D18 = 0xece02b02;

describe('a doubleword', () => {
  it('is loaded with its less significant word first, or last', () => {
    expect(run(VLDR_D18, false).d18).toBe(0x0506070801020304n);
    expect(run(VLDR_D18, true).d18).toBe(0x0102030405060708n);
    expect(run(VLDM_D18, false)).toMatchObject({ d18: 0x0506070801020304n, r0: BASE + 8 });
    expect(run(VLDM_D18, true).d18).toBe(0x0102030405060708n);
  });

  it('is stored so', () => {
    expect(run(VSTR_D18, false).words).toEqual([3, 1 << 8]);
    expect(run(VSTR_D18, true).words).toEqual([1 << 8, 3]);
    expect(run(VSTM_D18, false)).toMatchObject({ words: [3, 1 << 8], r0: BASE + 8 });
    expect(run(VSTM_D18, true).words).toEqual([1 << 8, 3]);
  });
});
