#!/usr/bin/env bash
# usage: scripts/linux-lpae-armhf.sh [--build]
# Linux 5.10 for ARMv7 with LPAE, the virt platform, up to 8 processors: prints the paths of the kernel as ELF, of its System.map, and
# of the zImage. Where ../shared/guests has them, they are taken from there; --build builds all the same: Debian's linux-source-5.10
# (bullseye), scripts/linux-configs/{common,armv7-lpae}.config over allnoconfig, Debian's cross compiler; about 5 minutes on 2 cores,
# once. Linux is GPL-2: it stays in the cache, outside the project.
NAME=lpae-armhf
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
build=
case ${1-} in '') ;; --build) build=1 ;; *) usage ;; esac
[[ $# -le 1 ]] || usage

if [[ -z $build && -f $SHARED/armv7-lpae.vmlinux.xz && -f $SHARED/armv7-lpae.System.map.xz && -f $SHARED/armv7-lpae.zImage ]]; then
  shared=$(cd "$SHARED" && pwd)
  for file in vmlinux.xz System.map.xz zImage; do echo "$shared/armv7-lpae.$file"; done
  exit
fi

begin
need arm-linux-gnueabihf-gcc=gcc-arm-linux-gnueabihf gcc=gcc make=make flex=flex bison=bison bc=bc xz=xz-utils
configs=("$HERE/linux-configs/common.config" "$HERE/linux-configs/armv7-lpae.config")
key="linux-source-5.10, $(arm-linux-gnueabihf-gcc -dumpfullversion), configs $(cat "${configs[@]}" | sha256sum | cut -c1-16)"
warm "$key" vmlinux System.map zImage && exit

linux_source bullseye 5.10
cross_linux arm arm-linux-gnueabihf- zImage "${configs[@]}"
# Virtual addresses: 3 GiB of user space, the kernel 32 KiB behind it.
arm_program "$WORK/result/vmlinux" 0xc0008000 0xc0008001
arm_zimage "$WORK/result/zImage"
publish "$key" vmlinux System.map zImage
