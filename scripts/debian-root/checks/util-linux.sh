# util-linux and procps: what can be said without a machine's own numbers.
printf 'a,bb,ccc\ndddd,e,f\n' | column -t -s, -o ' | '; echo abc | rev; seq 1 10 | column -c 30 | expand
head -c 64 /dev/zero | hexdump -C; seq 1 5 | hexdump -e '4/1 "%02x " "\n"'
getopt -o ab:c -l long: -- -a -b x --long=y rest; echo 'lock' >l; flock l cat l; flock -n l -c 'flock -n l true || echo busy'
mcookie | wc -c; uuidparse 6d697073-6c65-4865-8062-6f6f6b776f72 -n 2>/dev/null | wc -l; setsid -w sh -c 'echo session'; namei -o /usr/bin/env | tail -1
sleep 100 & victim=$!; pgrep -x sleep | grep -c "^$victim$"; kill -TERM $victim; wait $victim; echo $?
ps -o stat= -p $$ | cut -c1; ps --no-headers -o comm -p $$; prlimit --pid $$ --nofile=100:200 && ulimit -n
chrt -p $$ 2>/dev/null | head -1 | sed 's/pid [0-9]*/pid N/'
fallocate -l 1M f && stat -c %s f; look ab <(printf 'aa\nabc\nb\n'); colrm 3 5 <<<abcdefgh
