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

# mipsel_linux CONFIG...: the kernel of $SOURCE, these configurations over allnoconfig, into $WORK/result: vmlinux (stripped), System.map.
mipsel_linux() {
  local make refused
  mkdir "$WORK/build" "$WORK/result"
  cat "$@" >"$WORK/wanted.config"
  # The same source, compiler and configuration give the same kernel: nothing of this day is in it, and of this machine
  # only whether the target's libc is installed (CONFIG_CC_CAN_LINK, in the kernel's copy of its configuration).
  export KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_USER=tsvm KBUILD_BUILD_HOST=tsvm KBUILD_BUILD_VERSION=1
  make=(make -s -C "$SOURCE" "O=$WORK/build" ARCH=mips CROSS_COMPILE=mipsel-linux-gnu-)
  "${make[@]}" "KCONFIG_ALLCONFIG=$WORK/wanted.config" allnoconfig >"$WORK/log" 2>&1 || { tail -n 20 "$WORK/log" >&2; fail 'the configuration'; }
  refused=$(grep -h '^CONFIG_' "$@" | grep -vxFf "$WORK/build/.config" || true)
  [[ -z $refused ]] || fail "the kernel's configuration did not take: $refused"
  say "building (log: $WORK/log)"
  nice -n 10 "${make[@]}" "-j$(nproc)" vmlinux >"$WORK/log" 2>&1 || { tail -n 30 "$WORK/log" >&2; fail 'the build'; }
  mipsel-linux-gnu-strip -s -o "$WORK/result/vmlinux" "$WORK/build/vmlinux"
  cp "$WORK/build/System.map" "$WORK/result/System.map"
}

# mips_kernel FILE LOW HIGH: a 32-bit little-endian MIPS executable with its entry in [LOW, HIGH)?
mips_kernel() {
  local file=$1 low=$2 high=$3 head entry
  head=$(od -An -v -tx1 -N20 "$file" | tr -d ' \n')
  # e_ident (class 1, data 1, version 1), e_type 2, e_machine 8
  [[ ${head:0:14} == 7f454c46010101 && ${head:32:8} == 02000800 ]] ||
    fail "$(basename "$file") is no 32-bit little-endian MIPS executable (begins $head)"
  entry=$(od -An -tu4 -j24 -N4 --endian=little "$file" | tr -d ' ')
  ((entry >= low && entry < high)) ||
    fail "$(printf '%s: entry 0x%08x is not in 0x%08x-0x%08x' "$(basename "$file")" "$entry" "$low" "$high")"
}

# cpio_ts ARGS...: scripts/linux-cpio.ts
cpio_ts() { (cd "$HERE/.." && npx --no-install tsx scripts/linux-cpio.ts "$@"); }
