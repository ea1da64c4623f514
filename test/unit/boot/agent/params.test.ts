// The kernel's parameters when the guest agent stands where the user's first program would.
import { describe, expect, it } from 'vitest';
import { agentParams, rootOf } from '../../../../src/boot/agent/params.ts';

describe('the program to go on with', () => {
  it.each([
    ['', '/init', ''],
    ['quiet sh=1', '/init', 'quiet sh=1'],
    ['rdinit=/bin/sh', '/bin/sh', ''],
    ['quiet rdinit=/bin/sh sh=1', '/bin/sh', 'quiet sh=1'],
    ['rdinit=/first rdinit=/second', '/second', ''],
    ['rdinit=', '/init', ''],
    ['\trdinit=/x\tquiet', '/x', 'quiet'],
    ['init=/bin/sh', '/init', 'init=/bin/sh'],
    ['xrdinit=/bin/sh', '/init', 'xrdinit=/bin/sh'],
  ])('%j goes on with %s, and leaves %j to the kernel', (params, next, left) => {
    expect(agentParams(params)).toEqual({ next, params: left });
  });
});

describe('the root disk', () => {
  it.each([
    ['', null],
    ['root=/dev/vda', { device: '/dev/vda', mode: 'ro' }],
    ['root=/dev/vda1 rw', { device: '/dev/vda1', mode: 'rw' }],
    ['rw root=/dev/vda ro', { device: '/dev/vda', mode: 'ro' }],
    ['root=/dev/vda root=/dev/vdb', { device: '/dev/vdb', mode: 'ro' }],
    ['root=UUID=1234', null],
    ['root=', null],
    ['proot=/dev/vda brw', null],
    ['\troot=/dev/vdc\trw', { device: '/dev/vdc', mode: 'rw' }],
  ])('%j names it', (params, root) => {
    expect(rootOf(params)).toEqual(root);
  });
});
