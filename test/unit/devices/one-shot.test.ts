// A device's one callback of guest time, moved and called off.
import { expect, it } from 'vitest';
import { OneShot } from '../../../src/devices/one-shot.ts';
import { FakeTimer } from '../../support/devices/fakes.ts';

it('fires at the instant set last, once', () => {
  const timer = new FakeTimer();
  const fired: number[] = [];
  const oneShot = new OneShot(timer, () => fired.push(timer.now));
  oneShot.set(10);
  oneShot.set(30);
  oneShot.set(20);
  expect([oneShot.at, timer.pending]).toEqual([20, [20]]);
  timer.pass(100);
  expect([fired, oneShot.at]).toEqual([[20], undefined]);
});

it('does not fire when it was called off', () => {
  const timer = new FakeTimer();
  const oneShot = new OneShot(timer, () => expect.unreachable());
  oneShot.set(10);
  oneShot.set(undefined);
  timer.pass(100);
  expect([oneShot.at, timer.pending]).toEqual([undefined, []]);
});

it('may be set again while it fires, and keeps that', () => {
  const timer = new FakeTimer();
  const fired: number[] = [];
  const oneShot: OneShot = new OneShot(timer, () => {
    fired.push(timer.now);
    oneShot.set(timer.now + 10);
  });
  oneShot.set(10);
  timer.pass(35);
  expect([fired, oneShot.at]).toEqual([[10, 20, 30], 40]);
});
