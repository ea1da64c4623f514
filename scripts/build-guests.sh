#!/usr/bin/env bash
# Builds the guest programs with Debian's clang, ld.lld and llvm-objcopy.
#
#   scripts/build-guests.sh             into guests/bin, with SHA256SUMS
#   scripts/build-guests.sh DIR         into DIR
#   scripts/build-guests.sh --verdicts  only guests/verdicts, into guests/bin/verdicts
#   scripts/build-guests.sh --check     into a temporary folder, compared with guests/bin/SHA256SUMS
#   scripts/build-guests.sh --malta DIR the same programs for QEMU's Malta (checked there, never committed)
#   scripts/build-guests.sh --arm DIR   only those for ARM, and the same for QEMU's virt (-qemu, checked there, never committed)
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

# What a program may have besides: flags for its own sources, and what is kept of its symbols.
own_flags=()
strip=--strip-all

# program ELF ENDIAN TE LOAD SOURCE... : library and sources into one stripped ELF; with a source from lib/smp for several vCPUs
program() {
  local elf=$1 endian=$2 te=$3 load=$4 smp=0
  shift 4
  [[ $* == *guests/lib/smp/* ]] && smp=1
  local dir="$work/$(basename "$elf")" objects=() library=0 source target=mipsel-unknown-elf
  [ "$endian" = eb ] && target=mips-unknown-elf
  mkdir -p "$dir"
  for source in guests/lib/*.S guests/lib/*.c; do
    objects+=("$work/lib-$endian-$te-$smp-$(basename "$source").o")
    [ -e "${objects[-1]}" ] || compile "${objects[-1]}" "$source" "--target=$target" "-DTE=$te" "-DSMP=$smp"
  done
  library=${#objects[@]}
  for source in "$@"; do
    objects+=("$dir/$(basename "$source").o")
    compile "${objects[-1]}" "$source" "--target=$target" "-DTE=$te" "-DSMP=$smp" "-I$work" "${own_flags[@]}"
  done
  # Of the library, what the program needs.
  ld.lld "${link[@]}" "--defsym=LOAD=$load" -o "$dir/linked" "${objects[@]:library}" --start-lib "${objects[@]:0:library}" --end-lib
  llvm-objcopy "$strip" "$dir/linked" "$elf"
}

# arm_program ELF TE LOAD SOURCE... : the same for ARM, with all of this library
arm_library=(guests/lib/arm/*.S guests/lib/arm/*.c)
arm_program() {
  local elf=$1 te=$2 load=$3 objects=() source
  local dir="$work/$(basename "$elf")"
  shift 3
  mkdir -p "$dir"
  for source in "${arm_library[@]}" "$@"; do
    objects+=("$dir/$(basename "$source").o")
    clang --target=armv7-none-eabi "-DTE=$te" -O2 -mcpu=cortex-a15 -mfloat-abi=soft -marm -ffreestanding -fno-builtin -fno-pic \
      -fomit-frame-pointer -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident -nostdlib -std=gnu11 \
      -Wall -Wextra -Werror -Iguests/lib/arm -c -o "${objects[-1]}" "$source"
  done
  ld.lld "${link[@]}" "--defsym=LOAD=$load" -o "$dir/linked" "${objects[@]}"
  llvm-objcopy "$strip" "$dir/linked" "$elf"
}

# arm_zoo ELF LOAD : has an entry of its own, and symbols, which the debugger shows
arm_zoo() {
  local arm_library=() strip=--strip-debug
  arm_program "$1" 1 "$2" guests/fault-zoo-arm/*.c guests/fault-zoo-arm/*.S
}

# arm DIR TE LOAD TAG
arm() {
  local name
  mkdir -p "$1"
  for name in hello smp; do arm_program "$1/$name-arm$4.elf" "$2" "$3" "guests/$name-arm/$name.c"; done
}

sources_of() {
  case $1 in
    bench) echo guests/bench/bench.c guests/bench/loops.c ;;
    exceptions | timer | fault-zoo) echo "guests/$1"/*.c "guests/$1"/*.S ;;
    selfcheck) echo guests/selfcheck/main.c guests/selfcheck/run.S "$work/cases.S" ;;
    disk) echo guests/disk/*.c ;;
    selfmodify) echo guests/selfmodify/*.c guests/selfmodify/*.S ;;
    smp) echo guests/smp/*.c guests/lib/smp/*.S guests/lib/smp/*.c ;;
    *) echo "guests/$1/$1.c" ;;
  esac
}

te_names=(disk smp) # they need the board's interrupt controller
names=(hello echo exceptions timer exitcode hang selfcheck selfmodify bench fault-zoo)

# build DIR TE LOAD TAG
build() {
  local name endian all=("${names[@]}")
  [ "$2" = 1 ] && all+=("${te_names[@]}")
  mkdir -p "$1"
  npx tsx guests/selfcheck/gen.ts > "$work/cases.S"
  for name in "${all[@]}"; do
    [ "$name" = fault-zoo ] && strip=--strip-debug # the debugger shows its symbols
    for endian in el eb; do
      # shellcheck disable=SC2046
      program "$1/$name-$4-$endian.elf" "$endian" "$2" "$3" $(sources_of "$name")
    done
    strip=--strip-all
  done
}

# What a file of guests/verdicts needs besides itself.
parts_of() {
  local parts=guests/verdicts
  case $1 in
    input | malta) ;;
    panic) echo $parts/console.c $parts/kernel.c ;;
    forged) echo $parts/console.c $parts/kernel.c $parts/user.c $parts/user_program.S ;;
    cpus) echo $parts/console.c $parts/kernel.c guests/lib/smp/*.S guests/lib/smp/*.c ;;
    *) echo $parts/console.c ;;
  esac
}

# These are built big-endian too.
verdicts_eb=" off_finisher code_hypercall code_finisher line_spliced reboot_finisher panic_plain panic_stripped panic_silent_arguments
  oops_powers_off forged_powers_off splice_marker ktap_truncated hang_masked hang_self_branch spin_exceptions bad_boot_vectors
  smp_panic "

# verdicts DIR : one program for each GUEST(name), KERNEL(name) and MALTA(name) in guests/verdicts
verdicts() {
  local source kind name endian board
  mkdir -p "$1"
  rm -f "$1"/*.elf # also those that are no more
  for source in guests/verdicts/*.c; do
    while read -r kind name; do
      own_flags=("-DCASE=$name" -Iguests/verdicts)
      strip=--strip-all
      [ "$kind" = KERNEL ] && strip=--strip-debug
      board=(1 0x40100000)
      [ "$kind" = MALTA ] && board=(0 0x80100000)
      for endian in el eb; do
        [[ $endian == el || $verdicts_eb == *[[:space:]]"$name"[[:space:]]* ]] || continue
        # shellcheck disable=SC2046
        program "$1/${name//_/-}-$endian.elf" $endian "${board[@]}" "$source" $(parts_of "$(basename "$source" .c)")
      done
    done < <(sed -nE 's/^(GUEST|KERNEL|MALTA)\((\w+)\) .*/\1 \2/p' "$source")
  done
  own_flags=() strip=--strip-all
  sums "$1"
}

# sums DIR
sums() {
  (cd "$1" && LC_ALL=C sha256sum ./*.elf | sed 's| \./| |' > SHA256SUMS)
}

shipped() {
  local endian
  build "$1" 1 0x40100000 te
  # shellcheck disable=SC2046
  program "$1/bench-malta-el.elf" el 0 0x80100000 $(sources_of bench)
  strip=--strip-debug
  for endian in el eb; do
    # shellcheck disable=SC2046
    program "$1/fault-zoo-malta-$endian.elf" $endian 0 0x80100000 $(sources_of fault-zoo)
  done
  strip=--strip-all
  arm "$1" 1 0x80008000 ''
  arm_zoo "$1/fault-zoo-arm.elf" 0x80008000
  sums "$1"
  verdicts "$1/verdicts"
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
    for folder in bin bin/verdicts; do
      diff "guests/$folder/SHA256SUMS" "$work/$folder/SHA256SUMS"
      (cd "guests/$folder" && sha256sum --quiet -c SHA256SUMS)
    done
    echo "guests: $(cat guests/bin/SHA256SUMS guests/bin/verdicts/SHA256SUMS | wc -l) programs rebuilt, same as committed"
    ;;
  --verdicts) verdicts guests/bin/verdicts ;;
  --malta) build "${2:?a folder}" 0 0x80100000 malta ;;
  --arm)
    arm "${2:?a folder}" 1 0x80008000 ''
    arm "$2" 0 0x40008000 -qemu
    ;;
  --expected) expected ;;
  -*)
    sed -n '2,/^set/{/^#/p}' "$0" >&2
    exit 2
    ;;
  *) shipped "${1:-guests/bin}" ;;
esac
