#!/usr/bin/env bash
# usage: scripts/linux-kunit-mipsel.sh [6.1|5.10]
# Linux with KUnit (CONFIG_KUNIT and most suites that build) for board malta, MIPS32r2 little-endian, 16 KiB pages: prints the paths of the
# kernel, of its System.map, of the sample consoles for the kernel's own parser of what KUnit says (tools/testing/kunit of the same source,
# a tar file), and of that parser itself (of 6.1 two files).
# 6.1: Debian's linux-source-6.1 (bookworm), a plain Malta kernel; kunit_shutdown=poweroff on its command line ends it after the tests.
# 5.10: Debian's linux-source-5.10 (bullseye), for trap-and-emulate; goes on to its initramfs after the tests.
# Debian's cross compiler, scripts/linux-configs over allnoconfig; about 4 minutes on 2 cores, once. scripts/linux-kunit/endings.c is built
# in besides: a suite that ends as the command line says. Linux is GPL-2: it stays in the cache, outside the project.
version=${1-6.1}
NAME=kunit-mipsel-$version
# shellcheck source=lib/linux.sh
source "$(dirname "$0")/lib/linux.sh"
case $version in
  6.1) suite=bookworm board=() low=0x80000000 high=0xa0000000 parser=(kunit_parser.py kunit_printer.py) ;;
  # Trap-and-emulate kernels are linked at 0x40000000, the guest's KSEG0.
  5.10) suite=bullseye board=(te-mipsel) low=0x40000000 high=0x60000000 parser=(kunit_parser.py) ;;
  *) usage ;;
esac
[[ $# -le 1 ]] || usage

begin
need python3=python3 mipsel-linux-gnu-gcc=gcc-mipsel-linux-gnu gcc=gcc make=make flex=flex bison=bison bc=bc xz=xz-utils
configs=()
for config in common "${board[@]}" kunit "kunit-$version"; do configs+=("$HERE/linux-configs/$config.config"); done
endings=$HERE/linux-kunit/endings.c
results=(vmlinux System.map test_data.tar "${parser[@]}")
key="linux-source-$version, $(mipsel-linux-gnu-gcc -dumpfullversion), configs $(cat "${configs[@]}" "$endings" | sha256sum | cut -c1-16)"
warm "$key" "${results[@]}" && exit

linux_source "$suite" "$version"
cp "$endings" "$SOURCE/lib/kunit/tsvm-endings.c"
# shellcheck disable=SC2016
echo 'obj-$(CONFIG_KUNIT) += tsvm-endings.o' >>"$SOURCE/lib/kunit/Makefile"
mipsel_linux "${configs[@]}"
for file in "${parser[@]}"; do cp "$SOURCE/tools/testing/kunit/$file" "$WORK/result/$file"; done
tar --sort=name -cf "$WORK/result/test_data.tar" -C "$SOURCE/tools/testing/kunit" test_data
mips_kernel "$WORK/result/vmlinux" "$low" "$high"
publish "$key" "${results[@]}"
