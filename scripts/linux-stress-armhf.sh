#!/usr/bin/env bash
# usage: scripts/linux-stress-armhf.sh
# stress-ng (bookworm, armhf) with the libraries it is linked with: prints the path of an initramfs overlay, to be put behind the tests'
# initramfs, whose job `stress:SECONDS` runs it.
NAME=stress-armhf
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
need readelf=binutils
# Not all that these depend on is linked, as a whole 3D stack is not.
packages=(stress-ng libc6 libapparmor1 libbsd0 libmd0 libcrypt1 libegl1 libglvnd0 libgbm1 libgles2 libdrm2 libexpat1
  libwayland-server0 libffi8 libxcb1 libxcb-randr0 libxau6 libxdmcp6 libjpeg62-turbo libjudydebian1 libkmod2 liblzma5 libzstd1 libssl3
  libsctp1 libxxhash0 zlib1g libgcc-s1)
key="${packages[*]} of bookworm"
warm "$key" stress.cpio.gz && exit

debian bookworm armhf
for package in "${packages[@]}"; do
  fetch "$package" "$WORK/packages"
  [[ $package != stress-ng ]] || say "stress-ng $VERSION"
done
mkdir -p "$WORK/result" "$WORK/overlay"/{bin,lib}
cp "$WORK/packages/usr/bin/stress-ng" "$WORK/overlay/bin/stress-ng"
# take FILE: what it is linked with, and what that is linked with.
take() {
  local library found
  for library in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    [[ ! -e $WORK/overlay/lib/$library ]] || continue
    found=$(find "$WORK/packages" -name "$library" | head -n 1)
    [[ -n $found ]] || fail "no package has $library, which $(basename "$1") needs"
    cp -L "$found" "$WORK/overlay/lib/$library"
    take "$WORK/overlay/lib/$library"
  done
}
take "$WORK/overlay/bin/stress-ng"
cpio_ts pack "$WORK/overlay" >"$WORK/result/stress.cpio.gz"
publish "$key" stress.cpio.gz
