// Disks and file systems. Images are made here, empty, and formatted by the guest; ext4 with a journal comes from the host's mke2fs, and without it
// those tests are skipped. A test that looks at an image afterwards writes it in place, and makes it anew before the guest runs; the others throw
// away what they write.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { scriptVm } from 'tsvm';
import { atPrompt, blankDisk, fromReset, linux } from './guest.ts';

/** Run a program of e2fsprogs: its exit status, or null when it is not there. Time and identity are given, so that it always does the same. */
function host(program: 'mke2fs' | 'e2fsck', ...args: string[]): number | null {
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, E2FSPROGS_FAKE_TIME: '1700000000' };
  return spawnSync(program, args, { env, stdio: 'ignore' }).status;
}

const withoutE2fsprogs = host('mke2fs', '-V') === 0 ? undefined : 'there is no mke2fs on this host';

/** Put an empty ext4 on an image in place of what is there. */
function makeExt4(image: string): void {
  makeBlank(image);
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  const status = host('mke2fs', '-q', '-F', '-t', 'ext4', '-U', uuid, '-E', `hash_seed=${uuid}`, image);
  if (status !== 0) throw new Error(`mke2fs ${image} ended with ${status}`);
}

function makeBlank(image: string): void {
  const { size } = statSync(image);
  truncateSync(image, 0);
  truncateSync(image, size);
}

const one = blankDisk('one.img', 8);
const scratch = { disk: `${one}:cow` };

atPrompt('has the size and the serial number of its image', scratch, async (m) => {
  m.expect((await m.sh('cat /sys/block/vda/size /sys/block/vda/serial')).text).toBe(`${8 * 2048}\none.img`);
});

atPrompt('cannot write a read-only disk', { disk: `${one}:ro` }, async (m) => {
  m.expect((await m.sh('cat /sys/block/vda/ro')).text).toBe('1');
  const { status, stderr } = await m.sh('echo x > /dev/vda');
  m.expect(status).toBe(1);
  m.expect(stderr).toContain('not permitted');
});

const written = blankDisk('written.img', 1);

fromReset('has written what it has synced', { disk: written }, async (m) => {
  makeBlank(written);
  await m.waitFor('/ # ');
  await m.sh('printf hello | dd of=/dev/vda bs=512 seek=3 conv=fsync,notrunc', { check: true });
  m.expect(readFileSync(written).toString('latin1', 3 * 512, 3 * 512 + 6)).toBe('hello\0');
});

atPrompt('leaves the image alone when it is copy-on-write', scratch, async (m) => {
  m.expect((await m.sh('printf hello | dd of=/dev/vda conv=fsync,notrunc && head -c 5 /dev/vda')).text).toBe('hello');
  m.expect(readFileSync(one).equals(Buffer.alloc(8 << 20))).toBe(true);
});

atPrompt('finds its file again after a remount', scratch, async (m) => {
  await m.sh('mke2fs /dev/vda && mount /dev/vda /mnt && echo hi > /mnt/a && umount /mnt', { check: true });
  m.expect((await m.sh('mount -t ext4 /dev/vda /mnt && cat /mnt/a')).text).toBe('hi');
  m.expect.noOops();
});

atPrompt('keeps owner, mode, time and links of a file', scratch, async (m) => {
  await m.sh('mke2fs /dev/vda && mount /dev/vda /mnt && echo 1 > /mnt/a', { check: true });
  await m.sh('cd /mnt && ln a b && ln -s a c && chown 7:8 a && chmod 4711 a && touch -d @1000000000 a', {
    check: true,
  });
  await m.sh('umount /mnt && mount /dev/vda /mnt', { check: true });
  m.expect((await m.sh('stat -c "%h %a %u %g %Y" /mnt/b')).text).toBe('2 4711 7 8 1000000000');
  m.expect((await m.sh('readlink /mnt/c')).text).toBe('a');
});

atPrompt('says when a disk is full, and takes more when something is deleted', scratch, async (m) => {
  await m.sh('mke2fs /dev/vda && mount /dev/vda /mnt && echo kept > /mnt/kept', { check: true });
  m.expect((await m.sh('dd if=/dev/zero of=/mnt/big bs=64k')).stderr).toContain('No space left on device');
  await m.sh('rm /mnt/big && dd if=/dev/zero of=/mnt/small bs=64k count=64', { check: true });
  m.expect((await m.sh('cat /mnt/kept')).text).toBe('kept');
});

