#!/usr/bin/env bash
# Builds the guest programs with Debian's clang, ld.lld and llvm-objcopy.
#
#   scripts/build-guests.sh             into guests/bin, with SHA256SUMS
#   scripts/build-guests.sh DIR         into DIR
#   scripts/build-guests.sh --check     into a temporary folder, compared with guests/bin/SHA256SUMS
#   scripts/build-guests.sh --malta DIR the same programs for QEMU's Malta (checked there, never committed)
#   scripts/build-guests.sh --expected  regenerates guests/selfcheck/expected-{el,eb}.h under qemu-user
set -euo pipefail
cd "$(dirname "$0")/.."

common=(-O2 -march=mips32r2 -mabi=32 -mno-abicalls -fno-pic -G0 -msoft-float -ffreestanding -fno-builtin
  -fomit-frame-pointer -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident -nostdlib -std=gnu11
  -Wall -Wextra -Werror -Iguests/lib)
link=(-nostdlib -static -N --build-id=none -T guests/lib/guest.ld)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile OBJECT SOURCE FLAGS... : -x assembler-with-cpp follows from .S
compile() {
  local object=$1 source=$2
  shift 2
  clang "$@" "${common[@]}" -c -o "$object" "$source"
}

# program ELF ENDIAN TE LOAD SOURCE... : library and sources into one stripped ELF; with a source from lib/smp for several vCPUs
program() {
  local elf=$1 endian=$2 te=$3 load=$4 smp=0
  shift 4
  [[ $* == *guests/lib/smp/* ]] && smp=1
  local dir="$work/$(basename "$elf")" objects=() library=0 source target=mipsel-unknown-elf
  [ "$endian" = eb ] && target=mips-unknown-elf
  mkdir -p "$dir"
  for source in guests/lib/*.S guests/lib/*.c "$@"; do
    objects+=("$dir/$(basename "$source").o")
    [[ $source == guests/lib/*.* && $source != guests/lib/*/* ]] && library=${#objects[@]}
    compile "${objects[-1]}" "$source" "--target=$target" "-DTE=$te" "-DSMP=$smp" "-I$work"
  done
  # Of the library, what the program needs.
  ld.lld "${link[@]}" "--defsym=LOAD=$load" -o "$dir/linked" "${objects[@]:library}" --start-lib "${objects[@]:0:library}" --end-lib
  llvm-objcopy --strip-all "$dir/linked" "$elf"
}

sources_of() {
  case $1 in
    bench) echo guests/bench/bench.c guests/bench/loops.c ;;
    exceptions | timer) echo "guests/$1"/*.c "guests/$1"/*.S ;;
    selfcheck) echo guests/selfcheck/main.c guests/selfcheck/run.S "$work/cases.S" ;;
    disk) echo guests/disk/*.c ;;
    selfmodify) echo guests/selfmodify/*.c guests/selfmodify/*.S ;;
    smp) echo guests/smp/*.c guests/lib/smp/*.S guests/lib/smp/*.c ;;
    *) echo "guests/$1/$1.c" ;;
  esac
}

te_names=(disk smp) # they need the board's interrupt controller
names=(hello echo exceptions timer exitcode hang selfcheck selfmodify bench)

# build DIR TE LOAD TAG
build() {
  local name endian all=("${names[@]}")
  [ "$2" = 1 ] && all+=("${te_names[@]}")
  mkdir -p "$1"
  npx tsx guests/selfcheck/gen.ts > "$work/cases.S"
  for name in "${all[@]}"; do
    for endian in el eb; do
      # shellcheck disable=SC2046
      program "$1/$name-$4-$endian.elf" "$endian" "$2" "$3" $(sources_of "$name")
    done
  done
}

shipped() {
  build "$1" 1 0x40100000 te
  # shellcheck disable=SC2046
  program "$1/bench-malta-el.elf" el 0 0x80100000 $(sources_of bench)
  (cd "$1" && LC_ALL=C sha256sum ./*.elf | sed 's| \./| |' > SHA256SUMS)
}

# The self-check as a Linux user program, run by qemu-user: its output is the table of expected values.
expected() {
  local endian qemu target object
  npx tsx guests/selfcheck/gen.ts > "$work/cases.S"
  for endian in el eb; do
    if [ $endian = el ]; then qemu=qemu-mipsel target=mipsel-unknown-elf; else qemu=qemu-mips target=mips-unknown-elf; fi
    for object in user.c run.S; do
      compile "$work/$object.o" "guests/selfcheck/$object" --target=$target -DTE=0
    done
    compile "$work/cases.o" "$work/cases.S" --target=$target -DTE=0
    ld.lld -nostdlib -static -o "$work/user" "$work"/{user.c,run.S}.o "$work/cases.o"
    $qemu -cpu 24Kf "$work/user" > "guests/selfcheck/expected-$endian.h"
  done
}

case ${1:-} in
  --check)
    shipped "$work/bin"
    diff guests/bin/SHA256SUMS "$work/bin/SHA256SUMS"
    (cd guests/bin && sha256sum --quiet -c SHA256SUMS)
    echo "guests: $(wc -l < guests/bin/SHA256SUMS) programs rebuilt, same as committed"
    ;;
  --malta) build "${2:?a folder}" 0 0x80100000 malta ;;
  --expected) expected ;;
  -*)
    sed -n '2,/^set/{/^#/p}' "$0" >&2
    exit 2
    ;;
  *) shipped "${1:-guests/bin}" ;;
esac
