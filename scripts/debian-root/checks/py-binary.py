# struct, array, hashes, zlib, bz2, lzma, base64, pickle, sorting, the Mersenne twister.
import array, base64, binascii, bz2, collections, hashlib, heapq, hmac, lzma, operator, pickle, random, statistics, struct, zlib
random.seed(20260701)
print([random.getrandbits(32) for _ in range(4)], random.random().hex(), random.gauss(0, 1).hex(), random.sample(range(10 ** 6), 5), random.betavariate(2, 3).hex())
data = random.randbytes(200000) + bytes(range(256)) * 800 + b'the quick brown fox ' * 5000
for name in sorted(hashlib.algorithms_guaranteed):
    h = hashlib.new(name, data)
    print(name, h.hexdigest(16) if name.startswith('shake') else h.hexdigest())
print(hmac.new(b'key', data, 'sha256').hexdigest(), hashlib.pbkdf2_hmac('sha512', b'pw', b'salt', 300).hex())
print(hashlib.scrypt(b'pw', salt=b'na', n=256, r=8, p=1).hex()[:64], hashlib.blake2b(data, digest_size=20, key=b'k', person=b'p').hexdigest())
print('crc32 %08x adler32 %08x crc_hqx %04x' % (zlib.crc32(data), zlib.adler32(data), binascii.crc_hqx(data, 0)))
for name, pack, unpack in (('zlib', lambda d: zlib.compress(d, 9), zlib.decompress), ('bz2', bz2.compress, bz2.decompress), ('lzma', lambda d: lzma.compress(d, preset=2), lzma.decompress)):
    packed = pack(data)
    print(name, len(packed), hashlib.md5(packed).hexdigest(), unpack(packed) == data)
print(base64.b85encode(data[:30]), base64.b32encode(data[30:50]), hashlib.md5(base64.b64encode(data)).hexdigest())
for fmt in ('<bBhHiIqQfd', '>bBhHiIqQfd', '@bBhHiIqQfd', '=3s5p?xn'.replace('n', 'i')):
    values = (-1, 2, -3, 4, -5, 6, -7, 8, 9.5, -10.25) if 'q' in fmt else (b'abc', b'pasc', True, 7)
    packed = struct.pack(fmt, *values)
    print(fmt, struct.calcsize(fmt), packed.hex(), struct.unpack(fmt, packed) == values)
for code in 'bBhHiIlLqQfd':
    a = array.array(code, (i % 120 for i in range(1000)))
    a.byteswap()
    print(code, a.itemsize, hashlib.md5(a.tobytes()).hexdigest())
print(struct.unpack_from('<5I', memoryview(data)[3:], 1))
rows = [(random.randrange(100), random.random(), 'k%d' % random.randrange(1000)) for _ in range(6000)]
print(hashlib.md5(repr(sorted(rows)).encode()).hexdigest(), hashlib.md5(repr(sorted(rows, key=operator.itemgetter(2, 0), reverse=True)).encode()).hexdigest())
print(heapq.nsmallest(2, rows), collections.Counter(r[0] for r in rows).most_common(3))
print(statistics.fmean(r[1] for r in rows).hex(), statistics.stdev([r[1] for r in rows]).hex(), statistics.median(r[0] for r in rows))
blob = pickle.dumps({'rows': rows[:500], 'set': {1, 2}, 'big': 10 ** 80, 'float': -0.0}, 5)
print(len(blob), pickle.loads(blob)['rows'] == rows[:500], pickle.loads(pickle.dumps(rows, 0)) == rows)
