#!/usr/bin/env bash
# Rebuild the ARM oracle's runner for qemu-arm. Needs clang and lld (Debian's).
# usage: bash test/support/arm/build.sh [--check]     --check: build elsewhere and compare with the committed file
set -euo pipefail
cd "$(dirname "$0")"
out=bin
if [[ "${1:-}" == --check ]]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
clang --target=armv7-linux-gnueabi -mcpu=cortex-a15 -marm -mfloat-abi=soft -fno-pic -O2 -ffreestanding -fno-builtin -fno-stack-protector \
  -fno-unwind-tables -fno-asynchronous-unwind-tables -Wall -Wextra -Werror -Wno-unused-command-line-argument \
  -fuse-ld=lld -nostdlib -static -no-pie -Wl,-T,runner.ld -Wl,--build-id=none -Wl,-s -Wl,-z,max-page-size=4096 -o "$out/runner.elf" runner.c
if [[ "$out" != bin ]]; then
  cmp "$out/runner.elf" bin/runner.elf
  echo "the ARM oracle's runner matches its source"
fi
