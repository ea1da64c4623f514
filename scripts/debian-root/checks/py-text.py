# Regular expressions, unicode, json, text tools.
import csv, difflib, html, io, json, re, string, textwrap, unicodedata, hashlib
words = ('lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua').split()
seed = 12345
def rand(n):
    global seed
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % n
text = ' '.join(words[rand(len(words))] + str(rand(1000)) * (rand(4) == 0) for _ in range(8000))
def digest(v):
    return hashlib.md5(repr(v).encode()).hexdigest()
print(len(text), digest(text))
for pattern in (r'\b(\w)\w*\1\b', r'(?P<name>[a-z]+)(?P<number>\d+)', r'(?<=o)l?[aeiou]{1,2}(?!t)', r'(?i)DOLORE?|s.d', r'(a|e|i)+?[^ ]*?\d$', r'(?:(\d)(?=\d*\1))+'):
    found = [m.span() for m in re.finditer(pattern, text)]
    print(pattern, len(found), digest(found))
print(digest(re.sub(r'(\w+)(\d)', lambda m: m[2] + m[1][::-1], text)), len(re.split(r'[aeiou]+', text)))
for s in ('Straße', 'ﬁancée', 'ΌΣΟΣ', 'İstanbul', '東京', 'e\u0301', '\U0001d54f\U0001f600', 'ǆ'):
    print(ascii(s.upper()), ascii(s.lower()), ascii(s.casefold()), ascii(s.title()), *[unicodedata.normalize(f, s).encode('utf-8').hex() for f in ('NFC', 'NFD', 'NFKD')],
          s.encode('utf-16-le').hex(), len(s), [unicodedata.category(c) for c in s])
print(ascii(b'\xff\xc3\x28abc\xed\xa0\x80'.decode('utf-8', 'backslashreplace')), ascii('a\udcff'.encode('utf-8', 'surrogateescape')), unicodedata.name('é'), unicodedata.numeric('⅐').hex())
data = {'ints': [rand(2 ** 31) * rand(2 ** 31) for _ in range(200)], 'floats': [rand(10 ** 6) / (1 + rand(9999)) for _ in range(500)],
        'nested': {w: {v: [None, True, {'x': 1e-9}] for v in words[:5]} for w in words}, 'esc': '\u2028"\\\x01é😀'}
for kw in ({}, {'indent': 2, 'sort_keys': True}, {'ensure_ascii': False, 'separators': (',', ':')}):
    out = json.dumps(data, **kw)
    print(len(out.encode()), digest(out), json.loads(out) == data)
try:
    json.loads('[1, 2,, 3]')
except json.JSONDecodeError as error:
    print(error)
print(textwrap.fill(text[:300], 50))
print('\n'.join(difflib.unified_diff('one two three four five'.split(), 'one 2 three five six'.split(), lineterm='')))
out = io.StringIO()
csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows([['a"b', 1, 2.5], ['x,y', -3, 'é\n']])
print(ascii(out.getvalue()), html.escape('<a href="x">&'), html.unescape('&eacute;&#x41;&nbsp;').encode(), string.Template('$a-${b}').substitute(a=1, b='z'))
print(f'{3.14159:^+12.3f}|{255:#010x}|{1234567:,}|{"x":*>5}|{0.000012345:g}|{1e100:.3e}|{-5:08b}')
