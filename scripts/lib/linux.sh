# shellcheck shell=bash
# What the linux-*.sh scripts share. Source it after setting NAME; then stdout is for the paths of results alone.
#   $NAME     the script's name, and the folder of its results below $CACHE
#   $CACHE    where results are kept: ${TSVM_CACHE:-${XDG_CACHE_HOME:-~/.cache}/tsvm}/linux
#   $HERE     the folder scripts/
#   $WORK     a scratch folder in the cache, removed at the end, after `begin`
# Exit codes of the scripts: 0 the results stand, 1 they could not be made (why is on stderr), 2 bad usage.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${TSVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tsvm}/linux
# Kernels and initramfs images that a developer's machine may have beside the project.
# shellcheck disable=SC2034
SHARED=$HERE/../../shared/guests
WORK=

say() { echo "$NAME: $*" >&2; }
fail() { say "failed: $*"; exit 1; }

# The usage comment of the script: its first lines.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

# begin: the cache, one script of a name at a time, a scratch folder.
begin() {
  mkdir -p "$CACHE" || fail "no cache at $CACHE (TSVM_CACHE says where else)"
  exec 9>"$CACHE/.lock-$NAME"
  flock -w 1800 9 || fail "another $NAME has been running for half an hour (lock $CACHE/.lock-$NAME)"
  rm -rf "$CACHE/.work-$NAME".*
  WORK=$(mktemp -d "$CACHE/.work-$NAME.XXXXXX")
  trap 'rm -rf "$WORK"' EXIT
  trap 'fail "interrupted"' INT TERM
  trap 'say "failed: line $LINENO: $BASH_COMMAND"' ERR
}

# warm KEY FILE...: are these results in the cache, made from what KEY says, and whole? Prints their paths then.
warm() {
  local key=$1 file
  shift
  [[ -f $CACHE/$NAME/SHA256SUMS && $(cat "$CACHE/$NAME/made-from" 2>/dev/null) == "$key" ]] || return 1
  if ! (cd "$CACHE/$NAME" && sha256sum --check --quiet --strict SHA256SUMS) >&2; then
    say "the cache is damaged: made again"
    return 1
  fi
  for file; do [[ -f $CACHE/$NAME/$file ]] || return 1; done
  for file; do echo "$CACHE/$NAME/$file"; done
}

# publish KEY FILE...: make the files (in $WORK/result) the results, all at once, and print their paths.
publish() {
  local key=$1 file
  shift
  echo "$key" >"$WORK/result/made-from"
  (cd "$WORK/result" && sha256sum "$@" >SHA256SUMS)
  if [[ -e $CACHE/$NAME ]]; then mv "$CACHE/$NAME" "$WORK/old"; fi
  mv "$WORK/result" "$CACHE/$NAME"
  for file; do echo "$CACHE/$NAME/$file"; done
}

