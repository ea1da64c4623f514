# Jobs and benchmarks of the test guests' init: shell functions, each true when its own check holds.

cut_uptime() { cut_first "$(cat /proc/uptime)"; }
cut_first() { echo "${1%% *}"; }

# disk MEGABYTES: fill a file on the ext4 of /dev/vda with a text any host can make again (numbered copies of busybox, cut to size),
# unmount, mount again, and say its SHA-256 as read back.
job_disk() {
  mount -t ext4 /dev/vda /mnt || return 1
  pieces | dd of=/mnt/fill bs=1M count="$1" iflag=fullblock 2>/dev/null || return 1
  umount /mnt || return 1
  mount -t ext4 /dev/vda /mnt || return 1
  echo "DISK size=$(stat -c %s /mnt/fill) sha256=$(cut_first "$(sha256sum /mnt/fill)")"
  umount /mnt
}
pieces() {
  piece=1
  while echo "piece $piece" && cat /bin/busybox; do piece=$((piece + 1)); done 2>/dev/null
}

# starts COUNT: start a program so many times, and take what each says.
job_starts() {
  number=0
  sum=0
  while [ "$number" -lt "$1" ]; do
    number=$((number + 1))
    sum=$((sum + $(/bin/busybox expr "$number" + 1))) || return 1
  done
  echo "STARTS $number sum=$sum"
  [ "$sum" -eq $(($1 * ($1 + 3) / 2)) ]
}

# storm COUNT: so many children at once, each with an exit code of its own; so many pipelines of six programs; and a pipeline of so many.
job_storm() {
  children=
  number=0
  while [ "$number" -lt "$1" ]; do
    number=$((number + 1))
    (exit $((number % 64))) &
    children="$children $!"
  done
  number=0
  for child in $children; do
    number=$((number + 1))
    wait "$child"
    [ $? -eq $((number % 64)) ] || return 1
  done
  number=0
  while [ "$number" -lt "$1" ]; do
    number=$((number + 1))
    [ "$(seq "$number" | cat | sort -n | cat | tail -n 1 | tr -d '\n')" = "$number" ] || return 1
  done
  chain='cat'
  while [ "$number" -gt 0 ]; do
    number=$((number - 1))
    chain="$chain | cat"
  done
  [ "$(seq 5000 | eval "$chain" | awk '{ sum += $1 } END { print sum }')" = 12502500 ]
}

# hotplug TIMES: every CPU but the first off and on again so many times; then all do work.
job_hotplug() {
  cpus=$(nproc)
  [ "$cpus" -gt 1 ] || return 1
  time=0
  while [ "$time" -lt "$1" ]; do
    time=$((time + 1))
    for cpu in /sys/devices/system/cpu/cpu[1-9]*; do echo 0 >"$cpu/online" || return 1; done
    [ "$(nproc)" -eq 1 ] || return 1
    for cpu in /sys/devices/system/cpu/cpu[1-9]*; do echo 1 >"$cpu/online" || return 1; done
    [ "$(nproc)" -eq "$cpus" ] || return 1
  done
  echo "HOTPLUG $time times $cpus CPUs"
  job_storm 20
}

# stress SECONDS: stress-ng's classes cpu, vm and fork, each so long on every CPU (scripts/linux-stress-armhf.sh has the program).
job_stress() {
  for class in '--cpu 0' '--vm 0 --vm-bytes 32M' '--fork 0'; do
    # shellcheck disable=SC2086
    stress-ng $class --timeout "$1" --verify --metrics-brief --temp-path /tmp || return 1
  done
}

# login TTY: one login on TTY; ends when its shell does.
job_login() { getty -L 115200 "$1" vt100; }

# bench NAME: for images without a benchmark program, a loop of the shell for each of a few of its names.
bench() {
  case $1 in
    all) for name in int pipe fork exec file; do bench "$name"; done && return ;;
    int) measure int 20000 200010000 loop_int ;;
    pipe) measure pipe 200 200 loop_pipe ;;
    fork) measure fork 200 200 loop_fork ;;
    exec) measure exec 100 100 loop_exec ;;
    file) measure file 200 200 loop_file ;;
    *) echo "BENCH $1 ops=0 us=0 rate=0 sum=0 BAD" ;;
  esac
}
# measure NAME OPS SUM FUNCTION: the function gets OPS and must print SUM.
measure() {
  began=$(hundredths)
  sum=$("$4" "$2")
  us=$((($(hundredths) - began) * 10000))
  verdict=BAD
  [ "$sum" = "$3" ] && verdict=OK
  echo "BENCH $1 ops=$2 us=$us rate=$(($2 * 1000000 / (us + 1))) sum=$sum $verdict"
}
# Hundredths of a second; the 1 keeps 08 from being octal.
hundredths() {
  up=$(cut_uptime)
  echo $((${up%.*} * 100 + 1${up#*.} - 100))
}
loop_int() { n=0 sum=0 && while [ $n -lt "$1" ]; do n=$((n + 1)) sum=$((sum + n)); done && echo $sum; }
loop_pipe() { seq "$1" | while read -r n; do echo "$n"; done | cat | wc -l | tr -d ' '; }
loop_fork() { n=0 && while [ $n -lt "$1" ]; do n=$((n + 1)) && (exit 0) || return; done && echo $n; }
loop_exec() { n=0 && while [ $n -lt "$1" ]; do n=$((n + 1)) && /bin/busybox true || return; done && echo $n; }
loop_file() { n=0 && while [ $n -lt "$1" ]; do n=$((n + 1)) && echo $n >/tmp/file || return; done && cat /tmp/file && rm /tmp/file; }