atPrompt('sees the partitions that it makes', scratch, async (m) => {
  await m.sh('printf "n\\np\\n1\\n\\n+4M\\nn\\np\\n2\\n\\n\\nw\\n" | fdisk /dev/vda', { check: true });
  await m.sh('mke2fs /dev/vda2 && mount /dev/vda2 /mnt', { check: true });
  m.expect((await m.sh('grep -c vda[12] /proc/partitions')).text).toBe('2');
});

atPrompt('tells two disks apart', { disks: [`${one}:cow`, `${blankDisk('two.img', 4)}:cow`] }, async (m) => {
  m.expect((await m.sh('cat /sys/block/vda/size /sys/block/vdb/size')).text).toBe('16384\n8192');
  await m.sh('seq 9999 > /dev/vda; dd if=/dev/vda of=/dev/vdb bs=32k count=1', { check: true });
  await m.sh('sync; echo 3 > /proc/sys/vm/drop_caches; cmp -n 32768 /dev/vda /dev/vdb', { check: true });
  m.expect((await m.sh('head -n 1 /dev/vdb')).text).toBe('1');
});

atPrompt('mounts a file system inside a file', {}, async (m) => {
  await m.sh('truncate -s 2M /tmp/image && mke2fs -F /tmp/image', { check: true });
  await m.sh('mount -o loop /tmp/image /mnt && echo deep > /mnt/a && umount /mnt', { check: true });
  await m.sh('mount -o loop,ro /tmp/image /mnt', { check: true });
  m.expect((await m.sh('cat /mnt/a')).text).toBe('deep');
  m.expect((await m.sh('echo x > /mnt/b')).stderr).toContain('Read-only file system');
});

const journal = blankDisk('journal.img', 8);
const crashed = { disks: [`${journal}:cow`, `${blankDisk('crashed.img', 8)}:cow`], skip: withoutE2fsprogs };

fromReset('recovers a journal that a power failure has left', crashed, async (m) => {
  makeExt4(journal);
  await m.waitFor('/ # ');
  await m.sh('mount /dev/vda /mnt && seq 1000 > /mnt/a && sync', { check: true });
  // While the first disk is mounted, its bytes are those that a power failure would leave.
  await m.sh('cat /dev/vda > /dev/vdb && umount /mnt', { check: true });
  m.expect((await m.sh('mount /dev/vdb /mnt && tail -n 1 /mnt/a', { check: true })).text).toBe('1000');
  m.expect(m.console.kernel).toContain('EXT4-fs (vdb): recovery complete');
});

const busy = blankDisk('busy.img', 16);

fromReset('leaves an ext4 that e2fsck finds clean', { disk: busy, skip: withoutE2fsprogs }, async (m) => {
  makeExt4(busy);
  await m.waitFor('/ # ');
  const filesComeAndGo = `
    for i in $(seq 20); do
      mkdir -p d$((i % 7)) && cp /init d$((i % 7))/f$i
      test $((i % 3)) = 0 && rm -r d$((i % 5))
    done
    find . -type f | wc -l`;
  // A file that was deleted in 1970 looks like one that was not: not every kernel sets its clock by itself.
  await m.sh('date -s @1700000000 && mount /dev/vda /mnt', { check: true });
  const { text } = await m.sh(`cd /mnt; ${filesComeAndGo}`);
  m.expect(Number(text)).toBeGreaterThan(5);
  await m.sh('umount /mnt', { check: true });
  await m.stop();
  m.expect(host('e2fsck', '-f', '-n', busy)).toBe(0);
});

const system = blankDisk('system.img', 16);

fromReset('boots from the disk it was installed on', { disk: system, skip: withoutE2fsprogs }, async (m) => {
  makeExt4(system);
  await m.waitFor('/ # ');
  await m.sh('mount /dev/vda /mnt && cp -a /bin /init /mnt && { test ! -d /lib || cp -a /lib /mnt; }', { check: true });
  await m.sh('mkdir /mnt/dev /mnt/proc /mnt/sys /mnt/tmp && umount /mnt', { check: true });
  await m.stop();
  const boot = { disk: `${system}:ro`, params: 'root=/dev/vda init=/init sh=1', agent: true };
  const installed = await scriptVm({ kernel: linux.kernel, ...boot });
  await installed.waitFor('/ # ');
  m.expect((await installed.sh('mount | grep " / "')).text).toMatch(/^\/dev\/\S+ on \/ type ext4 \(ro/);
  await installed.stop();
});
