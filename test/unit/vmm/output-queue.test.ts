import { expect, it } from 'vitest';
import { OutputQueue } from '../../../src/vmm/output-queue.ts';

it('collects output in order, as it was when it was written', () => {
  const queue = new OutputQueue();
  const reused = Uint8Array.of(1, 2);
  queue.write(reused);
  reused.fill(9);
  queue.write(new Uint8Array(0));
  queue.write(Uint8Array.of(3));
  expect([...queue.take()]).toEqual([1, 2, 3]);
  expect(queue.take().length).toBe(0);
});

it('says when so much waits that the guest should be held', () => {
  const queue = new OutputQueue();
  let held = 0;
  queue.setHighWaterListener(() => held++);
  queue.write(new Uint8Array(0x3ffff));
  expect(held).toBe(0);
  queue.write(new Uint8Array(1));
  expect(held).toBe(1);
});
