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
need xz=xz-utils
# As Debian's installer would load them; what they depend on is added.
wanted=(virtio_pci virtio_mmio virtio_blk virtio_console virtio_net virtio-rng ext4 crc32c_generic)
key="linux-image-4kc-malta of bookworm, ${wanted[*]}"
warm "$key" vmlinuz modules.cpio.gz && exit

debian bookworm mipsel
package=$(apt-cache "${APT[@]}" show linux-image-4kc-malta | sed -nE 's/^Depends:.*(linux-image-[0-9][^ ,]*-4kc-malta).*/\1/p' | head -n 1)
[[ -n $package ]] || fail 'bookworm has no linux-image-4kc-malta for mipsel'
fetch "$package" "$WORK/package"
say "$package $VERSION"
release=${package#linux-image-}
mkdir "$WORK/result"
cp "$WORK/package/boot/vmlinuz-$release" "$WORK/result/vmlinuz" || fail "no kernel in $package"
mips_kernel "$WORK/result/vmlinuz" 0x80000000 0xa0000000

# Modules in the order to load them: what one depends on first. A module says so itself, in its .modinfo section.
modules=$WORK/package/lib/modules/$release/kernel
declare -A file added
while IFS= read -r path; do
  name=$(basename "$path" .ko)
  file[${name//-/_}]=$path
done < <(find "$modules" -name '*.ko')
mkdir -p "$WORK/overlay/lib/modules"
add() {
  local name=${1//-/_} other
  [[ -z ${added[$name]-} ]] || return 0
  [[ -n ${file[$name]-} ]] || fail "$package has no module $name"
  added[$name]=1
  for other in $(tr '\0' '\n' <"${file[$name]}" | sed -n 's/^depends=//p' | tr ',' ' '); do add "$other"; done
  cp "${file[$name]}" "$WORK/overlay/lib/modules/$name.ko"
  echo "$name.ko" >>"$WORK/overlay/lib/modules/order"
}
for module in "${wanted[@]}"; do add "$module"; done
cpio_ts pack "$WORK/overlay" >"$WORK/result/modules.cpio.gz"
publish "$key" vmlinuz modules.cpio.gz
