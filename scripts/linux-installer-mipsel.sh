#!/usr/bin/env bash
# usage: scripts/linux-installer-mipsel.sh
# The Debian installer for the Malta board (bookworm, mipsel, netboot): prints the paths of its kernel and of its initrd. They are the
# images of the package debian-installer-12-netboot-mipsel, which apt holds to the signed lists, unlike a mirror's bare images.
NAME=installer-mipsel
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
package=debian-installer-12-netboot-mipsel
key="$package, malta"
warm "$key" vmlinuz initrd.gz && exit

debian bookworm mipsel
fetch "$package" "$WORK/package"
say "$package $VERSION"
mkdir "$WORK/result"
for part in vmlinuz initrd.gz; do
  path=$(find "$WORK/package" -type f -path '*malta*' \( -name "$part" -o -name "$part-*-4kc-malta" \))
  [[ $(wc -l <<<"$path") -eq 1 && -n $path ]] || fail "$package holds not one malta/$part but: ${path:-none}"
  cp "$path" "$WORK/result/$part"
done
mips_kernel "$WORK/result/vmlinuz" 0x80000000 0xa0000000
gzip -t "$WORK/result/initrd.gz" || fail 'the initrd is damaged'
publish "$key" vmlinuz initrd.gz
