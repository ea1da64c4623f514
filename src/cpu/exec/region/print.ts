// A region as text: its blocks with their instructions and edges, the loops they form, and its function.
import { printStatements } from '../../emit/printer.ts';
import type { Disassembler } from '../../isa/disassembler.ts';
import type { Banks } from '../../isa/register-file.ts';
import { printCode } from '../../wasm/printer.ts';
import type { FunctionWriter } from '../../wasm/writer.ts';
import { placeName } from '../names.ts';
import { type Block, type Edge, type Flow, instructionsOf } from './graph.ts';
import type { RegionInstruction } from './instruction.ts';
import { type Level, structureFlow } from './structure.ts';

const PARAMETERS = ['block', 'left', 'tables', 'depth'];
const INDENT = '  ';
/** Constants beyond this are addresses, or read better in hexadecimal. */
const LARGE = 0xffff;

/** How addresses and instructions are written. */
export interface Writing {
  readonly disassembler: Disassembler;
  /** `name+0x10`, or null. */
  symbolize(address: number): string | null;
}

/**
 * `0x80100004  27bdffe0  addiu $sp, $sp, -32`. With bit 0 of the pc set, of one halfword, or two, which may stand in a block with the state `block`.
 */
export function instructionLine(pc: number, word: number, { disassembler }: Writing, block = 0): string {
  const digits = (pc & 1) !== 0 && word >>> 16 === 0 ? 4 : 8;
  const code = (word >>> 0).toString(16).padStart(digits, '0').padEnd(8);
  return `${codeAddress(pc)}  ${code}  ${disassembler.disassemble(word, pc, block)}`;
}

/** An address with its symbol, when it has one. */
export function place(pc: number, { symbolize }: Writing): string {
  const symbol = symbolize((pc & ~1) >>> 0);
  return symbol === null ? codeAddress(pc) : `${codeAddress(pc)} <${symbol}>`;
}

/** Without the bit of a pc that says which instruction set follows. */
function codeAddress(pc: number): string {
  return address(pc & ~1);
}

function address(pc: number): string {
  return `0x${(pc >>> 0).toString(16).padStart(8, '0')}`;
}

/** What an instruction does in a region: what makes it leave first, then its operations. */
export function printInstruction({ guards, statements }: RegionInstruction): string[] {
  const leaves = guards.map((condition) => ({ kind: 'when', condition, body: [] }) as const);
  return [
    ...printStatements(leaves)
      .filter((line) => line !== '}')
      .map((line) => line.replace(/^when (.*) \{$/, 'leave when $1')),
    ...printStatements(statements),
  ];
}

/** Blocks in their order, `operations` with what each instruction does. */
export function printFlow(flow: Flow, writing: Writing, operations: boolean): string[] {
  const headers = loopHeaders(structureFlow(flow));
  return flow.blocks.flatMap((block) => printBlock(block, flow, headers, writing, operations));
}

function printBlock(
  block: Block,
  flow: Flow,
  headers: ReadonlySet<Block>,
  writing: Writing,
  operations: boolean,
): string[] {
  const notes = [
    flow.entries.includes(block) ? 'entry' : '',
    headers.has(block) ? 'loop header' : '',
    block.context === 0 ? '' : `inlined call ${block.context}`,
    `${block.length} counted`,
  ].filter((note) => note !== '');
  const lines = instructionsOf(block).flatMap((instruction) => [
    `${INDENT}${instructionLine(instruction.pc, instruction.word, writing, instruction.block)}`,
    ...(operations ? printInstruction(instruction).map((line) => `${INDENT.repeat(6)}${line}`) : []),
  ]);
  return [
    `block ${block.number} at ${place(block.pc, writing)} (${notes.join(', ')})`,
    ...lines,
    ...printEnd(block, writing).map((line) => `${INDENT}-> ${line}`),
  ];
}

function printEnd({ end }: Block, writing: Writing): string[] {
  const edge = ({ pc, to }: Edge): string =>
    to ? `block ${to.number} at ${place(pc, writing)}` : `out, to ${place(pc, writing)}`;
  if (end.kind === 'goto') return [edge(end.edge)];
  if (end.kind === 'last') return ['out: the last instruction'];
  if (end.kind === 'choice')
    return [
      `both ways are computed, ${end.taken.length} counted when taken, else ${end.otherwise.length}`,
      edge(end.edge),
    ];
  const { taken, otherwise, likely, resume } = end;
  return [
    ...(taken ? [`taken: ${edge(taken)}`] : []),
    ...likely.map((to) => `likely: ${edge(to)}`),
    ...(taken ? [] : [`${likely.length > 0 ? 'else ' : ''}out, to where the register says`]),
    ...(resume?.to ? [`back from the call: ${edge(resume)}`] : []),
    ...(otherwise ? [`not taken: ${edge(otherwise)}`] : []),
  ];
}

function loopHeaders(level: Level): ReadonlySet<Block> {
  const headers = new Set<Block>();
  const visit = ({ items }: Level): void => {
    for (const item of items) {
      if (item.kind !== 'loop') continue;
      for (const header of item.headers) headers.add(header);
      visit(item.body);
    }
  };
  visit(level);
  return headers;
}

/** The loops as the function nests them. */
export function printLoops(flow: Flow): string[] {
  const numbers = (blocks: Iterable<Block>): string => [...blocks].map(({ number }) => number).join(' ');
  const visit = ({ items }: Level, depth: number): string[] =>
    items.flatMap((item) =>
      item.kind === 'block'
        ? [`${INDENT.repeat(depth)}block ${item.block.number}`]
        : [
            `${INDENT.repeat(depth)}loop, header ${numbers(item.headers)}, entered at ${numbers(item.body.entries)}`,
            ...visit(item.body, depth + 1),
          ],
    );
  return visit(structureFlow(flow), 0);
}

/** The region's function as WebAssembly text; `imports` are the names of what it calls. */
export function printRegionCode(body: FunctionWriter, imports: readonly string[], banks: Banks): string {
  return printCode(body.code.bytes, {
    local: (index) => PARAMETERS[index] ?? body.localNames[index - PARAMETERS.length],
    function: (index) => imports[index],
    constant: (value) => (value > LARGE || value < -LARGE ? address(Number(value)) : undefined),
    offset: (offset) => placeName(offset, banks),
  });
}
