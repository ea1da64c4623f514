#!/usr/bin/env bash
# usage: scripts/torture/sources.sh
# GCC's execution tests (gcc.c-torture/execute of Debian's gcc-12-source, bookworm): prints the path of a tar of that folder, with a file
# VERSION in it, and installs what scripts/torture.ts compiles and runs them with. GCC is GPL-3: it stays in the cache, outside the project.
NAME=gcc-torture
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/../lib/linux.sh"
[[ $# -eq 0 ]] || usage

begin
need mipsel-linux-gnu-gcc-12=gcc-12-mipsel-linux-gnu qemu-mipsel=qemu-user mke2fs=e2fsprogs xz=xz-utils
# A library has no command to look for.
[[ -f /usr/mipsel-linux-gnu/lib/libc.a ]] || need libc.a-for-mipsel=libc6-dev-mipsel-cross
key='gcc-12-source of bookworm, gcc.c-torture/execute'
warm "$key" execute.tar && exit

debian bookworm mipsel
fetch gcc-12-source "$WORK/package"
say "unpacking $VERSION"
sources=("$WORK"/package/usr/src/gcc-12/gcc-12.*.tar.xz)
tar -xf "${sources[0]}" -C "$WORK" --strip-components=1 --wildcards '*/gcc/testsuite/gcc.c-torture/execute' ||
  fail "no torture programs in ${sources[0]##*/}"
folder=$WORK/gcc/testsuite/gcc.c-torture/execute
[[ $(find "$folder" -name '*.c' | wc -l) -gt 1500 ]] || fail 'gcc.c-torture/execute holds fewer than 1500 programs'
echo "gcc-12-source $VERSION" >"$folder/VERSION"
mkdir "$WORK/result"
tar -cf "$WORK/result/execute.tar" --sort=name --owner=0 --group=0 -C "$folder" .
publish "$key" execute.tar
