# bash: recursion, traps, coprocesses, here documents, pattern matching, process substitution, job control.
shopt -s extglob
fib() { (($1 < 2)) && echo "$1" || echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); }
fib 9
hanoi() { (($1 == 0)) || { hanoi $(($1 - 1)) "$2" "$4" "$3"; ((moves++)); hanoi $(($1 - 1)) "$4" "$3" "$2"; }; }
moves=0; hanoi 9 a b c; echo $moves
sieve=(); for ((i = 2; i < 1000; i++)); do [[ -n ${sieve[i]} ]] || { primes+=("$i"); for ((j = i * i; j < 1000; j += i)); do sieve[j]=1; done; }; done; echo "${#primes[@]} ${primes[-1]} ${primes[*]:10:5}"
h=5381; for ((i = 0; i < 3000; i++)); do ((h = (h << 5) + h + i ^ h >> 7)); done; echo $h $((h % 65521)) $((-9223372036854775808 / 7)) $((2 ** 40)) $((16#ff)) $((~0 >> 1))
trap 'echo trapped USR1' USR1; kill -USR1 $$; (trap 'echo exit trap' EXIT; exit 3); echo $?
coproc CO { while read -r l; do echo "<$l>"; done; }; echo one >&"${CO[1]}"; read -r back <&"${CO[0]}"; echo "$back"; kill $CO_PID; wait $CO_PID 2>/dev/null
for w in foo.tar.gz a1b2 'x y' +++; do case $w in *.tar.@(gz|xz)) echo archive ;; +([a-z0-9])) echo word ;; *[[:space:]]*) echo space ;; *) echo other ;; esac; done
[[ 2024-02-29 =~ ^([0-9]+)-([0-9]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[@]:1}"; s=/usr/share/doc.tar; echo "${s##*/} ${s%/*} ${s%%.*} ${s/#\/usr/X} ${s^} ${s@Q}"
diff <(seq 5) <(seq 3 7) | tr '\n' ' '; echo; printf '%q %s %05d %x %b\n' 'a b$c' x 42 255 'tab\there'; mapfile -t m < <(printf 'l%d\n' {1..50}); echo "${#m[@]} ${m[49]}"
cat <<-END | tr a-z A-Z
	text $((1 + 1)) $(echo sub) \$x
	END
declare -i n=5; n+=7; declare -r ro=1; (ro=2) 2>/dev/null || echo readonly; f() { local -n ref=$1; ref=changed; }; f v; echo "$n $v" "${!sieve[@]}" | cut -c1-40
for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$((9 - i)); exit $i) & pids+=($!); done; t=0; for p in "${pids[@]}"; do wait "$p"; ((t += $?)); done; echo jobs $t
set -o pipefail; false | true; echo "$?" "${PIPESTATUS[@]}"; { echo out; echo err >&2; } 2>&1 >/dev/null; echo {a..e}{1..2} {10..0..3}; exec 5<>file; echo data >&5; cat file
bash -c 'kill -SEGV $$' & wait $! 2>/dev/null; echo $?; bash -c 'ulimit -c 0; kill -FPE $$' & wait $! 2>/dev/null; echo $?; LC_ALL=C printf '%s\n' zebra Apple mango | sort | tr '\n' ' '; select x in a b; do echo "$x"; break; done <<<2 2>/dev/null
i=0; while ((i++ < 120)); do /bin/true; done; echo "execs $i"; x=$(for i in {1..40}; do echo $i | (read -r y; echo $((y * y))); done | awk '{s+=$1} END{print s}'); echo $x
