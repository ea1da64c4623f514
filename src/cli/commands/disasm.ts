// `tsvm disasm`: a kernel's code, what its instructions do, and what compiled code would be made from it.
import { type Command, Option } from 'commander';
import { TsvmError } from '../../util/errors.ts';
import type { CommandSpec } from '../command.ts';

const EPILOGUE = `
A place is an address in hexadecimal, a symbol, or SYMBOL+0x10. A symbol alone means all of it, another place one instruction; FROM..TO ends
before TO, FROM..+8 is eight instructions.

Examples:
  tsvm disasm vmlinux kernel_entry
  tsvm disasm vmlinux memcpy+0x20..+4 --ops
  tsvm disasm vmlinux strlen --region --wasm`;

const OPTIONS: readonly (readonly [flags: string, help: string])[] = [
  ['--ops', 'the row that each instruction is, its fields, and the operations it stands for'],
  ['--region', 'the region that would be compiled from the place: blocks, edges, entries, loops'],
  ['--wasm', "WebAssembly text: of the interpreter's handlers or, with --region, of the region's function"],
  ['--symbols <file>', 'ELF or System.map with the symbols of a stripped kernel'],
];

export const disasmCommand: CommandSpec = {
  name: 'disasm',
  args: '[kernel] [place]',
  summary: "show a kernel's code, and what becomes of it",
  epilogue: EPILOGUE,
  addOptions(command: Command) {
    for (const [flags, help] of OPTIONS) command.addOption(new Option(flags, help));
  },
  async run(cli, [kernel, where], options) {
    if (kernel === undefined || where === undefined)
      throw new TsvmError('usage', `disasm: no ${kernel === undefined ? 'kernel' : 'place'} was given`, {
        next: 'try: tsvm disasm KERNEL SYMBOL, or tsvm help disasm',
      });
    const { disassemble } = await cli.loadApi();
    const text = await disassemble({
      kernel,
      where,
      symbols: typeof options.symbols === 'string' ? options.symbols : undefined,
      operations: options.ops === true,
      wasm: options.wasm === true,
      region: options.region === true,
    });
    cli.stdout.write(text);
    return 0;
  },
};
