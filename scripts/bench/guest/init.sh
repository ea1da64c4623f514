#!/bin/busybox sh
# rdinit of the benchmarks that the guest image has no program for; joined to its initramfs by ../guest-image.ts. One word of the
# kernel's command line is obeyed, job=NAME:SCALE; prints JOB NAME:SCALE sum=N OK when the job's own check holds, and powers off.
b=/bin/busybox
disk=/dev/vda

$b mkdir -p /proc /dev /tmp
$b mount -t proc proc /proc
$b mount -t devtmpfs devtmpfs /dev
$b mount -t tmpfs -o size=95% tmpfs /tmp
exec </dev/console >/dev/console 2>&1

for given in $($b cat /proc/cmdline); do
  case $given in job=*) job=${given#job=} ;; esac
done
name=${job%%:*}
scale=${job#*:}
echo "GUEST-READY job $job"

# passes OPTIONS: that part of the disk SCALE times, with nothing of it in the page cache before. Reads take the first
# 128 MiB, which stay as they are; writes the 32 MiB behind.
passes() {
  pass=0
  while [ $pass -lt "$scale" ]; do
    pass=$((pass + 1))
    echo 1 >/proc/sys/vm/drop_caches
    $b dd "$@" 2>/dev/null || return 1
  done
}

# summed: a loop of the shell, 10,000 times SCALE: an interpreter's calls and switches.
summed() {
  n=0
  while [ $n -lt $((scale * 10000)) ]; do n=$((n + 1)) sum=$((sum + n)); done
}
# hashed: SCALE megabytes through a pipe into SHA-256.
hashed() {
  hash=$($b dd if=/dev/zero bs=1M count="$scale" 2>/dev/null | $b sha256sum)
  sum=$((0x${hash%"${hash#????}"}))
}
# spawned: a large program that ends at once, SCALE times.
spawned() {
  while [ $sum -lt "$scale" ]; do sum=$((sum + 1)) && $b true || return 1; done
}

# touched: every page of RAM that user space can have, by a file of SCALE megabytes; then what the benchmarks touch.
touched() {
  $b dd if=/dev/zero of=/tmp/fill bs=1M count="$scale" 2>/dev/null && $b rm /tmp/fill || return 1
  [ ! -x /bin/bench ] || /bin/bench all
}

sum=0
case $name in
  pages | random) /tsvm-bench/$name "$scale"; sum=$?; [ $sum -lt 128 ] ;;
  shell) summed ;;
  hash) hashed ;;
  spawn) spawned ;;
  cached) passes if=$disk of=/dev/null bs=1M count=128 ;;
  direct) passes if=$disk of=/dev/null bs=1M count=128 iflag=direct ;;
  write) passes if=/dev/zero of=$disk bs=1M seek=128 count=32 conv=fsync ;;
  memory) touched ;;
  *) false ;;
esac && echo "JOB $job sum=$sum OK"
$b poweroff -f
