# Perl's regular expressions, sorting, hashes, pack, unicode, formats, digests.
use strict;
use utf8;
use Digest::MD5 'md5_hex';
use Digest::SHA qw(sha1_hex sha512_hex);
use Encode;
use List::Util qw(reduce sum shuffle max first);
use Unicode::Normalize;
binmode STDOUT, ':utf8';
my $seed = 42;
sub rnd { $seed = ($seed * 1103515245 + 12345) % 2147483648; int($seed / 65536) % $_[0] }
my @words = map { join '', map { chr(97 + rnd(26)) } 0 .. 2 + rnd(6) } 1 .. 6000;
my $text = join ' ', @words;
print length $text, ' ', md5_hex($text), ' ', sha1_hex($text), ' ', substr(sha512_hex($text), 0, 32), "\n";
print scalar(() = $text =~ /(\w)\1/g), ' ', scalar(() = $text =~ /\b(\w)\w*\1\b/g), ' ', scalar(() = $text =~ /(?<=a)[^aeiou ]{2,3}?(?=e|o)/g), "\n";
(my $t = $text) =~ s/(\w+) (\w+)/$2 \U$1\E/g;
print md5_hex($t), ' ', ($t =~ tr/A-Z//), "\n";
my $nested = qr/\((?:[^()]++|(??{ our $re }))*\)/;
our $re = $nested;
print "balanced: $&\n" if '((a)(b(c)d)) x)' =~ $nested;
my $recursive = qr/^((.)(?1)\2|.?)$/;
print join(',', map { /$recursive/ ? 'yes' : 'no' } qw(racecar abba abca a)), "\n";
print join('|', 'a1b22c333' =~ /([a-z])(\d+)/g), ' ', join('|', split /(,)|;/, 'a,b;c'), "\n" =~ s/^//r;
{ no warnings; print join('|', map { defined ? $_ : 'undef' } split /(,)|;/, 'a,b;c'), "\n"; }
print 'x' x 3, '-', join(',', ('a', 'b') x 2), ' ', 'az' =~ s/z/y/r, ' ', ucfirst lc 'HELLO', ' ', sprintf('%s', reverse 'abc'), "\n";
my %count;
$count{substr $_, 0, 2}++ for @words;
print join(' ', map { "$_=$count{$_}" } (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 9]), "\n";
print md5_hex(join ',', sort @words), ' ', md5_hex(join ',', sort { length $a <=> length $b or $b cmp $a } @words), ' ', (reduce { $a . ($b & 1) } 1 .. 20), "\n";
my $bin = pack 'A5 a5 Z5 n N v V q Q> f d< H8 B12 U W s!', 'ab', 'cd', 'efghij', 1, 2, 3, 4, -5, 6, 1.5, -2.25, 'deadbeef', '110011001100', 300, 65, -2;
print unpack('H*', Encode::encode('UTF-8', $bin)), ' ', join(',', unpack 'x10 Z5 n', $bin), ' ', unpack('%32C*', 'checksum' x 999), "\n";
for my $s ('Straße', 'ΌΣΟΣ', 'ﬁ', 'İ', 'é', "e\x{301}", '日本') {
  print uc $s, ' ', lc $s, ' ', length $s, ' ', length encode('UTF-8', $s), ' ', unpack('H*', encode('UTF-16BE', NFD($s))), ' ', $s =~ /^\p{Lu}/ ? 1 : 0, $s =~ /^\p{Han}+$/ ? 1 : 0, "\n";
}
our ($name, $value) = ('pi', 3.14159);
format STDOUT =
@<<<<<<<< @>>>>>>>> @##.### @|||||||
$name,    $name,    $value, $name
.
write;
my @matrix = map { my $i = $_; [map { $i * $_ % 7 } 1 .. 5] } 1 .. 4;
print join(';', map { join ',', @$_ } @matrix), ' ', join(',', map { $matrix[$_][$_] } 0 .. 3), ' ', max(map { @$_ } @matrix), ' ', (first { $_ > 3 } 1 .. 9), "\n";
my $counter = do { my $c = 0; sub { return ++$c } };
$counter->() for 1 .. 9;
print $counter->(), ' ', join(',', map { chr(ord($_) ^ 32) } split //, 'aBc'), ' ', eval { die { code => 7 } } // $@->{code}, ' ', (eval '1 +' // 'syntax'), "\n";
