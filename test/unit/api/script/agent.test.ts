// The host's end of the guest agent's port: frames of agent/README.md, from an agent and from a guest that is none.
import { describe, expect, it } from 'vitest';
import { Agent } from '../../../../src/api/script/agent.ts';

const NONE = new Uint8Array(0);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function frame(type: string, ...payload: readonly Uint8Array[]): Uint8Array {
  const size = payload.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([bytesOf(type), number(size), ...payload]);
}

const HELLO = frame('H', Uint8Array.of(1));
const out = (id: number, text: string): Uint8Array => frame('O', number(id), bytesOf(text));
const err = (id: number, text: string): Uint8Array => frame('E', number(id), bytesOf(text));
/** `status`: as waitpid gives it. */
const over = (id: number, status: number): Uint8Array => frame('X', number(id), number(status));
const failed = (id: number, errno: number, text: string): Uint8Array =>
  frame('F', number(id), number(errno), bytesOf(text));

/** An agent that is there, and runs its first command: number 1. */
function running(command = 'true'): Agent {
  const agent = new Agent();
  agent.add(HELLO);
  agent.run(command, NONE);
  return agent;
}

/** What the frames come to. */
function outcomeOf(...frames: readonly Uint8Array[]): ReturnType<Agent['takeOutcome']> {
  const agent = running();
  for (const bytes of frames) agent.add(bytes);
  return agent.takeOutcome();
}

describe('the agent', () => {
  it('is there when it has said so', () => {
    const agent = new Agent();
    expect(agent.settled).toBe(false);
    agent.add(HELLO);
    expect(agent).toMatchObject({ ready: true, settled: true, busy: false, broken: null });
  });

  it.each([
    [Uint8Array.of(2), 'it speaks version 2, not 1'],
    [NONE, 'it speaks version unknown, not 1'],
  ])('is of no use with another version', (version, why) => {
    const agent = new Agent();
    agent.add(frame('H', version));
    expect(agent).toMatchObject({ ready: false, settled: true, broken: why });
  });

  it('is asked by a frame with number, command, NUL and standard input', () => {
    const agent = new Agent();
    agent.add(HELLO);
    expect([...agent.run('ls', bytesOf('in'))]).toEqual([...frame('R', number(1), bytesOf('ls\0in'))]);
    expect([...agent.kill()]).toEqual([...frame('K', number(1))]);
    agent.add(over(1, 0));
    expect([...agent.run('é', NONE)]).toEqual([...frame('R', number(2), bytesOf('é\0'))]);
  });
});

describe('a command', () => {
  it('has a status and two streams', () => {
    const outcome = outcomeOf(out(1, 'one\n'), err(1, 'oh\n'), out(1, 'two\n\n'), over(1, 3 << 8));
    expect(outcome).toMatchObject({
      result: { command: 'true', status: 3, signal: null, ok: false, stdout: 'one\ntwo\n\n', stderr: 'oh\n' },
    });
    expect(outcome && 'result' in outcome && String(outcome.result)).toBe('one\ntwo');
  });

  it.each([
    [0, { status: 0, signal: null, ok: true }],
    [255 << 8, { status: 255, signal: null, ok: false }],
    [9, { status: null, signal: 9, ok: false }],
    [0x80 | 11, { status: null, signal: 11, ok: false }], // with a core
    [0xffffffff, { status: null, signal: 127, ok: false }],
  ])('ends with wait status %i', (status, result) => {
    expect(outcomeOf(over(1, status))).toMatchObject({ result });
  });

  it('is over with its X, and what comes of it is told once', () => {
    const agent = running();
    agent.add(out(1, 'x'));
    expect(agent).toMatchObject({ busy: true, settled: false });
    expect(agent.takeOutcome()).toBeNull();
    agent.add(over(1, 0));
    expect(agent).toMatchObject({ busy: false, settled: true });
    expect(agent.takeOutcome()).not.toBeNull();
    expect(agent.takeOutcome()).toBeNull();
  });

  it('may not have been started', () => {
    expect(outcomeOf(failed(1, 2, 'executing /bin/sh'))).toEqual({ failed: 'executing /bin/sh (errno 2)' });
  });

  it('has all of its output, whatever it is and however it is cut', () => {
    const text = '\ufeffgrün\0€\n';
    const bytes = Buffer.concat([out(1, 'a'), frame('O', number(1), bytesOf(text)), err(1, ''), over(1, 0)]);
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const agent = running();
      for (let at = 0; at < bytes.length; at += size) agent.add(bytes.subarray(at, at + size));
      expect(agent.takeOutcome(), `${size} bytes at a time`).toMatchObject({
        result: { stdout: `a${text}`, stderr: '' },
      });
    }
  });

  it('may begin with what other programs take for a byte order mark', () => {
    expect(outcomeOf(out(1, '\ufeffx'), over(1, 0))).toMatchObject({ result: { stdout: '\ufeffx' } });
  });

  it('does not keep the caller’s array', () => {
    const agent = running();
    const bytes = out(1, 'old');
    agent.add(bytes);
    bytes.fill(0);
    agent.add(over(1, 0));
    expect(agent.takeOutcome()).toMatchObject({ result: { stdout: 'old' } });
  });

  it('is not ended by what is said of another', () => {
    const agent = running();
    agent.add(over(1, 0));
    agent.run('second', NONE);
    for (const late of [out(1, 'late'), over(1, 0), failed(3, 1, 'no such'), out(2, 'mine')]) agent.add(late);
    expect(agent.busy).toBe(true);
    agent.add(over(2, 0));
    expect(agent.takeOutcome()).toMatchObject({ result: { command: 'second', stdout: 'mine' } });
  });

  it('is lost with the agent that ran it', () => {
    const agent = running();
    agent.add(HELLO);
    expect(agent.settled).toBe(true);
    expect(agent.takeOutcome()).toEqual({ failed: 'the guest agent has begun anew' });
    agent.add(over(1, 0));
    expect(agent.takeOutcome()).toBeNull();
  });
});

