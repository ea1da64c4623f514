# Perl's numbers: formats, integers of 32 and 64 bits, floats, big numbers.
use strict;
use Math::BigInt;
use Math::BigFloat;
use POSIX qw(floor ceil fmod strtol DBL_MAX DBL_MIN);
for my $v (0, 1, -1, 0.1, 1/3, 1e15, 1e16, 123456789012345678, 1e100, -2.5e-7, 5e-324, 1.7976931348623157e308, 2**31, 2**32, 2**53, 2**63, 2**64) {
  printf "%s|%d|%u|%x|%o|%e|%g|%.15g|%a|%s\n", $v, $v, abs $v, abs $v, abs $v, $v, $v, $v, $v, unpack 'H*', pack 'd>', $v;
}
printf "%.0f %.1f %.2f %5.3e %-10s| %+05d %#b %v d\n", 2.5, 0.25, 1.005, 12345.678, 'left', 42, 10, '1.22.333';
print join(' ', map { int($_ / 3) . '/' . ($_ % 3) . '/' . ($_ % -3) } -5 .. 5), "\n";
{ use integer; print join(' ', map { $_ / 3 . '/' . $_ % 3 } -5 .. 5), ' ', 2147483647 + 1, "\n"; }
print 1 << 31, ' ', 1 << 32, ' ', ~0, ' ', -1 >> 1, ' ', 0xffffffff * 0xffffffff, ' ', 18446744073709551615 + 1, ' ', 9223372036854775807 - 1, "\n";
print '0x1F' + 0, ' ', hex '1F', ' ', oct '0b101', ' ', oct '755', ' ', '3abc' * 2, ' ', '1e3' + 1, ' ', 'inf' + 0, ' ', 'nan' - 0, ' ', 9**9**9, ' ', -9**9**9, "\n";
my $n = Math::BigInt->new(1);
$n *= $_ for 1 .. 150;
print "$n\n", Math::BigInt->new('123456789' x 8)->bmodpow('65537', '1000000000000000000000007'), "\n";
print Math::BigInt->new(2)->bpow(257)->bdiv(97), ' ', Math::BigInt->new('-0xdeadbeefcafebabe')->bstr, ' ', Math::BigInt->new(10)->bpow(60)->bsqrt, "\n";
print Math::BigFloat->new(2)->bsqrt(60), ' ', Math::BigFloat->bpi(50), ' ', Math::BigFloat->new('1.5')->bexp(40), "\n";
my ($x, $h) = (0.3, 0);
for (1 .. 30000) { $x = sin($x * 3) + cos($_ / 7) * exp(-$x * $x) + sqrt(abs $x) - atan2($x, $_) + log(1 + $_); $h = ($h * 31 + unpack('V', pack 'd', $x)) % 4294967291 }
printf "%a %u\n", $x, $h;
print floor(-2.5), ceil(-2.5), ' ', fmod(7.5, 2), ' ', DBL_MAX, ' ', DBL_MIN, ' ', join(',', strtol('7fz', 16)), "\n";
print pack('w*', 1, 128, 300, 2 ** 40) eq "\x01\x81\x00\x82\x2c\xa0\x80\x80\x80\x80\x00" ? 'ber' : unpack('H*', pack 'w*', 2 ** 40), "\n";
