// What `why` says of an exception: the instruction with its operands, what the translation or the CPU says, and the likely cause.
import type { DebuggedCpu, ExceptionReport, ExplainContext, TakenException } from '../../../cpu/isa/debug-view.ts';
import { exceptionName, isFault, isMemoryException } from './exceptions.ts';
import { explainInstruction } from './explain-instruction.ts';
import { explainMemory } from './explain-memory.ts';
import { register32 } from './registers.ts';
import { type Explanation, handlerProblem, instructionAt, place, type Scene, sceneOf } from './scene.ts';

export function explain(
  cpu: DebuggedCpu,
  exception: TakenException,
  isLatest: boolean,
  context: ExplainContext,
): ExceptionReport {
  const scene = sceneOf(cpu, exception, isLatest, context);
  const explanation = isMemoryException(exception) ? explainMemory(scene) : explainInstruction(scene);
  const { about } = explanation;
  const name = exceptionName(exception);
  return { title: about === undefined ? name : `${name}, ${about}`, lines: linesOf(scene, explanation) };
}

function linesOf(scene: Scene, { operands = [], fact, cause, details = [] }: Explanation): string[] {
  const { exception, text, isNested } = scene;
  const lines: string[] = [];
  if (text !== null) lines.push([text, ...(operands.length > 0 ? [operands.join(', ')] : [])].join('   '));
  if (exception.inSlot) lines.push(`in the delay slot of ${instructionAt(scene, exception.pc - 4) ?? 'a branch'}`);
  const summed = [fact, cause].filter((part) => part !== undefined).join(': ');
  if (summed !== '') lines.push(summed);
  lines.push(...details);
  if (!isFault(exception)) return lines;
  if (isNested) {
    const outer = place(scene, register32(scene.cpu, 'epc'));
    lines.push(`it came inside of another exception's handler (EXL = 1): EPC still has ${outer}`);
  }
  const problem = handlerProblem(scene);
  if (problem !== null) lines.push(problem);
  return lines;
}
