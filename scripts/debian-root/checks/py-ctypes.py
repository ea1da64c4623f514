# ctypes: calls and callbacks through libffi, structures, doubles and 64-bit arguments of the o32 calling convention.
import ctypes, ctypes.util
libc = ctypes.CDLL('libc.so.6')
libm = ctypes.CDLL('libm.so.6')
for name in ('cos', 'cbrt', 'tgamma'):
    f = getattr(libm, name)
    f.argtypes, f.restype = [ctypes.c_double], ctypes.c_double
    print(name, f(0.75).hex())
libm.fmaf.argtypes, libm.fmaf.restype = [ctypes.c_float] * 3, ctypes.c_float
print(libm.fmaf(1.5, 2.25, -0.125), libm.fmaf(1e30, 1e30, 0))
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
values = (ctypes.c_int * 200)(*[i * 7919 % 1009 - 500 for i in range(200)])
calls = 0
def by_value(a, b):
    global calls
    calls += 1
    return a[0] - b[0]
libc.qsort(values, 200, 4, compare(by_value))
print(list(values) == sorted(values), calls > 500, values[:4])
class Inner(ctypes.Structure):
    _fields_ = [('c', ctypes.c_char), ('d', ctypes.c_double)]
class Outer(ctypes.Structure):
    _fields_ = [('bits', ctypes.c_uint, 3), ('more', ctypes.c_uint, 13), ('inner', Inner), ('q', ctypes.c_longlong)]
class Div(ctypes.Structure):
    _fields_ = [('quot', ctypes.c_int), ('rem', ctypes.c_int)]
o = Outer(5, 4097, Inner(b'x', 2.5), -2 ** 40)
print(ctypes.sizeof(Outer), bytes(o).hex(), o.more)
libc.div.restype = Div
d = libc.div(-17, 5)
print(d.quot, d.rem)
libc.llabs.argtypes, libc.llabs.restype = [ctypes.c_longlong], ctypes.c_longlong
print(libc.llabs(-2 ** 62), libc.abs(-5))
mixed = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.c_double, ctypes.c_longlong, ctypes.c_float, ctypes.c_char, ctypes.c_ushort)
print(mixed(lambda a, b, c, d, e, f: a + b + c + d + e[0] + f)(1, 2.5, 2 ** 40, 0.25, b'A', 65535))
first_double = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_float, ctypes.c_int, ctypes.c_double)
print(first_double(lambda a, b, c, d: a * b - c / d)(1.5, 2.5, 7, 8.0))
buffer = ctypes.create_string_buffer(100)
print(libc.snprintf(buffer, 100, b'%d %s %lld %.3f %c', 42, b'str', ctypes.c_longlong(-2 ** 50), ctypes.c_double(3.14159), ctypes.c_int(122)), buffer.value)
for i in range(300):
    f = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x, i=i: x * i)
    assert f(3) == 3 * i
print('callbacks 300')
