// One row of the interpreter as text.
import { mips32 } from '../../../src/arch/mips/index.ts';
import { printHandler } from '../../../src/cpu/exec/handler-text.ts';
import { expandRows } from '../../../src/cpu/exec/handlers.ts';
import { STATE_BASE } from '../../../src/cpu/exec/layout.ts';
import { layOutBanks } from '../../../src/cpu/isa/register-file.ts';

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
  return printHandler(architecture, banks, handler, endianness);
}
