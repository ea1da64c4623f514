#!/usr/bin/env bash
# usage: examples/ci.sh [FOLDER]
# What a CI job does with tsvm: run the suites, keep the reports and what is left of each test in FOLDER (default: tsvm-results). The exit code is the
# job's. With VMLINUX and INITRAMFS (files) the suite over Linux runs too.
set -uo pipefail
cd "$(dirname "$0")/.."
results=${1:-tsvm-results}
mkdir -p "$results"
code=0

# suite NAME PATH...: one suite with all its reports.
suite() {
  local name=$1 annotations=()
  shift
  [[ -n ${GITHUB_ACTIONS-} ]] && annotations=(--report github)
  npx tsvm test "$@" --report pretty --report "junit=$results/$name.xml" --report "tap=$results/$name.tap" \
    --report "json=$results/$name.json" --artifacts "$results/$name" "${annotations[@]}" || code=1
}

suite guests examples/echo.test.ts examples/declarative
if [[ -n ${VMLINUX-} && -n ${INITRAMFS-} ]]; then
  suite linux examples/linux
else
  echo 'the suite over Linux is left out: VMLINUX and INITRAMFS name no kernel'
fi
exit "$code"
