#!/bin/bash
# usage: bash run.sh [NAME...]
# Runs the checks (all, or those named) one by one in a folder of their own below /tmp, and prints what they print:
#   == NAME
#   ...
#   -- NAME STATUS
# Every line is the same on every machine of this architecture. How a check runs is in its name: .sh .pl .py .awk .bc .sql .lua, and
# .c, which gcc -O2 compiles first.
export PATH=/usr/bin:/usr/sbin HOME=/root LC_ALL=C TZ=UTC PYTHONHASHSEED=0 PERL_HASH_SEED=0 PYTHONDONTWRITEBYTECODE=1
checks=$(cd "$(dirname "$0")" && pwd)/checks
cd "$checks" || exit 1
shopt -s nullglob

run_one() {
  local file=$1
  case $file in
    *.sh) bash "$file" ;;
    *.pl) perl -w "$file" ;;
    *.py) python3 -B "$file" ;;
    *.awk) awk -f "$file" ;;
    *.bc) BC_LINE_LENGTH=0 bc -q "$file" ;;
    *.sql) sqlite3 -batch <"$file" ;;
    *.lua) lua5.4 "$file" ;;
    *.c) gcc -O2 -pthread -o program "$file" -lm -latomic && ./program ;;
  esac
}

if [[ $# -gt 0 ]]; then
  files=()
  for name; do files+=("$checks/$name".*); done
else
  files=("$checks"/*.{sh,pl,py,awk,bc,sql,lua,c})
fi
for file in "${files[@]}"; do
  name=$(basename "${file%.*}")
  echo "== $name"
  folder=$(mktemp -d /tmp/check.XXXXXX)
  # A pipe, so that programs buffer as they do without a terminal.
  (cd "$folder" && run_one "$file" </dev/null 2>&1) | cat
  echo "-- $name ${PIPESTATUS[0]}"
  rm -rf "$folder"
done
