#!/usr/bin/env bash
# usage: scripts/debian-root/qemu.sh IMAGE [CHECK...]
# What checks.sh prints under qemu-user (QEMU's MIPS core and this machine's kernel) in the root of IMAGE. It runs in name spaces of its
# own, with a binfmt_misc of its own (Linux 6.7), so that programs start programs; nothing of the machine changes.
set -euo pipefail
image=$(realpath "$1")
shift
qemu=$(command -v qemu-mipsel-static || true)
[[ -n $qemu ]] || { echo 'qemu.sh: no qemu-mipsel-static (Debian: qemu-user-static)' >&2; exit 1; }
root=$(mktemp -d "${TMPDIR:-/tmp}/debian-root.XXXXXX")
trap 'rm -rf "$root"' EXIT
# debugfs keeps owners when it can.
debugfs -R "rdump / $root" "$image" >/dev/null 2>&1
export root qemu QEMU_CPU=24Kf
unshare --user --map-root-user --mount --pid --fork bash -euc '
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  # e_ident, any OS ABI; e_type 2 or 3, e_machine 8. F: the interpreter is opened now, outside the root.
  magic="\\x7fELF\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x08\\x00"
  mask="\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff"
  echo ":mipsel:M::$magic:$mask:$qemu:F" >/proc/sys/fs/binfmt_misc/register
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t proc proc "$root/proc"
  exec chroot "$root" /usr/bin/bash /checks/run.sh "$@"
' - "$@"
