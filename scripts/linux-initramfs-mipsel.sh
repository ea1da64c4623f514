#!/usr/bin/env bash
# usage: scripts/linux-initramfs-mipsel.sh [--build]
# initramfs images for mipsel kernels: prints the path of the guest's (init, benchmarks, busybox), of the tests' (busybox and
# scripts/linux-initramfs, whose init obeys the same words of the kernel's command line and a few more), and of busybox alone.
# The first comes from ../shared/guests where that is; else, and with --build, the tests' serves as both: its benchmarks are shell
# loops. busybox is the one of that image, else Debian's busybox-static (bookworm, mipsel).
NAME=initramfs-mipsel
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
build=
case ${1-} in '') ;; --build) build=1 ;; *) usage ;; esac
[[ $# -le 1 ]] || usage

begin
own=$HERE/linux-initramfs
[[ -n $build || ! -f $SHARED/mipsel.cpio.gz ]] || shared=$(cd "$SHARED" && pwd)/mipsel.cpio.gz
key="busybox of ${shared:-bookworm}, $(cd "$own" && sha256sum -- * | cat - "$HERE/linux-cpio.ts" | sha256sum | cut -c1-16)"
guest=${shared:-$CACHE/$NAME/tools.cpio.gz}
if others=$(warm "$key" tools.cpio.gz busybox); then
  printf '%s\n' "$guest" "$others"
  exit
fi

mkdir "$WORK/result"
if [[ -n ${shared-} ]]; then
  cpio_ts extract "$shared" bin/busybox >"$WORK/result/busybox" || fail "no busybox in $shared"
else
  debian bookworm mipsel
  fetch busybox-static "$WORK/package"
  busybox=$(find "$WORK/package" -type f -name busybox -path '*bin/*')
  cp "$busybox" "$WORK/result/busybox" || fail 'no busybox in busybox-static'
fi
mips_kernel "$WORK/result/busybox" 0x00400000 0x10000000

root=$WORK/root
mkdir -p "$root"/{bin,dev,etc,lib,mnt,proc,root,sys,tmp}
install -m 755 "$WORK/result/busybox" "$root/bin/busybox"
while read -r applet; do ln -s busybox "$root/bin/$applet"; done <"$own/applets"
install -m 755 "$own/init.sh" "$root/init"
install -m 644 "$own/jobs.sh" "$root/lib/jobs.sh"
install -m 644 "$own/passwd" "$root/etc/passwd"
cpio_ts pack "$root" >"$WORK/result/tools.cpio.gz" || fail 'the archive'
echo "$guest"
publish "$key" tools.cpio.gz busybox
