#!/bin/bash
# /second-stage, started by the kernel (init=): debootstrap's second stage on the root it lies on, then questions to the system it has made,
# then power off. The console shows debootstrap's own words, and
#   SECOND-STAGE-BEGIN MACHINE KERNEL
#   SECOND-STAGE status=N processes=N   how debootstrap ended, and how many processes there have been
#   CHECK NAME: ANSWER                  the same on every machine
#   SECOND-STAGE-DONE clean|dirty       clean: nothing more can be written
export PATH=/usr/bin:/usr/sbin HOME=/root LC_ALL=C TZ=UTC TERM=vt100
if [[ ${1-} != questions ]]; then
  mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
  mkdir -p /dev/pts /dev/shm
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  ln -sf /proc/self/fd /dev/fd
  exec </dev/console >/dev/console 2>&1
  stty -onlcr
  echo
  echo "SECOND-STAGE-BEGIN $(uname -m) $(uname -r)"
  /debootstrap/debootstrap --second-stage </dev/null
  status=$?
  mountpoint -q /proc || mount -t proc proc /proc
  echo "SECOND-STAGE status=$status processes=$(awk '/^processes/ { print $2 }' /proc/stat)"
  [[ $status -eq 0 ]] || tail -n 20 /debootstrap/debootstrap.log
  # The bash and libc that run this have been replaced; while they run, the root cannot become read-only.
  exec bash /second-stage questions
fi

check() { echo "CHECK $1: $(eval "$2" 2>&1 | tr '\n' ' ' | sed 's/ $//')"; }
check debootstrap 'if [[ -e /debootstrap ]]; then echo still there; else echo gone; fi'
check audit 'dpkg --audit; echo status $?'
# Every file of every package by its MD5 sum. What is changed after unpacking, or removed, shows here.
check verify 'dpkg --verify; echo status $?'
check installed "dpkg -l | grep -c '^ii '"
check not-installed "dpkg -l | grep '^[a-z][a-zA-Z] ' | grep -vc '^ii '"
check packages 'dpkg-query -W -f "\${Package} \${Version}\n" | sort | sha256sum | cut -d" " -f1'
check apt 'apt-get check; apt-get -s install perl-base | tail -n 1'
check dash 'sh -c "echo \$((6 * 7)) \$(seq 1 1000 | sort -r | head -n 2)"'
check bash 'a=(); for ((n = 0; n < 20000; n++)); do a[n]=$((n * n % 1009)); done; printf "%s\n" "${a[@]}" | sort -n | uniq -c | md5sum'
check perl 'perl -e '\''use List::Util "sum"; my %h; $h{$_ % 997} .= chr 65 + $_ % 26 for 1 .. 50000;
  printf "%.15g %.17g %s\n", 4 * atan2(1, 1), sum(map { sqrt } 1 .. 20000), unpack "%32C*", join "", map { $h{$_} } sort keys %h'\'
check mawk 'mawk "BEGIN { for (i = 1; i <= 100000; i++) s += 1 / i; printf \"%.17g\", s }"'
check archives 'cd /usr/share/common-licenses; tar --sort=name --owner=0 --group=0 --mtime=@0 -c . | gzip -9n | sha256sum | cut -c1-16; gzip -9c GPL-3 | gzip -d | cmp - GPL-3 && echo same'
check libc 'ldd /usr/bin/apt-get | grep -c "=>"; getent passwd root; getconf PAGESIZE; locale -a | head -n 1'
check users 'sha256sum </etc/passwd | cut -c1-16; passwd -S root | cut -d" " -f1,2'
check oops 'dmesg | grep -cE "Oops|BUG:|WARNING:|do_ri|segfault|unaligned|Call Trace"'

cd /
for folder in /dev/shm /dev/pts /sys /proc; do ! mountpoint -q "$folder" || umount "$folder"; done
sync
# Only a root that nobody writes on becomes read-only; its journal is empty then.
if mount -o remount,ro /; then echo 'SECOND-STAGE-DONE clean'; else echo 'SECOND-STAGE-DONE dirty'; fi
# reboot(2): LINUX_REBOOT_MAGIC1 and 2, LINUX_REBOOT_CMD_POWER_OFF. A minimal Debian has no init system to ask.
exec perl -e 'syscall(4088, 0xfee1dead, 672274793, 0x4321fedc, 0); sleep 1000'