describe('a hostile guest', () => {
  it.each([
    ['of a type that there is not', frame('Z', number(1), number(0))],
    ['without a number', frame('O', Uint8Array.of(1, 0))],
    ['without a status', frame('X', number(1), Uint8Array.of(0))],
    ['without anything', frame('X')],
    ['of the host', frame('R', number(1), bytesOf('id\0'))],
  ])('sends a frame %s in vain', (_what, bytes) => {
    const agent = running();
    agent.add(bytes);
    expect(agent).toMatchObject({ busy: true, broken: null });
    agent.add(over(1, 0));
    expect(agent.settled).toBe(true);
  });

  it('sends a frame that is too long: nothing after it is believed', () => {
    const agent = running();
    agent.add(Buffer.concat([bytesOf('O'), number(0x10001)]));
    expect(agent.broken).toBe('it sent a frame of 65537 bytes');
    agent.add(over(1, 0));
    expect(agent).toMatchObject({ busy: true, settled: true });
    expect(agent.takeOutcome()).toBeNull();
  });

  it('puts out more than is kept', () => {
    const agent = running('yes');
    const full = frame('O', number(1), new Uint8Array(0x10000 - 4));
    for (let i = 0; i < 1024; i++) agent.add(full);
    expect(agent.broken).toBeNull();
    agent.add(full);
    expect(agent.broken).toBe('a command has put out more than 64 MiB: yes');
  });

  it('puts out byte by byte, and that costs no more memory than the bytes', () => {
    const agent = running();
    const each = 10_000;
    const many = Buffer.concat(Array.from({ length: each }, () => out(1, 'x')));
    const empty = Buffer.concat(Array.from({ length: each }, () => err(1, '')));
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 40; i++) {
      agent.add(many);
      agent.add(empty);
    }
    // 800,000 objects would be some 100 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30e6);
    agent.add(over(1, 0));
    const outcome = agent.takeOutcome();
    expect(outcome && 'result' in outcome && outcome.result.stdout.length).toBe(40 * each);
  });

  it('sends anything at all', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const types = 'HOEXFRK\0';
    for (let round = 0; round < 300; round++) {
      const agent = running();
      for (let n = 0; n < 50; n++) {
        const payload = Uint8Array.from({ length: random(20) }, () => (random(3) === 0 ? random(256) : random(3)));
        const bytes = Uint8Array.from(frame(types[random(types.length)]!, payload));
        if (random(20) === 0) bytes[random(bytes.length)] = random(256);
        const cut = random(bytes.length + 1);
        agent.add(bytes.subarray(0, cut));
        agent.add(bytes.subarray(cut));
        const outcome = agent.takeOutcome();
        if (outcome && 'result' in outcome) expect(outcome.result.command).toBe('true');
        if (agent.settled && agent.broken === null) agent.run('true', NONE);
      }
    }
  });
});
