import { describe, expect, it } from 'vitest';
import { ConsoleLines, endsOops, endsPanic, panicMessage } from '../../../src/vmm/panic-console.ts';

function listen(): { console: ConsoleLines; seen: string[] } {
  const seen: string[] = [];
  const console = new ConsoleLines({ panicText: () => seen.push('!'), line: (text) => seen.push(text) });
  return { console, seen };
}

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe('the console as lines', () => {
  it('is the same however it was cut into writes', () => {
    const text = 'one\r\n[    1.234567] two\n[    0.000001][   T12] Kernel panic - not syncing: three\r\n\nfour';
    const whole = listen();
    whole.console.write(bytes(text));
    const pieces = listen();
    for (const letter of text) pieces.console.write(bytes(letter));
    expect(whole.seen).toEqual(['one', 'two', '!', 'Kernel panic - not syncing: three', '']);
    expect(pieces.seen).toEqual(whole.seen);
    expect(whole.console.recent).toEqual(['one', 'two', 'Kernel panic - not syncing: three', '']);
  });

  it('tells of the panic text before its line is complete, once, and not of the line that ends a panic', () => {
    const { console, seen } = listen();
    console.write(bytes('/ # [    1.000000] Kernel panic - not syncing'));
    expect(seen).toEqual([]);
    console.write(bytes(':'));
    expect(seen).toEqual(['!']);
    console.write(bytes(' why\n---[ end Kernel panic - not syncing: why ]---\n'));
    expect(seen).toEqual(['!', 'Kernel panic - not syncing: why', '---[ end Kernel panic - not syncing: why ]---']);
  });

  it('keeps neither endless lines nor endlessly many', () => {
    const { console, seen } = listen();
    for (let i = 0; i < 50; i++) console.write(bytes('x'.repeat(1000)));
    console.write(bytes('Kernel panic - not syncing: y\n'));
    expect(seen[0]).toBe('!');
    expect(seen[1]!.length).toBeLessThan(6000);
    for (let i = 0; i < 500; i++) console.write(bytes(`line ${i}\n`));
    expect(console.recent).toHaveLength(64);
    expect(console.recent.at(-1)).toBe('line 499');
  });
});

describe('what a line says', () => {
  it('the message of a panic', () => {
    expect(panicMessage('Kernel panic - not syncing: No working init found.  ')).toBe('No working init found.');
    expect(panicMessage('/ # Kernel panic - not syncing: x')).toBe('x');
    expect(panicMessage('---[ end Kernel panic - not syncing: x ]---')).toBeNull();
    expect(panicMessage('nothing')).toBeNull();
  });

  it('the end of a panic, and of an oops', () => {
    expect(endsPanic('---[ end Kernel panic - not syncing: x ]---')).toBe(true);
    expect(endsPanic('Rebooting in 5 seconds..')).toBe(true);
    expect(endsPanic('Kernel panic - not syncing: x')).toBe(false);
    expect(endsOops('---[ end trace 21bdbbe80638dabb ]---')).toBe(true);
    expect(endsOops('Oops[#1]:')).toBe(false);
  });
});
