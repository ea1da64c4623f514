// Words on their way between memory and floating-point registers (VLDM, VSTM): bank fpStage, which the engine's loads and stores of many registers
// work on, so that all of them happen or none.
import type { Banks } from '../../../cpu/isa/register-file.ts';
import { add, loadAt, ltU, shl, type WasmFunction, xor } from '../../../cpu/wasm/code.ts';

/** (first word of the registers, words, 1: of each doubleword the more significant word comes first) -> 0. */
const copy = (banks: Banks, name: 'fpFromStage' | 'fpToStage'): WasmFunction => ({
  name,
  type: { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
  build(code) {
    const [first, words, swapped] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const [registers, stage] = [banks.s!.offset, banks.fpStage!.offset];
    const i = code.let(0);
    code.while(ltU(i, words), () => {
      const register = shl(add(first, i), 2);
      const staged = shl(xor(i, swapped), 2);
      if (name === 'fpFromStage') code.storeAt('i32.store', register, loadAt('i32.load', staged, stage), registers);
      else code.storeAt('i32.store', staged, loadAt('i32.load', register, registers), stage);
      code.set(i, add(i, 1));
    });
    code.return(0);
  },
});

export const stageFunctions = (banks: Banks): readonly WasmFunction[] => [
  copy(banks, 'fpFromStage'),
  copy(banks, 'fpToStage'),
];
