#!/usr/bin/env bash
# usage: scripts/linux-armmp-lpae.sh
# Debian's kernel for ARMv7 boards with LPAE (bookworm, linux-image-armmp-lpae, Linux 6.1, long descriptors): prints the paths of the
# zImage and of an initramfs overlay with the modules for virtio and ext4 and the order to load them in (lib/modules/order), to be put
# behind an initramfs: cat initramfs.cpio.gz modules.cpio.gz.
NAME=armmp-lpae
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
debian_kernel armhf armmp-lpae arm_zimage
