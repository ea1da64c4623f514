# decimal (libmpdec) and fractions.
from decimal import (ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal,
                     DivisionByZero, Inexact, InvalidOperation, Overflow, getcontext, localcontext)
from fractions import Fraction
import hashlib
getcontext().prec = 60
print(Decimal(2).sqrt(), Decimal(1).exp(), Decimal(10).ln(), Decimal('1e50').log10())
print(Decimal(1) / 7, Decimal(22) / 7, Decimal('1.1') ** 100)
for mode in (ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP):
    print(mode, *[Decimal(v).quantize(Decimal('0.1'), rounding=mode) for v in ('0.25', '-0.25', '0.35', '1.449', '-1.451')])
with localcontext() as context:
    context.prec = 2000
    a, b = Decimal(1), 1 / Decimal(2).sqrt()
    t, p = Decimal('0.25'), Decimal(1)
    for _ in range(11):
        m = (a + b) / 2
        b, t, a, p = (a * b).sqrt(), t - p * (a - m) ** 2, m, 2 * p
    pi = (a + b) ** 2 / (4 * t)
    print('pi', hashlib.sha256(str(pi)[:1990].encode()).hexdigest())
    print('product', hashlib.sha256(str((Decimal(3) ** 4000) * (Decimal(7) ** 5000)).encode()).hexdigest())
for make in (lambda: Decimal(1) / 0, lambda: Decimal('0') / 0, lambda: Decimal('NaN') > 1, lambda: Decimal('9e999999') * 10):
    try:
        print(make())
    except (DivisionByZero, InvalidOperation, Overflow) as error:
        print(type(error).__name__)
print(Context(prec=5, traps=[Inexact]).add(Decimal('1.25'), Decimal('2.5')), Decimal('1E+5').normalize(), Decimal(0.1))
print(sum(Fraction(1, n) for n in range(1, 121)))
print(Fraction('3.14159').limit_denominator(100), Fraction(1.1), Fraction(7, 3) ** -3, round(Fraction(17, 8), 1), Fraction(10 ** 30, 6) // 7)
print('{:,.3f} {:e} {:>20} {:%}'.format(Decimal('1234567.8915'), Decimal('0.000123'), Decimal('1.50'), Decimal('0.125')))
