#!/usr/bin/env bash
# usage: scripts/linux-debian-root.sh
# A small Debian (bookworm, mipsel) as a root file system, dynamically linked and with a compiler: prints the paths of the ext4 image
# and of an initrd for kernels that have their drivers as modules (it loads lib/modules/order of a modules overlay, finds the root on
# /dev/vda and goes there). What is installed is scripts/debian-root/packages and what that depends on, unpacked without maintainer
# scripts; /init runs /checks/run.sh (scripts/debian-root) and powers off. Neither root nor mounts are needed.
NAME=debian-root
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
need mke2fs=e2fsprogs dpkg-deb=dpkg fakeroot=fakeroot
own=$HERE/debian-root
busybox=$("$HERE/linux-initramfs-mipsel.sh" | tail -n 1) || fail 'no busybox'
key="packages and files $(cd "$own" && find . -type f -print0 | sort -z | xargs -0 sha256sum | cat - "$HERE/linux-debian-root.sh" | sha256sum | cut -c1-16)"
warm "$key" root.img initrd.cpio.gz && exit

debian bookworm mipsel
mapfile -t packages < <(sed 's/#.*//' "$own/packages" | xargs -n 1)
say "downloading ${#packages[@]} packages and what they depend on"
apt-get "${APT[@]}" -o Debug::NoLocking=1 install -y --no-install-recommends --download-only "${packages[@]}" >&2 ||
  fail "the packages could not be downloaded from $MIRROR"

mkdir "$WORK/result" "$WORK/root"
root=$WORK/root
# Merged /usr, as in every bookworm.
mkdir -p "$root"/usr/{bin,sbin,lib} "$root"/{dev,etc,proc,root,run,sys,tmp,var/tmp}
ln -s usr/bin usr/sbin usr/lib "$root/"
archives=$CACHE/apt/bookworm-mipsel/archives
mapfile -t debs < <(apt-get "${APT[@]}" -o Debug::NoLocking=1 install -y --no-install-recommends --print-uris "${packages[@]}" -o "Dir::Cache::Archives=$WORK" |
  sed -nE "s/^'[^']*' ([^ ]+\.deb) .*/\1/p")
[[ ${#debs[@]} -gt 0 ]] || fail 'apt names no packages'
say "unpacking ${#debs[@]} packages"
for deb in "${debs[@]}"; do
  # dpkg-deb -x would replace the links to usr by folders.
  dpkg-deb --fsys-tarfile "$archives/$deb" | tar -x --keep-directory-symlink --no-same-owner -C "$root" || fail "$deb does not unpack"
done
rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bash-completion,zsh,bug,i18n,zoneinfo}
# What maintainer scripts would have done.
ln -sf bash "$root/usr/bin/sh"
ln -sf gawk "$root/usr/bin/awk"
ln -sf gcc-12 "$root/usr/bin/gcc"
ln -sf cpp-12 "$root/usr/bin/cpp"
ln -sf python3.11 "$root/usr/bin/python3"
install -m 755 "$own/init.sh" "$root/init"
cp "$own"/etc/* "$root/etc/"
mkdir "$root/checks"
cp -r "$own/run.sh" "$own/checks" "$root/checks/"
find "$root/checks" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
find "$root" -exec touch -hcd @1700000000 {} +

say 'the image'
truncate -s 900M "$WORK/result/root.img"
fakeroot -- sh -c 'chown -R 0:0 "$1" && chmod 1777 "$1/tmp" "$1/var/tmp" && shift && exec "$@"' - "$root" \
  mke2fs -q -F -t ext4 -L debian -U 6d697073-6c65-4865-8062-6f6f6b776f72 -E hash_seed=6d697073-6c65-4865-8062-6f6f6b776f72,lazy_itable_init=0 \
  -m 0 -N 20000 -d "$root" "$WORK/result/root.img" || fail 'mke2fs'
e2fsck -fn "$WORK/result/root.img" >&2 || fail 'the image is not clean'

initrd=$WORK/initrd
mkdir -p "$initrd"/{bin,dev,lib,mnt,proc,sys}
install -m 755 "$busybox" "$initrd/bin/busybox"
install -m 755 "$own/initrd.sh" "$initrd/init"
cpio_ts pack "$initrd" >"$WORK/result/initrd.cpio.gz" || fail 'the initrd'
publish "$key" root.img initrd.cpio.gz
