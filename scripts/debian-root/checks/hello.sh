# The shell itself: arithmetic, arrays, substitutions, pipes.
echo $((6 * 7)) $((-7 / 2)) $((-7 % 3)) $((1 << 62)) $((0x7fffffffffffffff + 1))
declare -A count
for word in the quick brown fox jumps over the lazy dog the end; do ((count[$word] += 1)); done
for word in $(printf '%s\n' "${!count[@]}" | sort); do echo "$word=${count[$word]}"; done
text='Hello, World'
echo "${text^^}" "${text//o/0}" "${text:3:4}" "${#text}"
seq 1 1000 | while read -r n; do ((n % 3 == 0 || n % 5 == 0)) && echo "$n"; done | awk '{s += $1} END {print s}'
