# Integers of thousands of digits: multiplication, division, powers, roots, conversion.
import hashlib, math

def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]

print('factorial', digest(str(math.factorial(1500))))
a, b = 0, 1
for _ in range(20000):
    a, b = b, a + b
print('fibonacci', digest(hex(a)), a.bit_length())
print('power', digest(hex(7 ** 9001)), pow(3, 10 ** 40 + 7, 10 ** 41 + 21))
x = int('123456789' * 120)
y = int('987654321' * 41)
q, r = divmod(x, y)
print('divmod', digest(str(q)), digest(str(r)), q * y + r == x, divmod(-x, y)[1] == y - r)
print('isqrt', math.isqrt(2 * 10 ** 400))
print('gcd', math.gcd(2 ** 300 - 1, 2 ** 210 - 1) == 2 ** 30 - 1, math.lcm(*range(1, 60)))

def miller_rabin(n):
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True

print('mersenne', [p for p in (89, 97, 107, 127, 131, 521, 523, 607) if miller_rabin(2 ** p - 1)])

def pi(digits):
    q, r, t, k, n, l, out = 1, 0, 1, 1, 3, 3, []
    while len(out) < digits:
        if 4 * q + r - t < n * t:
            out.append(str(n))
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2
    return ''.join(out)

print('pi', digest(pi(400)), pi(30))
print('bits', digest(bin((1 << 4000) // 3 ^ (1 << 2999) // 7)), (x >> 777).bit_count(), (-x >> 1000) & 0xffffffffffff)
print('bytes', digest((x ** 5).to_bytes(2400, 'little').hex()), int.from_bytes(bytes(range(64)), 'big') % 1000003)
