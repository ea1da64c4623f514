// One of several processes that want the same locks at the same moments: lock-racer.ts FOLDER ROUNDS. It says `ready`, is told
// a START, and in round n, at START + 15 n milliseconds of the host's clock, it tries to lock FOLDER/n. It prints the rounds it
// won, and keeps what it has until its input ends.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { lockImage } from '../../../src/host/disk/lock.ts';
import { TsvmError } from '../../../src/util/errors.ts';

const [folder = '', rounds = ''] = process.argv.slice(2);
const input = createInterface(process.stdin);
input.once('line', (start) => {
  const won: number[] = [];
  const odd: string[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    while (Date.now() < Number(start) + 15 * round);
    try {
      lockImage(join(folder, String(round)));
      won.push(round);
    } catch (error) {
      if (!(error instanceof TsvmError) || !/in use by process \d+$/.test(error.message)) odd.push(String(error));
    }
  }
  process.stdout.write(`${JSON.stringify({ won, odd })}\n`);
});
input.on('close', () => process.exit(0));
process.stdout.write('ready\n');