# need TOOL=PACKAGE...: install the packages whose tools are missing.
need() {
  local pair missing=() as_root=()
  for pair; do command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}"); done
  [[ ${#missing[@]} -eq 0 ]] && return
  [[ $(id -u) -eq 0 ]] || as_root=(sudo -n)
  say "installing ${missing[*]}"
  { "${as_root[@]}" apt-get update -q && "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"; } >&2 ||
    fail "apt-get could not install: ${missing[*]}"
}

# debian SUITE ARCH: an apt of our own in the cache, for a suite and architecture this machine need not have. It takes the mirror
# from the machine's own sources; the machine's proxies hold, its lists and packages stay as they are. Sets APT (the options) and MIRROR.
debian() {
  local suite=$1 arch=$2 root=$CACHE/apt/$1-$2
  MIRROR=$(sed -nE 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]+/debian)/?( .*)?$#\3#p' /etc/apt/sources.list \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1) || true
  MIRROR=${MIRROR:-http://deb.debian.org/debian}
  mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/none"
  [[ -f $root/status ]] || : >"$root/status"
  cat >"$root/debian.sources" <<SOURCES
Types: deb
URIs: $MIRROR
Suites: $suite
Components: main
Architectures: $arch
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  APT=(-q -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch" -o "Dir::Etc::SourceList=$root/debian.sources"
    -o "Dir::Etc::SourceParts=$root/none" -o "Dir::Etc::Preferences=$root/none/preferences" -o "Dir::Etc::PreferencesParts=$root/none"
    -o "Dir::State=$root" -o "Dir::State::Lists=$root/lists" -o "Dir::State::Status=$root/status"
    -o "Dir::Cache=$root" -o "Dir::Cache::Archives=$root/archives"
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  say "package lists of $suite ($arch) from $MIRROR"
  apt-get "${APT[@]}" -o APT::Update::Error-Mode=any update >&2 || fail "no package lists of $suite ($arch) from $MIRROR"
}

# fetch PACKAGE FOLDER: download a package (apt holds it to the signed lists' SHA-256) and unpack it. Sets VERSION.
fetch() {
  local package=$1 folder=$2 debs
  say "downloading $package"
  mkdir -p "$WORK/debs-$package"
  (cd "$WORK/debs-$package" && apt-get "${APT[@]}" download "$package" >&2) || fail "$package could not be downloaded from $MIRROR"
  debs=("$WORK/debs-$package"/*.deb)
  VERSION=$(dpkg-deb -f "${debs[0]}" Version)
  dpkg-deb -x "${debs[0]}" "$folder" || fail "$package ($VERSION) does not unpack"
  rm -rf "$WORK/debs-$package"
}

# linux_source SUITE VERSION: Debian's source of Linux, unpacked. Sets SOURCE, its folder.
linux_source() {
  debian "$1" all
  fetch "linux-source-$2" "$WORK/package"
  say "unpacking $VERSION"
  tar -xf "$WORK/package/usr/src/linux-source-$2.tar.xz" -C "$WORK" || fail 'the source does not unpack'
  rm -r "$WORK/package"
  SOURCE=$WORK/linux-source-$2
}

# cross_linux ARCH CROSS IMAGE CONFIG...: the kernel of $SOURCE, these configurations over allnoconfig, into $WORK/result: vmlinux
# (stripped) and System.map, and of the architecture's boot folder IMAGE, where that is not empty.
cross_linux() {
  local arch=$1 cross=$2 image=$3 make refused
  shift 3
  mkdir "$WORK/build" "$WORK/result"
  cat "$@" >"$WORK/wanted.config"
  # The same source, compiler and configuration give the same kernel: nothing of this day is in it, and of this machine
  # only whether the target's libc is installed (CONFIG_CC_CAN_LINK, in the kernel's copy of its configuration).
  export KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_USER=tsvm KBUILD_BUILD_HOST=tsvm KBUILD_BUILD_VERSION=1
  make=(make -s -C "$SOURCE" "O=$WORK/build" "ARCH=$arch" "CROSS_COMPILE=$cross")
  "${make[@]}" "KCONFIG_ALLCONFIG=$WORK/wanted.config" allnoconfig >"$WORK/log" 2>&1 || { tail -n 20 "$WORK/log" >&2; fail 'the configuration'; }
  refused=$(grep -h '^CONFIG_' "$@" | grep -vxFf "$WORK/build/.config" || true)
  [[ -z $refused ]] || fail "the kernel's configuration did not take: $refused"
  say "building (log: $WORK/log)"
  nice -n 10 "${make[@]}" "-j$(nproc)" vmlinux ${image:+"$image"} >"$WORK/log" 2>&1 || { tail -n 30 "$WORK/log" >&2; fail 'the build'; }
  "${cross}strip" -s -o "$WORK/result/vmlinux" "$WORK/build/vmlinux"
  cp "$WORK/build/System.map" "$WORK/result/System.map"
  [[ -z $image ]] || cp "$WORK/build/arch/$arch/boot/$image" "$WORK/result/$image"
}
mipsel_linux() { cross_linux mips mipsel-linux-gnu- '' "$@"; }

# executable FILE WHAT MACHINE LOW HIGH: a 32-bit little-endian executable for MACHINE (e_machine as 4 hex digits) with its entry in
# [LOW, HIGH)?
executable() {
  local file=$1 what=$2 machine=$3 low=$4 high=$5 head entry
  head=$(od -An -v -tx1 -N20 "$file" | tr -d ' \n')
  # e_ident (class 1, data 1, version 1), e_type 2, e_machine
  [[ ${head:0:14} == 7f454c46010101 && ${head:32:8} == 0200$machine ]] ||
    fail "$(basename "$file") is no 32-bit little-endian $what executable (begins $head)"
  entry=$(od -An -tu4 -j24 -N4 --endian=little "$file" | tr -d ' ')
  ((entry >= low && entry < high)) ||
    fail "$(printf '%s: entry 0x%08x is not in 0x%08x-0x%08x' "$(basename "$file")" "$entry" "$low" "$high")"
}
mips_kernel() { executable "$1" MIPS 0800 "$2" "$3"; }
arm_program() { executable "$1" ARM 2800 "$2" "$3"; }

# arm_zimage FILE: an ARM zImage, whole?
arm_zimage() {
  local words
  # Its magic number, where it thinks to be loaded, and its end.
  read -ra words < <(od -An -tx4 -j36 -N12 --endian=little "$1")
  [[ ${words[0]-} == 016f2818 ]] || fail "$(basename "$1") is no zImage"
  ((0x${words[2]} - 0x${words[1]} <= $(stat -c %s "$1"))) || fail "$(basename "$1") is cut short"
}

# debian_kernel ARCH FLAVOUR CHECK...: the whole of a script for Debian's linux-image-FLAVOUR (bookworm): its kernel, which CHECK FILE
# must like, and an initramfs overlay with the modules for virtio and ext4 and the order to load them in (lib/modules/order).
debian_kernel() {
  local arch=$1 flavour=$2 wanted key package release module path
  shift 2
  need xz=xz-utils
  # As Debian's installer would load them; what they depend on is added.
  wanted=(virtio_pci virtio_mmio virtio_blk virtio_console virtio_net virtio-rng ext4 crc32c_generic)
  key="linux-image-$flavour of bookworm, ${wanted[*]}"
  warm "$key" vmlinuz modules.cpio.gz && return

  debian bookworm "$arch"
  package=$(apt-cache "${APT[@]}" show "linux-image-$flavour" | sed -nE "s/^Depends:.*(linux-image-[0-9][^ ,]*-$flavour)( .*|,.*|)\$/\1/p" | head -n 1)
  [[ -n $package ]] || fail "bookworm has no linux-image-$flavour for $arch"
  fetch "$package" "$WORK/package"
  say "$package $VERSION"
  release=${package#linux-image-}
  mkdir "$WORK/result"
  cp "$WORK/package/boot/vmlinuz-$release" "$WORK/result/vmlinuz" || fail "no kernel in $package"
  "$1" "$WORK/result/vmlinuz" "${@:2}"

  # Modules in the order to load them: what one depends on first.
  declare -A file added
  while IFS= read -r path; do
    module=$(basename "$path" .ko)
    file[${module//-/_}]=$path
  done < <(find "$WORK/package/lib/modules/$release/kernel" -name '*.ko')
  mkdir -p "$WORK/overlay/lib/modules"
  for module in "${wanted[@]}"; do add_module "$module"; done
  cpio_ts pack "$WORK/overlay" >"$WORK/result/modules.cpio.gz"
  publish "$key" vmlinuz modules.cpio.gz
}
# Of debian_kernel's: one module, and what it says in its .modinfo section that it depends on.
add_module() {
  local name=${1//-/_} other
  [[ -z ${added[$name]-} ]] || return 0
  if [[ -z ${file[$name]-} ]]; then
    grep -q "/${name//_/[-_]}.ko$" "$WORK/package/lib/modules/$release/modules.builtin" || fail "$package has no module $name"
    return 0
  fi
  added[$name]=1
  for other in $(tr '\0' '\n' <"${file[$name]}" | sed -n 's/^depends=//p' | tr ',' ' '); do add_module "$other"; done
  cp "${file[$name]}" "$WORK/overlay/lib/modules/$name.ko"
  echo "$name.ko" >>"$WORK/overlay/lib/modules/order"
}

# installer ARCH FOLDER FLAVOUR CHECK...: the whole of a script for the Debian installer (bookworm, netboot): the kernel, which CHECK FILE
# must like, and the initrd that debian-installer-12-netboot-ARCH has below FOLDER.
installer() {
  local arch=$1 folder=$2 flavour=$3 package key part path
  shift 3
  package=debian-installer-12-netboot-$arch
  key="$package, $folder"
  warm "$key" vmlinuz initrd.gz && return

  debian bookworm "$arch"
  fetch "$package" "$WORK/package"
  say "$package $VERSION"
  mkdir "$WORK/result"
  for part in vmlinuz initrd.gz; do
    path=$(find "$WORK/package" -type f -path "*$folder*" \( -name "$part" -o -name "$part-*-$flavour" \))
    [[ $(wc -l <<<"$path") -eq 1 && -n $path ]] || fail "$package holds not one $folder/$part but: ${path:-none}"
    cp "$path" "$WORK/result/$part"
  done
  "$1" "$WORK/result/vmlinuz" "${@:2}"
  gzip -t "$WORK/result/initrd.gz" || fail 'the initrd is damaged'
  publish "$key" vmlinuz initrd.gz
}

# initramfs ARCH BUILD CHECK...: the whole of a script for initramfs images: prints the path of the guest's (init, benchmarks, busybox), of
# the tests' (busybox and scripts/linux-initramfs, whose init obeys the same words of the kernel's command line and a few more), and of
# busybox alone. The first is ../shared/guests/ARCH.cpio.gz where that is and BUILD is empty; else the tests' serves as both: its
# benchmarks are shell loops. busybox, which CHECK FILE must like, is the one of that image, else of Debian's busybox-static (bookworm).
initramfs() {
  local arch=$1 own=$HERE/linux-initramfs shared='' key guest others busybox root applet
  [[ -n $2 || ! -f $SHARED/$arch.cpio.gz ]] || shared=$(cd "$SHARED" && pwd)/$arch.cpio.gz
  shift 2
  key="busybox of ${shared:-bookworm}, $(cd "$own" && sha256sum -- * | cat - "$HERE/linux-cpio.ts" | sha256sum | cut -c1-16)"
  guest=${shared:-$CACHE/$NAME/tools.cpio.gz}
  if others=$(warm "$key" tools.cpio.gz busybox); then
    printf '%s\n' "$guest" "$others"
    return
  fi

  mkdir "$WORK/result"
  if [[ -n $shared ]]; then
    cpio_ts extract "$shared" bin/busybox >"$WORK/result/busybox" || fail "no busybox in $shared"
  else
    debian bookworm "$arch"
    fetch busybox-static "$WORK/package"
    busybox=$(find "$WORK/package" -type f -name busybox -path '*bin/*')
    cp "$busybox" "$WORK/result/busybox" || fail 'no busybox in busybox-static'
  fi
  "$1" "$WORK/result/busybox" "${@:2}"

  root=$WORK/root
  mkdir -p "$root"/{bin,dev,etc,lib,mnt,proc,root,sys,tmp}
  install -m 755 "$WORK/result/busybox" "$root/bin/busybox"
  while read -r applet; do ln -s busybox "$root/bin/$applet"; done <"$own/applets"
  install -m 755 "$own/init.sh" "$root/init"
  install -m 644 "$own/jobs.sh" "$root/lib/jobs.sh"
  install -m 644 "$own/passwd" "$root/etc/passwd"
  cpio_ts pack "$root" >"$WORK/result/tools.cpio.gz" || fail 'the archive'
  echo "$guest"
  publish "$key" tools.cpio.gz busybox
}

# cpio_ts ARGS...: scripts/linux-cpio.ts
cpio_ts() { (cd "$HERE/.." && npx --no-install tsx scripts/linux-cpio.ts "$@"); }
