// table: loads and stores of one floating-point register (ARM DDI 0406C: A7.6, VLDR, VSTR). A doubleword is two words, the less significant one
// first unless data are big-endian.
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { requireVfp } from '../fp/access.ts';
import { PSR } from '../registers.ts';
import { DOUBLES, SINGLES, vfp } from './vfp-row.ts';

const isBigEndian = (e: ArmEmitter): I32 => e.isSet(e.cpsr(), PSR.E);

function loadDouble(e: ArmEmitter, address: I32): I64 {
  const first = e.load(32, address);
  const second = e.load(32, e.add(address, e.const(4)));
  const [low, high] = [e.select(isBigEndian(e), second, first), e.select(isBigEndian(e), first, second)];
  return e.or64(e.zext64(low), e.shl64(e.zext64(high), e.const64(32n)));
}

function storeDouble(e: ArmEmitter, address: I32, value: I64): void {
  const [low, high] = [e.low(value), e.high(value)];
  e.store(32, address, e.select(isBigEndian(e), high, low));
  e.store(32, e.add(address, e.const(4)), e.select(isBigEndian(e), low, high));
}

const offset = ({ u, imm8 = 0 }: RawFields): number => (u === 1 ? 4 : -4) * imm8;

/** The base is a general register or, where that would be R15, the PC aligned to words. */
const BASES = [
  { bits: 'rn:4', text: '{rn}', read: (e: ArmEmitter, rn: Operand): I32 => e.regAt(e.imm(rn)) },
  { bits: '1111', text: 'pc', read: (e: ArmEmitter): I32 => e.alignedPc() },
] as const;

const transfer = (
  mnemonic: 'vldr' | 'vstr',
  size: '1010' | '1011',
  run: (e: ArmEmitter, register: Operand, address: I32) => void,
): Row[] => {
  const register = size === '1010' ? 'sd' : 'dd';
  const number = size === '1010' ? SINGLES.sd : DOUBLES.dd;
  return BASES.flatMap(({ bits, text, read }) =>
    vfp<string, string>(
      mnemonic,
      `1101 u:1 d:1 0 ${mnemonic === 'vldr' ? '1' : '0'} ${bits} vd:4 ${size} imm8:8`,
      `{${register}}, [${text}{offset}]`,
      (e, fields: Readonly<Record<string, Operand>>) => {
        requireVfp(e);
        run(e, fields[register]!, e.add(read(e, fields.rn!), e.imm(fields.offset!)));
      },
      { derive: { [register]: number, offset } },
    ),
  );
};

export const VFP_MEMORY_ROWS: readonly Row[] = [
  ...transfer('vldr', '1010', (e, sd, address) => e.setS(sd, e.load(32, address))),
  ...transfer('vldr', '1011', (e, dd, address) => e.setD(dd, loadDouble(e, address))),
  ...transfer('vstr', '1010', (e, sd, address) => e.store(32, address, e.s(sd))),
  ...transfer('vstr', '1011', (e, dd, address) => storeDouble(e, address, e.d(dd))),
];
