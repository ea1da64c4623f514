#!/usr/bin/env bash
# usage: scripts/linux-4kc-malta.sh
# Debian's kernel for the Malta board (bookworm, linux-image-4kc-malta, Linux 6.1, MIPS32r2 little-endian): prints the paths of the
# kernel, which unpacks itself, and of an initramfs overlay with the modules for virtio and ext4 and the order to load them in
# (lib/modules/order), to be put behind an initramfs: cat initramfs.cpio.gz modules.cpio.gz.
NAME=4kc-malta
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
debian_kernel mipsel 4kc-malta mips_kernel 0x80000000 0xa0000000
