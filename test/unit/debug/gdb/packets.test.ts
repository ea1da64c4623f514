// Packets of gdb's protocol, cut out of a stream of bytes.
import { describe, expect, it } from 'vitest';
import { bytesOf, bytesOfHex, escaped, PacketReader, packet, textOf } from '../../../../src/debug/gdb/packets.ts';

function read(...pieces: (string | Uint8Array)[]): string[] {
  const found: string[] = [];
  const reader = new PacketReader({
    packet: (data) => found.push(data),
    refused: (why) => found.push(`refused: ${why}`),
    interrupt: () => found.push('interrupt'),
    again: () => found.push('again'),
  });
  for (const piece of pieces) reader.add(typeof piece === 'string' ? bytesOf(piece) : piece);
  return found;
}

describe('packets from gdb', () => {
  it('are found however the stream is cut', () => {
    const stream = '+$qC#b4$g#67-\x03$?#3f';
    const whole = read(stream);
    expect(whole).toEqual(['qC', 'g', 'again', 'interrupt', '?']);
    expect(read(...stream)).toEqual(whole);
  });

  it('have their escapes undone, and a 0x03 in them is data', () => {
    // } # $ * as they are sent, and a bare 0x03.
    const data = 'X0,5:}]}\x03}\x04}\x0a\x03';
    expect(read(packet(data))).toEqual(['X0,5:}#$*\x03']);
  });

  it('are refused when their checksum is wrong or no number', () => {
    expect(read('$qC#b5$qC#zz$qC#b4')).toEqual(['refused: checksum', 'refused: checksum', 'qC']);
  });

  it('are taken up to 64 KiB, and what is longer is refused', () => {
    const most = 'm'.repeat(0x1_0000);
    expect(read(packet(most))).toEqual([most]);
    expect(read(packet(`${most}m`), packet('qC'))).toEqual(['refused: length', 'qC']);
  });

  it('are given up where the next one begins', () => {
    expect(read('$qSupp$g#67', '$g#$g#67', '$g#6$g#67')).toEqual(['g', 'g', 'g']);
  });

  it('are all that counts between packets', () => {
    expect(read('GET / HTTP/1.1\r\n\r\n', '$g#67')).toEqual(['g']);
  });
});

describe('packets to gdb', () => {
  it('end with the sum of their bytes', () => {
    expect(textOf(packet('OK'))).toBe('$OK#9a');
    expect(textOf(packet(''))).toBe('$#00');
    expect(textOf(packet('\xff\x02'))).toBe('$\xff\x02#01');
  });

  it('have what would end them or begin a run escaped', () => {
    expect(escaped('a#$}*b')).toBe('a}\x03}\x04}]}\nb');
  });
});

describe('bytes', () => {
  it('are read from hexadecimal of both cases, and nothing else', () => {
    expect(bytesOfHex('00fFa1')).toEqual(Uint8Array.of(0, 0xff, 0xa1));
    expect(bytesOfHex('')).toEqual(new Uint8Array(0));
    for (const text of ['0', '0g', 'x0', ' 1', '+1']) expect(bytesOfHex(text)).toBeNull();
  });
});
