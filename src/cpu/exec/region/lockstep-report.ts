// What to say when lockstep has found a difference: the shortest run of the region that shows it, the instructions executed in it, the region, the
// operations of those instructions, and the region's code.
import { EnginesDiffer } from '../../../kvm/errors.ts';
import { Disassembler } from '../../isa/disassembler.ts';
import { DESCRIPTOR } from '../layout.ts';
import type { Program } from '../program.ts';
import type { RegionSource } from './cache.ts';
import { printDifferences } from './differences.ts';
import { instructionsOf } from './graph.ts';
import type { Finding, Lockstep } from './lockstep.ts';
import { instructionLine, printFlow, printInstruction, printLoops, printRegionCode, type Writing } from './print.ts';

/** Differences shown in the verdict; the report has all. */
const SHOWN = 6;
/** Executed instructions shown. */
const MOST_EXECUTED = 200;

export interface Reported {
  readonly program: Program;
  readonly i32: Int32Array;
  readonly active: number;
  readonly pc: number;
  readonly clock: { readonly instructions: number };
  readonly regions: { sourceOf(slot: number): RegionSource | null } | null;
  fetchWord(address: number): number | undefined;
}

/** Narrow the finding down, and make the error. The vCPU is then before the region again, where that is possible. */
export function explainDifference(lockstep: Lockstep, found: Finding, core: Reported): EnginesDiffer {
  const { finding, equal } = found.final ? { finding: found, equal: 0 } : narrow(lockstep, found, core);
  const executed = finding.final ? [] : executedPcs(lockstep, finding, equal, core);
  const { entry, count, differences, problem } = finding;
  const where = `cpu${core.active}, region at ${hex(entry)}, after ${found.instructions} instructions`;
  const table = printDifferences(differences);
  const details = [
    where,
    `the region executed ${count} instructions; ${equal} of them give equal states`,
    ...(problem === null ? [] : [problem]),
    ...table.slice(0, SHOWN),
    ...(table.length > SHOWN ? [`${table.length - SHOWN} more in the report`] : []),
  ];
  const what = problem ?? differences.map((difference) => difference.what).join(', ');
  const report = [
    'THE ENGINES DIFFER',
    where,
    `The region was allowed ${finding.budget} instructions and executed ${count}; ${equal} of them give equal states.`,
    ...(problem === null ? [] : [problem]),
    '',
    'Differences',
    ...table,
    '',
    ...reportRegion(finding, executed, core),
  ];
  return new EnginesDiffer(`the engines differ: ${shorten(what)}`, details, `${report.join('\n')}\n`);
}

/** The smallest budget that shows a difference, and how many instructions the largest one without it executes. */
function narrow(lockstep: Lockstep, found: Finding, core: Reported): { finding: Finding; equal: number } {
  let finding = found;
  let [good, equal] = [0, 0];
  lockstep.rewind();
  while (finding.budget - good > 1) {
    const budget = (good + finding.budget) >>> 1;
    const smaller = lockstep.execute(found.descriptor, budget);
    if (smaller) finding = smaller;
    else {
      good = budget;
      equal = core.clock.instructions - found.instructions;
    }
    if (smaller?.final) return { finding, equal };
    lockstep.rewind();
  }
  return { finding, equal };
}

/** Where the interpreter's instructions are after the first `equal` ones, up to as many as the region has executed. */
function executedPcs(lockstep: Lockstep, { count }: Finding, equal: number, core: Reported): number[] {
  const pcs: number[] = [];
  for (let done = 0; done < count; ) {
    const { pc } = core;
    const steps = lockstep.interpretOne();
    // A step of several instructions is a branch and its slot.
    if (done >= equal && pcs.length < MOST_EXECUTED) for (let i = 0; i < Math.max(1, steps); i++) pcs.push(pc + 4 * i);
    if (steps === 0) break;
    done += steps;
  }
  return pcs;
}

function reportRegion({ descriptor }: Finding, executed: readonly number[], core: Reported): string[] {
  const { architecture, banks } = core.program;
  const writing: Writing = {
    disassembler: new Disassembler(architecture.rows, architecture.syntax),
    symbolize: () => null,
  };
  const source = core.regions?.sourceOf(core.i32[(descriptor + DESCRIPTOR.FUNCTION) >>> 2]!);
  const block = core.i32[(descriptor + DESCRIPTOR.BLOCK) >>> 2]!;
  const instructions = new Map(source ? source.flow.blocks.flatMap(instructionsOf).map((at) => [at.pc >>> 0, at]) : []);
  const line = (pc: number): string => {
    const word = instructions.get(pc >>> 0)?.word ?? core.fetchWord(pc);
    return word === undefined ? hex(pc) : instructionLine(pc, word, writing);
  };
  const concerned = [...new Set(executed)].flatMap((pc) => instructions.get(pc >>> 0) ?? []);
  const text = [
    'Executed by the interpreter from the last equal state on',
    ...executed.map(line),
    '',
    'What these instructions do',
    ...concerned.flatMap((at) => [line(at.pc), ...printInstruction(at).map((operation) => `    ${operation}`)]),
    '',
  ];
  if (!source) return [...text, 'The region has gone.'];
  return [
    ...text,
    `The region, entered at block ${block}`,
    ...printFlow(source.flow, writing, false),
    '',
    'Its loops',
    ...printLoops(source.flow),
    '',
    'Its function',
    printRegionCode(source.body, source.imports, banks),
  ];
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}
