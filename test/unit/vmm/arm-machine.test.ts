// Board arm-virt around the emulated core: a flat program that greets on the 16550, starts the second CPU by PSCI and powers off.

import { describe, expect, it } from 'vitest';
import { armv7 } from '../../../src/arch/arm/index.ts';
import { armVirt } from '../../../src/boards/arm-virt.ts';
import { OnceLog, silentLog } from '../../../src/util/log.ts';
import { composeMachine } from '../../../src/vmm/compose.ts';
import { parseVmConfig } from '../../../src/vmm/config.ts';
import { createEmulatedVm } from '../../../src/vmm/emulated-vm.ts';
import { OutputQueue } from '../../../src/vmm/output-queue.ts';
import { Vm } from '../../../src/vmm/vm.ts';
import { FakeHost, NO_KERNEL } from '../../support/vmm/fake-machine.ts';

const PROGRAM = [
  0xe3a04401, // mov r4, #0x01000000
  0xe3a00041, // mov r0, #'A'
  0xe5c40000, // strb r0, [r4]
  0xe10f1000, // mrs r1, cpsr
  0xe201101f, // and r1, r1, #0x1f
  0xe1a00001, // mov r0, r1
  0xe2800030, // add r0, r0, #0x30
  0xe5c40000, // strb r0, [r4]
  0xe5927000, // ldr r7, [r2]: the device tree
  0xe6ef0077, // uxtb r0, r7
  0xe5c40000, // strb r0, [r4]
  0xe351001a, // cmp r1, #0x1a
  0x03a08001, // moveq r8, #1
  0x13a08000, // movne r8, #0
  0xe3000003, // movw r0, #3: CPU_ON
  0xe3480400, // movt r0, #0x8400
  0xe3a01001, // mov r1, #1
  0xe28f2024, // adr r2, second
  0xe3a03042, // mov r3, #'B'
  0xeb00000d, // bl call
  0xe28f5048, // adr r5, flag
  0xe5950000, // 1: ldr r0, [r5]
  0xe3500000, // cmp r0, #0
  0x0afffffc, // beq 1b
  0xe3000008, // movw r0, #8: SYSTEM_OFF
  0xe3480400, // movt r0, #0x8400
  0xeb000006, // bl call
  0xeafffffe, // 2: b 2b
  0xe3a04401, // second: mov r4, #0x01000000
  0xe5c40000, // strb r0, [r4]
  0xe28f5020, // adr r5, flag
  0xe5854000, // str r4, [r5]
  0xe320f003, // 3: wfi
  0xeafffffd, // b 3b
  0xe3580001, // call: cmp r8, #1
  0x0a000001, // beq 4f
  0xe1400070, // hvc #0
  0xe12fff1e, // bx lr
  0xe1600070, // 4: smc #0
  0xe12fff1e, // bx lr
  0x00000000, // flag: .word 0
];

async function run(boot: 'hyp' | 'svc') {
  const bytes = new Uint8Array(Uint32Array.from(PROGRAM).buffer);
  const log = new OnceLog(silentLog);
  const output = new OutputQueue();
  const machine = composeMachine({
    architecture: () => armv7,
    board: armVirt,
    as: armVirt.images.find((image) => image.boot === boot)!,
    transport: 'mmio',
    config: parseVmConfig({ kernel: 'program', memory: '4M', cpus: 2 }),
    image: { kind: 'flat', bytes },
    initrd: null,
    createVm: createEmulatedVm,
    consoleOutput: output,
    disks: [],
    log,
  });
  let text = '';
  const vm = new Vm({
    machine,
    host: new FakeHost(),
    log,
    seed: 1,
    limit: 1e9,
    timeout: null,
    debugMmio: false,
    pull: null,
    sourceOpen: false,
    driven: false,
    stopAtStart: false,
    waitNote: null,
    replay: null,
    identity: '',
    output,
    ...NO_KERNEL,
    onConsole: (out) => {
      text += String.fromCharCode(...out);
    },
    onInputRoom: () => {},
  });
  const { kind, summary } = await vm.start();
  return { kind, summary, text };
}

describe('a program on arm-virt', () => {
  it.each([
    ['hyp', 'J'],
    ['svc', 'C'],
  ] as const)('entered in %s has a UART, the device tree, a second CPU and a way to end', async (boot, mode) => {
    expect(await run(boot)).toEqual({ kind: 'power-off', summary: 'guest powered off', text: `A${mode}\xd0B` });
  });
});
