// Several consoles: each has its own input, and its output goes to who listens to it, when it is handed over.
import { describe, expect, test } from 'vitest';
import { Consoles } from '../../../src/vmm/consoles.ts';
import type { MachineConsole } from '../../../src/vmm/machine.ts';

/** A console that takes what `space` has room for. */
class Line implements MachineConsole {
  space = 100;
  got = '';

  room(): number {
    return this.space;
  }

  input(bytes: Uint8Array): number {
    this.got += Buffer.from(bytes).toString();
    this.space -= bytes.length;
    return bytes.length;
  }

  inputBreak(): boolean {
    this.got += '#';
    return true;
  }

  resize(columns: number, rows: number): void {
    this.got += `(${columns}x${rows})`;
  }
}

const EMPTY = new Uint8Array(0);

function consoles() {
  const [own, other] = [new Line(), new Line()];
  let says: (console: string, bytes: Uint8Array) => void = () => {};
  let highWater = 0;
  const machine = {
    console: own,
    consoles: new Map([
      ['own', own],
      ['other', other],
    ]),
    onOtherOutput: (listener: typeof says) => {
      says = listener;
    },
  };
  const made = new Consoles(machine, null, () => highWater++);
  let heard = '';
  const listener = (bytes: Uint8Array): void => {
    heard += `${Buffer.from(bytes).toString()}|`;
  };
  return {
    consoles: made,
    own,
    other,
    listener,
    says: (text: string, console = 'other') => says(console, Buffer.from(text)),
    heard: () => heard,
    highWater: () => highWater,
  };
}

describe('input', () => {
  test('goes to the console that is named, the own one when none is', () => {
    const { consoles: all, own, other } = consoles();
    for (const name of [undefined, 'own', 'other']) {
      all.offer(Buffer.from('ab'), name);
      all.offerBreak(name);
      all.resize(80, 24, name);
    }
    expect([own.got, other.got]).toEqual(['ab#(80x24)ab#(80x24)', 'ab#(80x24)']);
  });

  test('that has no room waits by itself', () => {
    const { consoles: all, own, other } = consoles();
    other.space = 1;
    all.offer(Buffer.from('abc'), 'other');
    all.offer(Buffer.from('d'));
    expect([all.queued(), all.queued('own'), all.queued('other'), own.got]).toEqual([0, 0, 2, 'd']);
    other.space = 9;
    all.pump();
    expect([all.queued('other'), other.got]).toEqual([0, 'abc']);
  });
});

describe('output', () => {
  test('is told in one piece when it is handed over, and dropped while nobody listens', () => {
    const { consoles: all, says, listener, heard } = consoles();
    says('before');
    const stop = all.subscribe(listener, 'other');
    says('a');
    says('b');
    says('not this one', 'third');
    expect(heard()).toBe('');
    all.handOver(EMPTY);
    all.handOver(EMPTY);
    says('c');
    all.handOver(Buffer.from("the own one's"));
    expect(heard()).toBe('ab|c|');
    stop();
    says('after');
    all.subscribe(listener, 'other');
    all.handOver(EMPTY);
    expect(heard()).toBe('ab|c|');
  });

  test('of the own console is what is handed over', () => {
    const { consoles: all, listener, heard } = consoles();
    const stop = [all.subscribe(listener), all.subscribe(listener, 'own')];
    all.handOver(Buffer.from('x'));
    stop[0]!();
    stop[0]!();
    all.handOver(Buffer.from('y'));
    expect(heard()).toBe('x|x|y|');
  });

  test('without end is the end of a slice', () => {
    const { consoles: all, says, listener, highWater } = consoles();
    const flood = (): void => {
      for (let n = 0; n < 300; n++) says('.'.repeat(1000));
    };
    flood();
    expect(highWater()).toBe(0);
    all.subscribe(listener, 'other');
    flood();
    expect(highWater()).toBeGreaterThan(0);
  });
});
