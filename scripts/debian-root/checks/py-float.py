# binary64 through CPython: repr, formats, hex, rounding, special values, libm.
import cmath, math, struct, sys
from fractions import Fraction

values = [0.1, 1 / 3, 2 / 3, 1e23, 5e-324, 2.2250738585072014e-308, 2.2250738585072011e-308, 1.7976931348623157e308,
          123456789.123456789, -0.0, 1e16, 9007199254740993.0, 4.35, 2.675, 1e-7, math.pi, math.e, 1e22, 6.02214076e23]
for v in values:
    print(repr(v), v.hex(), '%.3e %.10g %.2f %a' % (v, v, v if abs(v) < 1e20 else 0.5, v), format(v, '+.17g'), format(v, '.0e'), v.as_integer_ratio()[1].bit_length())
print([round(k / 8, 2) for k in range(-12, 13)], [round(k + 0.5) for k in range(-5, 6)])
print([math.fsum([0.1] * n) for n in (3, 7, 10, 1000)], sum([0.1] * 1000))
for text in ('1e400', '-1e400', '1e-400', '0x1.8p3', 'nan', '2.4703282292062328e-324', '2.4703282292062327e-324', '0.30000000000000004', '9' * 40):
    print(text[:30], float.fromhex(text) if text.startswith('0x') else float(text))
inf = math.inf
print(inf - inf, inf * 0, inf > 1e308, math.nan == math.nan, math.copysign(1, -0.0), math.nextafter(1, 2), math.ulp(1e-310))
for name in 'sin cos tan asin acos atan sinh cosh tanh asinh exp expm1 log log1p log2 log10 sqrt cbrt erf erfc gamma lgamma'.split():
    f = getattr(math, name)
    print(name, *[f(x).hex() for x in (0.25, 0.7, 1 - 2 ** -20)])
print(*[f(x, y).hex() for f in (math.atan2, math.pow, math.hypot, math.fmod, math.remainder) for x, y in ((0.7, 3.3), (1e10, 7.1), (5e-320, 0.3))])
print(math.frexp(1e-310), math.ldexp(0.75, -1070), math.modf(-3.7), math.trunc(-1e15 - 0.5), math.floor(-2.5), math.ceil(-2.5))
print(cmath.sqrt(-3 + 4j), cmath.exp(1j * math.pi), cmath.log(-1), (1 + 2j) ** (3 - 1j), abs(3e200 + 4e200j))
# binary32, through struct: conversion and its overflow.
for v in (0.1, 1e-45, 7e-46, 7.1e-46, 3.4028235e38, 1.17549435e-38, -1e-50, 16777217.0):
    print(struct.pack('>f', v).hex(), struct.unpack('>f', struct.pack('>f', v))[0])
try:
    struct.pack('>f', 3.5e38)
except OverflowError as error:
    print('OverflowError', error)
print(struct.pack('>e', 65504.0).hex(), struct.pack('>e', 6e-8).hex(), struct.unpack('>e', b'\x3c\x01')[0])
x = 0.5
h = 0
for i in range(20000):
    x = 3.9999 * x * (1 - x)
    h = hash((h, x)) & 0xffffffff
print('logistic', x.hex(), Fraction(x).denominator.bit_length(), h)
print(sys.float_info.max, sys.float_info.epsilon, sys.float_repr_style)
