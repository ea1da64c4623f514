// Memory: what the kernel says about it, gives out, takes back, and does when there is none left.
import { atPrompt, blankDisk } from './guest.ts';

/** The numbers of a /proc file of `name: number` or `name number` lines. */
function counters(text: string): Map<string, number> {
  return new Map([...text.matchAll(/^(\S+?):?\s+(\d+)/gm)].map(([, name = '', value]) => [name, Number(value)]));
}

atPrompt('accounts for all memory at boot', {}, async (m) => {
  const memory = counters((await m.sh('cat /proc/meminfo')).stdout);
  const total = memory.get('MemTotal') ?? 0;
  m.expect(memory.get('MemFree') ?? 0).toBeLessThan(total);
  m.expect(memory.get('MemFree') ?? 0).toBeGreaterThan(total * 0.85);
  m.expect(memory.get('SwapTotal')).toBe(0);
});

atPrompt('loses no memory over two hundred processes', {}, async (m) => {
  const churn = 'for i in $(seq 100); do /bin/busybox true; done; echo 3 > /proc/sys/vm/drop_caches; cat /proc/meminfo';
  const before = counters((await m.sh(churn)).stdout);
  const after = counters((await m.sh(churn)).stdout);
  m.expect((before.get('MemFree') ?? 0) - (after.get('MemFree') ?? 0)).toBeLessThan(256);
  m.expect((after.get('Slab') ?? 0) - (before.get('Slab') ?? 0)).toBeLessThan(128);
});

atPrompt('kills the process that takes all memory, and no other', { memory: '48M' }, async (m) => {
  m.expect((await m.sh('tail /dev/zero')).signal).toBe(9);
  await m.waitFor(/Out of memory: Killed process \d+ \(tail\)/);
  await m.runFor('1s');
  m.expect(m.console.kernel.match(/Killed process/g)?.length).toBe(1);
  m.expect.noOops();
});

atPrompt('holds a tmpfs to its size, and frees what is deleted there', {}, async (m) => {
  await m.sh('mount -t tmpfs -o size=1m tmpfs /mnt', { check: true });
  const { status, stderr } = await m.sh('dd if=/dev/zero of=/mnt/big bs=64k count=17');
  m.expect(status).toBe(1);
  m.expect(stderr).toContain('No space left on device');
  await m.sh('rm /mnt/big && dd if=/dev/zero of=/mnt/fits bs=64k count=16', { check: true });
});

atPrompt(
  'swaps out what does not fit, and brings it back unharmed',
  { memory: '24M', disk: `${blankDisk('swap.img', 32)}:cow`, needs: '/proc/swaps' },
  async (m) => {
    await m.sh('mkswap /dev/vda && swapon /dev/vda && mount -t tmpfs -o size=24m tmpfs /mnt', { check: true });
    const twentyMebibytes = 'for i in 1 2 3 4 5 6 7 8 9; do cat /bin/busybox; done';
    await m.sh(`(${twentyMebibytes}) > /mnt/big && (${twentyMebibytes}) | cmp - /mnt/big`, { check: true });
    const events = counters((await m.sh('cat /proc/vmstat')).stdout);
    m.expect(events.get('pswpout') ?? 0).toBeGreaterThan(300);
    m.expect(events.get('pswpin') ?? 0).toBeGreaterThan(300);
  },
);

atPrompt('promises no more than it has when told not to overcommit', { memory: '48M' }, async (m) => {
  const want = 'dd if=/dev/zero of=/dev/null bs=32M count=0';
  await m.sh(want, { check: true });
  m.expect((await m.sh(`echo 2 > /proc/sys/vm/overcommit_memory; ${want}`)).stderr).toContain('out of memory');
});

atPrompt(
  'keeps what was read of a disk, and gives it back when asked to',
  { disk: `${blankDisk('cache.img', 8)}:cow` },
  async (m) => {
    const script = `
    exec 3< /dev/vda
    cat <&3 > /dev/null; grep Buffers /proc/meminfo
    echo 1 > /proc/sys/vm/drop_caches; grep Buffers /proc/meminfo`;
    m.expect((await m.sh(script)).text.match(/\d+/g)).toEqual(['8192', '0']);
  },
);
