#!/usr/bin/env bash
# usage: scripts/linux-installer-mipsel.sh
# The Debian installer for the Malta board (bookworm, mipsel, netboot): prints the paths of its kernel and of its initrd. They are the
# images of the package debian-installer-12-netboot-mipsel, which apt holds to the signed lists, unlike a mirror's bare images.
NAME=installer-mipsel
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
installer mipsel malta 4kc-malta mips_kernel 0x80000000 0xa0000000
