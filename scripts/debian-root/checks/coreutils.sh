# coreutils, findutils, diffutils, grep, sed: what they make of the same data.
factor 18446744073709551615 1234567890123456789 9223372036854775783 1000000000000000000000000000057
printf '%a %.20Lf %Lg %e\n' 0.1 0.1 1e300 3.14159265358979323846 2>&1
seq 0 0.1 1 | paste -sd, ; seq -f %.3e 1e10 3e10 5e10 | paste -sd,
numfmt --to=iec 1048576 123456789 5000000000000; numfmt --from=si 1.5M 3G
seq 1 20000 | shuf --random-source=<(yes abcdefg) >shuffled
for sum in md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum; do echo "$sum $($sum <shuffled)"; done
sort -n shuffled | md5sum; sort shuffled | md5sum; sort -R --random-source=shuffled shuffled | md5sum; sort -g -k1.2 shuffled | md5sum
sort --parallel=4 -S 64K shuffled | uniq | wc -l
od -An -tx1z -N 48 shuffled; od -An -tfD -N 32 shuffled; od -An -td4 -N 16 shuffled | tr -s ' '
base64 shuffled | md5sum; base32 shuffled | tail -c 40; basenc --base64url shuffled | md5sum
tac shuffled | rev | cut -c1-3 | sort | uniq -c | sort -rn | head -3
split -n l/7 -d shuffled part. && wc -c part.* && cat part.* | cmp - shuffled && echo same
join <(seq 1 50 | sort) <(seq 40 60 | sort) | tr '\n' ' '; comm -12 <(seq 10 20) <(seq 15 25) | tr '\n' ' '; echo
printf 'a b\nb c\na c\nd a\n' | tsort | tr '\n' ' '; echo; expr 123456789012345678901234567890 \* 987654321098765432109876543210
grep -E '^(1|2)[0-9]*7$' shuffled | wc -l; grep -oP '(\d)\1(?=\d)' shuffled | wc -l; grep -cvF 9 shuffled
sed -n '$=;100{s/\(.\)\(.*\)/\2-\1/p};/^19*$/{H;x;s/\n/,/g;h};${x;p}' shuffled
sed -E 's/([0-9])([0-9])/\2\1/g; y/0123/abcd/' shuffled | md5sum
mkdir -p tree/{a,b,c}/{1,2,3}; for f in tree/*/*; do echo "$f" >"$f/x y.txt"; ln -s "x y.txt" "$f/link"; done
find tree -type l -o -name '*.txt' -printf '%P %s\n' | sort | md5sum; find tree -type f -print0 | sort -z | xargs -0 -n 2 -P 3 cat | sort | md5sum
tar -cf - --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner tree | sha256sum; tar -cf t.tar tree && tar -tf t.tar | wc -l
cp -a tree copy && diff -r tree copy && echo equal; echo x >>'copy/a/1/x y.txt'; diff -ru tree copy | tail -n +3 | grep -v '^[-+][-+]'
dd if=shuffled bs=7 count=1000 skip=3 conv=swab,ucase 2>/dev/null | md5sum; head -c 100000 /dev/zero | tr '\0' 'z' | fold -w 77 | md5sum; truncate -s 1M sparse; stat -c '%s %F' sparse
date -u -d '2024-02-29 12:34:56 +1 year' '+%F %T %s %j %G-W%V'; date -u -d @2147483648 +%FT%T; printf '%(%F)T\n' 86400
env -i A=1 B=2 sh -c 'echo $A$B'; timeout 0.1 sleep 5; echo $?; stdbuf -oL echo buffered; test 3 -gt 2 -a x = x && echo true
