#!/usr/bin/env bash
# usage: scripts/linux-debootstrap.sh [SUITE]
# What debootstrap's first stage makes of Debian SUITE (bookworm) for mipsel, minbase, as an ext4 image: prints its path and that of the
# list of its packages with their versions. The second stage, the hundreds of programs that install them, is the guest's: init=/second-stage
# (scripts/debootstrap/init.sh) runs it. scripts/debootstrap/check.ts does that and judges it. Neither root nor mounts are needed.
NAME=debootstrap
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -le 1 ]] || usage
SUITE=${1-bookworm}

begin
need debootstrap=debootstrap mke2fs=e2fsprogs dpkg-deb=dpkg fakeroot=fakeroot
key="$SUITE, $(dpkg-query -W debootstrap), $(cat "$HERE/debootstrap/init.sh" "$HERE/linux-debootstrap.sh" | sha256sum | cut -c1-16)"
warm "$key" root.img packages && exit

# For the name of the mirror, and to say early that a suite has no mipsel.
debian "$SUITE" mipsel
mkdir "$WORK/result"
say 'the first stage'
# Within one fakeroot, so that owners and device nodes reach the image.
fakeroot -- bash -euo pipefail -c '
  work=$1 root=$1/root suite=$2 mirror=$3 init=$4
  debootstrap --arch=mipsel --foreign --variant=minbase "$suite" "$root" "$mirror" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
  cut -d" " -f1,2 "$root/debootstrap/deburis" | sort >"$work/result/packages"
  # debootstrap takes these from the machine it runs on.
  echo debian >"$root/etc/hostname"
  : >"$root/etc/resolv.conf"
  : >"$root/debootstrap/debootstrap.log"
  install -m 755 "$init" "$root/second-stage"
  find "$root" -newermt @1700000000 -exec touch -hcd @1700000000 {} +
  truncate -s 900M "$work/result/root.img"
  mke2fs -q -F -t ext4 -L debian -U 6d697073-6c65-4865-8062-6f6f6b776f72 -E hash_seed=6d697073-6c65-4865-8062-6f6f6b776f72,lazy_itable_init=0 \
    -m 0 -N 30000 -d "$root" "$work/result/root.img"
' - "$WORK" "$SUITE" "$MIRROR" "$HERE/debootstrap/init.sh" >&2 || fail "the first stage of $SUITE"
e2fsck -fn "$WORK/result/root.img" >&2 || fail 'the image is not clean'
publish "$key" root.img packages
