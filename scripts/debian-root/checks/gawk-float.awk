# gawk: floating-point output, arrays, regular expressions, MPFR is left out on purpose.
BEGIN {
  n = split("0 1 -1 0.1 0.5 1e-5 123456.789 1e6 1e17 2.5e-310 1e300 3.0000001 99999.95 0.000123456789", v, " ")
  for (i = 1; i <= n; i++) printf "%s|%d|%5.2f|%e|%g|%G|%.12g|%i|%c|%x|%o|%a\n", v[i], v[i], v[i] < 1e20 ? v[i] : 1, v[i], v[i], v[i], v[i], v[i] < 1e18 ? v[i] : 0, 65 + i, v[i] < 1e9 && v[i] >= 0 ? v[i] : 7, v[i] < 1e9 && v[i] >= 0 ? v[i] : 7, v[i]
  for (CONVFMT = "%.3g"; k < 3; k++) s = s (k + 1 / 3) " "
  print s
  OFMT = "%.9g"; print 1 / 3, 2 / 3, 1e6 / 7, 2 ^ 53, 2 ^ 53 + 1, 2 ^ 0.5, -7 % 3, int(-3.7), 1e308 * 10, -log(0)
  for (i = 0; i < 40; i++) printf "%.17g %.17g %.17g %.17g %.17g\n", sin(i), cos(i / 3), atan2(i, 7), exp(i / 5), log(i + 1) + sqrt(i)
  srand(7); for (i = 0; i < 5; i++) printf "%.6f ", rand(); print ""
  for (i = 0; i < 30000; i++) { h = (h * 31 + int(i * 1.618034)) % 1000000007; a[h % 997]++ }
  for (k in a) c += a[k] * k
  print h, c, length(a)
  t = "The year 1984 and 2001, or 42"
  while (match(t, /[0-9]+/)) { print RSTART, RLENGTH, substr(t, RSTART, RLENGTH); t = substr(t, RSTART + RLENGTH) }
  print gensub(/(a+)(b*)/, "<\\2\\1>", "g", "aab ab baaa"), toupper("mixed Case"), index("haystack", "st"), sprintf("%-8s|%8s|", "l", "r"), strtonum("0x1F"), and(12, 10), or(12, 10), xor(12, 10), lshift(1, 20), compl(0) % 65536
  PROCINFO["sorted_in"] = "@val_num_desc"
  split("5 3 9 1 7", w, " "); for (k in w) printf "%s ", w[k]; print ""
  n = asort(w, sorted); for (i = 1; i <= n; i++) printf "%s ", sorted[i]; print ""
  "echo from a pipe" | getline line; print line
  print "b\na\nc" | "sort"; close("sort")
  print strftime("%Y-%m-%d %H:%M:%S", 86400 * 365), mktime("2024 02 29 12 00 00")
}
