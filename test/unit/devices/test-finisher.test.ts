// The test finisher: one register by which a guest says how a test ended.
import { beforeEach, describe, expect, it } from 'vitest';
import { TestFinisher } from '../../../src/devices/test-finisher.ts';

let ended: (number | 'pass' | 'reset')[];
let said: string[];
let finisher: TestFinisher;

beforeEach(() => {
  ended = [];
  said = [];
  finisher = new TestFinisher({
    onPass: () => ended.push('pass'),
    onFail: (code) => ended.push(code),
    onReset: () => ended.push('reset'),
    misuse: (what) => said.push(what),
  });
});

const write = (value: number): void => finisher.write(0, 4, value);

describe('the test finisher', () => {
  it.each([
    [0x5555, 'pass'],
    [0x7777, 'reset'],
    [0x3333, 1], // a failure without a code is one
    [0x0001_3333, 1],
    [0x002a_3333, 42],
    [0x8000_3333, 0x8000],
    [0xffff_3333, 0xffff],
    [-0xcccd, 0xffff], // the same word as a signed number
  ])('ends the run by %i', (value, how) => {
    write(value);
    expect(ended).toEqual([how]);
    expect(said).toEqual([]);
  });

  it('takes only the low half for what is meant', () => {
    write(0x1234_5555);
    write(0x1234_7777);
    expect(ended).toEqual(['pass', 'reset']);
  });

  it.each([0, 1, 0x5554, 0x3334, 0x5555_0000, 0x3333_0000, 0xffff_ffff])('is not ended by %i', (value) => {
    write(value);
    expect(ended).toEqual([]);
    expect(said).toEqual([`0x${value.toString(16)} is neither pass, fail nor reset`]);
  });

  it('takes no part of a word', () => {
    finisher.write(0, 2, 0x5555);
    finisher.write(0, 1, 0x55);
    finisher.write(2, 2, 0x5555);
    expect(ended).toEqual([]);
    expect(said).toHaveLength(3);
  });

  it('reads as 0, and keeps nothing', () => {
    const { size } = finisher;
    write(0x5555);
    expect([size, finisher.read(0, 4), finisher.read(0, 2)]).toEqual([4, 0, 0]);
    expect(finisher.registers()).toEqual([{ name: 'finish', offset: 0, access: 'rw', width: 4, value: 0 }]);
    const state = finisher.saveState();
    finisher.restoreState(state);
    finisher.reset();
    expect(finisher.saveState()).toEqual(state);
    expect(() => finisher.restoreState({ finish: 'x' })).toThrow('finish');
  });
});
