# The interpreter's own work: classes, generators, exceptions, recursion, comprehension, async, dataclasses, ast.
import ast, asyncio, bisect, collections, contextlib, copy, dataclasses, datetime, enum, functools, gc, inspect, itertools, operator, sys, types, typing, weakref

def sieve(n):
    marks = bytearray([1]) * (n + 1)
    for i in range(2, int(n ** 0.5) + 1):
        if marks[i]:
            marks[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i in range(2, n + 1) if marks[i]]
primes = sieve(50000)
print(len(primes), primes[-3:], sum(primes))

def queens(n, row=0, cols=0, d1=0, d2=0):
    if row == n:
        return 1
    return sum(queens(n, row + 1, cols | 1 << c, d1 | 1 << row + c, d2 | 1 << row - c + n) for c in range(n)
               if not (cols >> c & 1 or d1 >> row + c & 1 or d2 >> row - c + n & 1))
print([queens(n) for n in range(1, 8)])

@functools.lru_cache(None)
def partitions(n, m):
    return 1 if n == 0 else sum(partitions(n - k, min(k, n - k)) for k in range(1, min(n, m) + 1))
print(partitions(80, 80))

def walk(tree):
    if tree:
        yield from walk(tree[0])
        yield tree[1]
        yield from walk(tree[2])
def insert(tree, v):
    if tree is None:
        return (None, v, None)
    return (insert(tree[0], v), tree[1], tree[2]) if v < tree[1] else (tree[0], tree[1], insert(tree[2], v))
tree = None
for i in range(400):
    tree = insert(tree, i * 7919 % 1009)
print(list(walk(tree))[::37])

@dataclasses.dataclass(order=True, frozen=True)
class Point:
    x: int
    y: float = dataclasses.field(default=0.5, compare=False)
class Color(enum.Flag):
    RED = enum.auto()
    GREEN = enum.auto()
print(Point(3), Point(1, 2) < Point(2), hash(Point(5)) == hash(Point(5, 9)), Color.RED | Color.GREEN, ~Color.RED)
try:
    Point(1).x = 2
except dataclasses.FrozenInstanceError as error:
    print('frozen', error)
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)
print(deep(900))
try:
    deep(10 ** 5)
except RecursionError as error:
    print('RecursionError', str(error)[:32])
try:
    raise ExceptionGroup('many', [ValueError(1), TypeError('two'), KeyError('k')])
except* ValueError as group:
    print('values', group.exceptions)
except* (TypeError, KeyError) as group:
    print('others', group.exceptions)

async def worker(name, queue, out):
    while True:
        item = await queue.get()
        await asyncio.sleep(0)
        out.append((name, item * item))
        queue.task_done()
async def main():
    queue, out = asyncio.Queue(5), []
    tasks = [asyncio.create_task(worker(n, queue, out)) for n in 'abc']
    for i in range(50):
        await queue.put(i)
    await queue.join()
    for task in tasks:
        task.cancel()
    return sum(v for _, v in out), await asyncio.gather(*tasks, return_exceptions=True)
total, ended = asyncio.run(main())
print(total, [type(e).__name__ for e in ended])
tree = ast.parse('def f(a, *b, c=3, **d):\n  return [x**2 for x in b if x > a] + [c @ d["k"]]')
print(ast.unparse(tree), len(ast.dump(tree)))
namespace = {}
exec(compile('\n'.join(f'def g{i}(x):\n  return x*{i}+{i*i}' for i in range(120)), 'made', 'exec'), namespace)
print(functools.reduce(lambda v, i: namespace[f'g{i}'](v) % 1000003, range(120), 1))
match {'op': 'add', 'args': [1, 2.5]}:
    case {'op': 'add', 'args': [int(a), float(b)]}:
        print('match', a + b)
print(list(itertools.islice(itertools.permutations('abcd', 3), 5)), list(itertools.accumulate(range(1, 9), operator.mul)), len(list(itertools.combinations(range(14), 6))))
start = datetime.datetime(2024, 2, 28, 23, 59, 59, tzinfo=datetime.timezone.utc)
print([(start + datetime.timedelta(days=d, microseconds=d)).isoformat() for d in (0, 1, 366)], datetime.date(1900, 1, 1).toordinal(), start.strftime('%A %j %U'), start.timestamp())
class Cycle:
    pass
refs = []
for _ in range(2000):
    a, b = Cycle(), Cycle()
    a.other, b.other = b, a
    refs.append(weakref.ref(a))
del a, b
gc.collect()
print(sum(r() is not None for r in refs), collections.OrderedDict(zip('cab', range(3))), collections.deque(range(10), 4))
print(inspect.signature(sorted), typing.get_type_hints(Point), copy.deepcopy([[1], {2: (3,)}]), bisect.bisect(primes, 10007))
