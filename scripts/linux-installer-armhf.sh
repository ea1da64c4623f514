#!/usr/bin/env bash
# usage: scripts/linux-installer-armhf.sh
# The Debian installer for ARMv7 boards (bookworm, armhf, netboot): prints the paths of its kernel, a zImage of flavour armmp, and of its
# initrd. They are the images of the package debian-installer-12-netboot-armhf, which apt holds to the signed lists.
NAME=installer-armhf
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
installer armhf debian-installer/armhf armmp arm_zimage
