# Round trips of 12 MB through xz, gzip, bzip2; the archives' own sums are the same everywhere as well.
awk 'BEGIN { s = 1; for (i = 0; i < 420000; i++) { s = (s * 16807) % 2147483647; printf "%d %x %s%c", i, s, substr("loremipsumdolorsitamet", s % 17 + 1, 6), i % 5 ? 32 : 10 } }' >data
wc -c <data; sha256sum <data
for tool in 'gzip -n -6' 'gzip -n -1' 'bzip2 -9' 'xz -0' 'xz -1 --check=sha256'; do
  echo "$tool: $($tool <data | tee packed | sha256sum | cut -c1-32) $(wc -c <packed) $(${tool%% *} -d <packed | sha256sum | cut -c1-32)"
done
head -c 2000000 data >small; xz --x86 --lzma2=dict=1MiB,mode=fast,nice=32 <small | sha256sum; head -c 300000 data | xz -5e --lzma2=preset=9e,dict=512KiB | tee packed | sha256sum; xz -t packed && echo tested
xz -3 --format=lzma <small | xz -d | cmp - small && echo lzma; cat <(gzip -n <small) <(gzip -n <small) | gzip -dc | wc -c
tar -cJf t.tar.xz --mtime=@0 --owner=0 --group=0 small && tar -xJOf t.tar.xz | cmp - small && echo tar; printf damaged | gzip -d 2>&1; head -c 1000 packed | xz -d 2>&1 >/dev/null | sed 's/.*: //'
