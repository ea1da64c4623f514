// The registry of boards, in the order in which an image is offered to them.
import { armVirt } from './arm-virt.ts';
import type { Board } from './board.ts';
import { malta } from './malta.ts';
import { mipsParavirt } from './mips-paravirt.ts';

export const BOARDS: readonly Board[] = [mipsParavirt, malta, armVirt];
