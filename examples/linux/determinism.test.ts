// The same run again: what the guest does depends on what it was given, and on nothing else.
import { setTimeout } from 'node:timers/promises';
import { type ScriptedVm, scriptVm } from 'tsvm';
import { atPrompt, fromReset, linux } from './guest.ts';

/** Another machine like that of the test, with its seed. */
function twin(m: ScriptedVm): Promise<ScriptedVm> {
  return scriptVm({ ...linux, seed: m.vm.config.seed });
}

/** What this machine says about itself, then its verdict's hash of all its state. */
async function described(m: ScriptedVm): Promise<{ text: string; stateHash: string }> {
  const { text } = await m.sh(
    'head -c 16 /dev/urandom | md5sum; date +%s; cat /proc/uptime /proc/stat /proc/interrupts /proc/sys/kernel/random/uuid',
  );
  return { text, stateHash: (await m.stop()).stateHash };
}

atPrompt('is the same machine, down to its random numbers, when booted twice', {}, async (m) => {
  const second = await twin(m);
  await second.waitFor('/ # ');
  m.expect(await described(second)).toEqual(await described(m));
});

atPrompt('does not see how long the host takes', {}, async (m) => {
  const second = await twin(m);
  await second.waitFor('/ # ');
  await setTimeout(300);
  m.expect((await second.sh('cat /proc/uptime')).text).toBe((await m.sh('cat /proc/uptime')).text);
  await second.stop();
});

fromReset('is the same at an instruction, whatever it is asked before', {}, async (m) => {
  const second = await twin(m);
  await second.runTo(50_000_000);
  for (let at = 10_000_000; at <= 50_000_000; at += 10_000_000) await m.runTo(at);
  m.expect((await m.stop()).stateHash).toBe((await second.stop()).stateHash);
});

/** The driver has set the system's clock, and says what the RTC has. */
const withRtc = { rtc: '2038-01-19T03:14:00Z', needs: '/sys/class/rtc/rtc0/hctosys' };

atPrompt('has the date it was given', withRtc, async (m) => {
  m.expect((await m.sh('date -u +%Y-%m-%dT%H:%M')).text).toBe('2038-01-19T03:14');
});

atPrompt('has a clock that goes on after the last second of 32 bits', withRtc, async (m) => {
  const { text } = await m.sh('sleep 10; cat /sys/class/rtc/rtc0/since_epoch');
  m.expect(Number(text)).toBeGreaterThan(2 ** 31);
});
