# Perl's processes: fork, pipes, signals, alarms, threads, sockets, crashes.
use strict;
use threads;
use threads::shared;
use Thread::Queue;
use IO::Select;
use Socket;
use POSIX qw(:sys_wait_h :signal_h);
use Storable qw(freeze thaw dclone);
use Time::HiRes qw(ualarm);
$| = 1;
my @codes;
for my $i (1 .. 30) { my $pid = fork // die; exit($i * 3 % 256) if !$pid; push @codes, $pid }
my $sum = 0;
for my $pid (@codes) { waitpid $pid, 0; $sum += $? >> 8 }
print "fork $sum\n";
pipe my $r, my $w;
if (!fork) { close $r; print $w "line $_\n" for 1 .. 5000; exit }
close $w;
my ($lines, $bytes) = (0, 0);
while (<$r>) { $lines++; $bytes += length }
wait;
print "pipe $lines $bytes\n";
my $got = 0;
$SIG{USR1} = sub { $got++ };
kill USR1 => $$ for 1 .. 40;
print "signals $got\n";
my $alarm = eval { local $SIG{ALRM} = sub { die "alarm\n" }; ualarm 20000; 1 while 1; 0 } // $@;
print "alarm $alarm";
my $set = POSIX::SigSet->new(SIGUSR2);
my $order = '';
$SIG{USR2} = sub { $order .= 'h' };
sigprocmask(SIG_BLOCK, $set);
kill USR2 => $$;
$order .= 'b';
sigprocmask(SIG_UNBLOCK, $set);
print "blocked $order\n";
for my $signal (qw(SEGV ILL BUS TERM KILL)) {
  my $pid = fork // die;
  if (!$pid) { kill $signal => $$; sleep 5; exit 1 }
  waitpid $pid, 0;
  print "$signal ", $? & 127, "\n";
}
print 'command ', `printf '%s-' a b c`, ' ', $? >> 8, ' ', system('exit 5') >> 8, "\n";
open my $out, '|-', 'sort -n | tail -n 2' or die;
print $out $_ * 37 % 101, "\n" for 1 .. 100;
close $out;
my $total :shared = 0;
my $queue = Thread::Queue->new;
my @threads = map { threads->create(sub { my $n = 0; while (defined(my $i = $queue->dequeue)) { lock $total; $total += $i; $n++ } return $n }) } 1 .. 4;
$queue->enqueue($_) for 1 .. 400;
$queue->end;
my $handled = 0;
$handled += $_->join for @threads;
print "threads $total $handled\n";
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
$_->autoflush(1) for $a, $b;
if (!fork) { close $a; while (<$b>) { chomp; print $b scalar(reverse), "\n" } exit }
close $b;
my @back;
for my $word (qw(stressed drawer lived)) { print $a "$word\n"; chomp(my $line = <$a>); push @back, $line }
close $a;
wait;
print "socket @back\n";
my $deep = { list => [1 .. 50], nested => { f => 1.5, s => "x" x 100 } };
print 'storable ', thaw(freeze $deep)->{list}[49] + dclone($deep)->{nested}{f}, "\n";
open my $self, '<', '/proc/self/maps' or die;
print 'maps ', (grep { /libc\.so\.6/ } <$self>) > 1 ? 'libc' : 'none', "\n";
print 'exec ';
exec 'sh', '-c', 'echo $((1+1)) $1', '-', 'done';
