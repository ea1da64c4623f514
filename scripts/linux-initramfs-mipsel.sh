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
initramfs mipsel "$build" mips_kernel 0x00400000 0x10000000
