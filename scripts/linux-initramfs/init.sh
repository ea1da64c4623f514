#!/bin/sh
# /init of the test guests. Words of the kernel's command line, in this order:
#   cat=/path,...             show files
#   bench=NAME,... | all      the benchmarks of jobs.sh: BENCH <name> ops=<n> us=<t> rate=<ops/s> sum=<checksum> <OK|BAD>
#   do=JOB[:ARGUMENT],...     the jobs of jobs.sh: JOB <job> <OK|BAD>
#   switch=/dev/DISK          go on with the /sbin/init that is on this ext4
#   sh=1                      a shell on the console
#   after=poweroff|reboot|halt|loop   how to end (poweroff)
export PATH=/bin HOME=/root TERM=vt100
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
exec </dev/console >/dev/console 2>&1

if [ -f /lib/modules/order ]; then
  while read -r module; do insmod "/lib/modules/$module" || echo "INIT insmod $module failed"; done </lib/modules/order
fi

# word NAME: the value of NAME=... on the command line; nothing when it is not there.
word() {
  for given in $(cat /proc/cmdline); do
    case $given in "$1="*) echo "${given#*=}" && return ;; esac
  done
}
# words NAME: the same, cut at commas.
words() { word "$1" | tr , ' '; }

. /lib/jobs.sh

echo
echo "GUEST-READY $(uname -m) $(nproc)"
echo "INIT kernel=$(uname -r) uptime=$(cut_uptime)"
for file in $(words cat); do echo "CAT $file" && cat "$file"; done
for name in $(words bench); do bench "$name"; done
[ -z "$(word bench)" ] || echo BENCH-ALL-DONE
for job in $(words do); do
  name=${job%%:*}
  argument=${job#"$name"}
  if "job_$name" "${argument#:}"; then echo "JOB $name OK"; else echo "JOB $name BAD"; fi
done
if [ -n "$(word switch)" ]; then
  mount -t ext4 "$(word switch)" /mnt
  exec switch_root /mnt /sbin/init
fi
[ -z "$(word sh)" ] || sh

after=$(word after)
echo "INIT done, ${after:=poweroff}"
sync
case $after in
  reboot) reboot -f ;;
  halt) halt -f ;;
  loop) while :; do sleep 1000; done ;;
  *) poweroff -f ;;
esac
while :; do sleep 1000; done
