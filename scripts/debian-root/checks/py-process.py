# Threads, processes, signals, pipes, sockets, shared memory.
import concurrent.futures, errno, faulthandler, mmap, multiprocessing, os, queue, select, signal, socket, struct, subprocess, sys, tempfile, threading, time

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
counter, lock = 0, threading.Lock()
def add():
    global counter
    for _ in range(3000):
        with lock:
            counter += 1
threads = [threading.Thread(target=add) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print('threads', counter)
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    print('pool', list(pool.map(fib, range(5, 15))))
q = queue.Queue(10)
def produce():
    for i in range(500):
        q.put(i)
    q.put(None)
threading.Thread(target=produce).start()
print('queue', sum(iter(q.get, None)))
barrier, order = threading.Barrier(5), []
def meet():
    for r in range(20):
        barrier.wait()
        order.append(r)
ts = [threading.Thread(target=meet) for _ in range(5)]
[t.start() for t in ts]
[t.join() for t in ts]
print('barrier', len(order), order == sorted(order))
def square(n):
    return n * n, os.getpid() != os.getppid()
with multiprocessing.get_context('fork').Pool(4) as pool:
    print('processes', [a for a, ok in pool.map(square, range(12))])
shared = mmap.mmap(-1, 65536)
for i in range(20):
    if os.fork() == 0:
        shared[i * 3000:i * 3000 + 4] = struct.pack('<I', fib(i))
        os._exit(i)
print('fork', sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(20)) == list(range(20)), [struct.unpack('<I', shared[i * 3000:i * 3000 + 4])[0] for i in range(20)])
print('run', subprocess.run(['sort', '-rn'], input='3\n10\n7\n', text=True, capture_output=True).stdout.split())
p = subprocess.Popen('read a; echo got $a; kill -TERM $$', shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print('popen', p.communicate('hello\n')[0].strip(), p.returncode)
print('pipeline', subprocess.check_output('seq 1 20000 | sha256sum', shell=True, text=True).split()[0])
try:
    subprocess.run(['sleep', '20'], timeout=0.2)
except subprocess.TimeoutExpired as error:
    print('timeout', 0.1 < error.timeout < 0.3)
got = []
signal.signal(signal.SIGUSR1, lambda n, f: got.append(n))
signal.signal(signal.SIGALRM, lambda n, f: got.append(n))
for _ in range(50):
    os.kill(os.getpid(), signal.SIGUSR1)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
while got.count(signal.SIGALRM) < 3:
    pass
signal.setitimer(signal.ITIMER_REAL, 0)
print('signals', got.count(signal.SIGUSR1))
for how in ('import ctypes; ctypes.string_at(16)', 'import os, signal; os.kill(os.getpid(), signal.SIGFPE)', 'import os; os.abort()'):
    print('crash', subprocess.run([sys.executable, '-c', how], stderr=subprocess.DEVNULL).returncode)
crash = subprocess.run([sys.executable, '-X', 'faulthandler', '-c', 'import ctypes\ndef f(): ctypes.string_at(16)\nf()'], stderr=subprocess.PIPE, text=True)
print(crash.stderr.splitlines()[0], len(crash.stderr.splitlines()) > 3)
a, b = socket.socketpair()
def echo():
    while data := b.recv(1000):
        b.sendall(data[::-1])
threading.Thread(target=echo, daemon=True).start()
total = 0
for i in range(60):
    a.sendall(bytes([i]) * 100)
    total += sum(a.recv(100, socket.MSG_WAITALL))
a.shutdown(socket.SHUT_WR)
print('socketpair', total)
r, w = os.pipe()
os.set_blocking(w, False)
size = 0
try:
    while True:
        size += os.write(w, b'x' * 512)
except BlockingIOError as error:
    print('pipe', size % 4096, errno.errorcode[error.errno])
poll = select.epoll()
poll.register(r, select.EPOLLIN)
print('epoll', poll.poll(1)[0][1])
with tempfile.TemporaryFile() as f:
    f.truncate(300000)
    m = mmap.mmap(f.fileno(), 0)
    m[100000:100010] = b'0123456789'
    m.flush()
    f.seek(99998)
    print('mmap', f.read(14), m.find(b'789'), m.rfind(b'0'))
