#!/usr/bin/env bash
# usage: scripts/linux-armmp.sh
# Debian's kernel for ARMv7 boards (bookworm, linux-image-armmp, Linux 6.1, short descriptors): prints the paths of the
# zImage and of an initramfs overlay with the modules for virtio and ext4 and the order to load them in (lib/modules/order), to be put
# behind an initramfs: cat initramfs.cpio.gz modules.cpio.gz.
NAME=armmp
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
debian_kernel armhf armmp arm_zimage
