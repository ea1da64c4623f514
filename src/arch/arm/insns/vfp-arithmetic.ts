// table: floating-point data processing (ARM DDI 0406C: A7.5): arithmetic, multiply-adds and comparisons, in both precisions. What they compute is in
// fp/. Short vectors are not there: with FPSCR.LEN or STRIDE set the instructions that would work on them are undefined.
import type { I32, I64 } from '../../../cpu/emit/values.ts';
import type { Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { requireScalarVfp, requireVfp } from '../fp/access.ts';
import { both, type Form, formed } from './vfp-row.ts';

/** d := f(n, m); `opcode` is bits 23, 21 and 20, and bit 6. */
const binary = (
  mnemonic: string,
  opcode: readonly [string, string, string],
  compute: <Bits extends I32 | I64>(e: ArmEmitter, form: Form<Bits>, n: Bits, m: Bits) => Bits,
): Row[] =>
  both((form) =>
    formed(
      form,
      mnemonic,
      `1110 ${opcode[0]} d:1 ${opcode[1]} vn:4 vd:4 SIZE n:1 ${opcode[2]} m:1 0 vm:4`,
      '{d}, {n}, {m}',
      (e, { d, n, m }) => {
        requireScalarVfp(e);
        form.write(e, d, compute(e, form, form.read(e, n), form.read(e, m)));
      },
    ),
  );

/** d := d or its negative, plus n * m or its negative; fused rounds once. */
const multiplyAdd = (
  mnemonic: string,
  opcode: readonly [string, string, string],
  { negateAddend, negateProduct, fused }: { negateAddend: boolean; negateProduct: boolean; fused: boolean },
): Row[] =>
  both((form) =>
    formed(
      form,
      mnemonic,
      `1110 ${opcode[0]} d:1 ${opcode[1]} vn:4 vd:4 SIZE n:1 ${opcode[2]} m:1 0 vm:4`,
      '{d}, {n}, {m}',
      (e, { d, n, m }) => {
        requireScalarVfp(e);
        const [x, y, old] = [form.read(e, n), form.read(e, m), form.read(e, d)];
        const addend = negateAddend ? form.negate(e, old) : old;
        const negatedIf = (value: typeof x): typeof x => (negateProduct ? form.negate(e, value) : value);
        const product = fused ? null : negatedIf(form.call(e, 'mul', x, y, e.fpscr()));
        const result = product
          ? form.call(e, 'add', addend, product, e.fpscr())
          : form.call(e, 'fma', addend, negatedIf(x), y, e.fpscr());
        form.write(e, d, result);
      },
    ),
  );

/** d := f(m); `opcode` is bits 19:16 and 7:6. */
const unary = (
  mnemonic: string,
  opcode: readonly [string, string],
  compute: <Bits extends I32 | I64>(e: ArmEmitter, form: Form<Bits>, m: Bits) => Bits,
): Row[] =>
  both((form) =>
    formed(
      form,
      mnemonic,
      `1110 1 d:1 11 ${opcode[0]} vd:4 SIZE ${opcode[1]} m:1 0 vm:4`,
      '{d}, {m}',
      (e, { d, m }) => {
        requireScalarVfp(e);
        form.write(e, d, compute(e, form, form.read(e, m)));
      },
    ),
  );

/** Compare d with m or, without, with zero. E: quiet NaNs are invalid too. */
const compare = (mnemonic: string, signaling: 0 | 1, withZero: boolean): Row[] =>
  both((form) =>
    formed(
      form,
      mnemonic,
      `1110 1 d:1 11 ${withZero ? '0101' : '0100'} vd:4 SIZE ${signaling} 1 ${withZero ? '000000' : 'm:1 0 vm:4'}`,
      withZero ? '{d}, #0' : '{d}, {m}',
      (e, { d, m }) => {
        requireVfp(e);
        const other = withZero ? form.zero(e) : form.read(e, m);
        form.callWord(e, 'compare', form.read(e, d), other, e.const(signaling), e.fpscr());
      },
    ),
  );

export const VFP_ARITHMETIC_ROWS: readonly Row[] = [
  ...multiplyAdd('vmla', ['0', '00', '0'], { negateAddend: false, negateProduct: false, fused: false }),
  ...multiplyAdd('vmls', ['0', '00', '1'], { negateAddend: false, negateProduct: true, fused: false }),
  ...multiplyAdd('vnmls', ['0', '01', '0'], { negateAddend: true, negateProduct: false, fused: false }),
  ...multiplyAdd('vnmla', ['0', '01', '1'], { negateAddend: true, negateProduct: true, fused: false }),
  ...binary('vmul', ['0', '10', '0'], (e, form, n, m) => form.call(e, 'mul', n, m, e.fpscr())),
  ...binary('vnmul', ['0', '10', '1'], (e, form, n, m) => form.negate(e, form.call(e, 'mul', n, m, e.fpscr()))),
  ...binary('vadd', ['0', '11', '0'], (e, form, n, m) => form.call(e, 'add', n, m, e.fpscr())),
  ...binary('vsub', ['0', '11', '1'], (e, form, n, m) => form.call(e, 'sub', n, m, e.fpscr())),
  ...binary('vdiv', ['1', '00', '0'], (e, form, n, m) => form.call(e, 'div', n, m, e.fpscr())),
  ...multiplyAdd('vfnms', ['1', '01', '0'], { negateAddend: true, negateProduct: false, fused: true }),
  ...multiplyAdd('vfnma', ['1', '01', '1'], { negateAddend: true, negateProduct: true, fused: true }),
  ...multiplyAdd('vfma', ['1', '10', '0'], { negateAddend: false, negateProduct: false, fused: true }),
  ...multiplyAdd('vfms', ['1', '10', '1'], { negateAddend: false, negateProduct: true, fused: true }),
  ...unary('vmov', ['0000', '01'], (_, __, m) => m),
  ...unary('vabs', ['0000', '11'], (e, form, m) => form.absolute(e, m)),
  ...unary('vneg', ['0001', '01'], (e, form, m) => form.negate(e, m)),
  ...unary('vsqrt', ['0001', '11'], (e, form, m) => form.call(e, 'sqrt', m, e.fpscr())),
  ...compare('vcmp', 0, false),
  ...compare('vcmpe', 1, false),
  ...compare('vcmp', 0, true),
  ...compare('vcmpe', 1, true),
];
