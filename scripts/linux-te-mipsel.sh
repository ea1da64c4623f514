#!/usr/bin/env bash
# usage: scripts/linux-te-mipsel.sh [--build]
# Linux 5.10 for MIPS trap-and-emulate (CONFIG_KVM_GUEST), Malta, MIPS32r2 little-endian, 16 KiB pages: prints the paths of the kernel
# and of its System.map. Where ../shared/guests has them, they are taken from there; --build builds all the same: Debian's
# linux-source-5.10 (bullseye), scripts/linux-configs/{common,te-mipsel}.config over allnoconfig, Debian's cross compiler; about 4
# minutes on 2 cores, once. Linux is GPL-2: it stays in the cache, outside the project.
NAME=te-mipsel
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
build=
case ${1-} in '') ;; --build) build=1 ;; *) usage ;; esac
[[ $# -le 1 ]] || usage

if [[ -z $build && -f $SHARED/te-mipsel-16k.vmlinux.xz && -f $SHARED/te-mipsel-16k.System.map.xz ]]; then
  shared=$(cd "$SHARED" && pwd)
  echo "$shared/te-mipsel-16k.vmlinux.xz"
  echo "$shared/te-mipsel-16k.System.map.xz"
  exit
fi

begin
need mipsel-linux-gnu-gcc=gcc-mipsel-linux-gnu gcc=gcc make=make flex=flex bison=bison bc=bc xz=xz-utils
configs=("$HERE/linux-configs/common.config" "$HERE/linux-configs/te-mipsel.config")
key="linux-source-5.10, $(mipsel-linux-gnu-gcc -dumpfullversion), configs $(cat "${configs[@]}" | sha256sum | cut -c1-16)"
warm "$key" vmlinux System.map && exit

linux_source bullseye 5.10
mipsel_linux "${configs[@]}"
# Trap-and-emulate kernels are linked at 0x40000000, the guest's KSEG0.
mips_kernel "$WORK/result/vmlinux" 0x40000000 0x60000000
grep -q ' T kernel_entry$\| T __kernel_entry$' "$WORK/result/System.map" || fail 'System.map names no kernel_entry'
publish "$key" vmlinux System.map
