#!/usr/bin/env bash
# Rebuild the oracle's runner for qemu-user, both byte orders. Needs clang, lld and llvm (Debian's).
# usage: bash test/support/oracle/build.sh [--check]     --check: build elsewhere and compare with the committed files
set -euo pipefail
cd "$(dirname "$0")"
out=bin
if [[ "${1:-}" == --check ]]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
build() { # byte order, name, more options
  local order=$1 name=$2 target=mips-linux-gnu
  shift 2
  [[ $order == el ]] && target=mipsel-linux-gnu
  clang --target=$target -march=mips32r2 -mabi=32 -mno-abicalls -fno-pic -G0 -msoft-float -O2 -ffreestanding -fno-builtin \
    -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables -Wall -Wextra -Werror -Wno-unused-command-line-argument \
    -fuse-ld=lld -nostdlib -static -no-pie -Wl,-T,runner.ld -Wl,--build-id=none -Wl,-s -Wl,-z,max-page-size=4096 "$@" -o "$out/$name-$order.elf" runner.c
}
for order in el eb; do
  build "$order" runner
  build "$order" runner-fpu -DFPU
done
if [[ "$out" != bin ]]; then
  for name in runner-el runner-eb runner-fpu-el runner-fpu-eb; do cmp "$out/$name.elf" "bin/$name.elf"; done
  echo "oracle runners match their source"
fi
