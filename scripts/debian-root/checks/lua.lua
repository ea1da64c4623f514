-- Lua: 64-bit integers and doubles in software loops, string library, coroutines, metatables, garbage collection.
print(math.maxinteger + 1 == math.mininteger, 7 // -2, 7 % -2, -7 // 2, -7 % 2, 7.5 // 2, 2 ^ 0.5, 1 / 0, -1 / 0, 0 / 0 ~= 0 / 0, 3 | 8, ~5, 1 << 63, 1 << 64, -1 >> 1)
for _, v in ipairs { 0.1, 1e15, 1e16, 1 / 3, 5e-324, 2 ^ 53, 100, -0.0, 1e300 * 1e10 } do
  print(v, string.format('%.14g %.17g %a %q', v, v, v, v), math.type(v), math.tointeger(v))
end
local h = 0
for i = 1, 200000 do h = (h * 31 + (i ~ (i >> 3))) & 0xffffffffffff end
print(h)
local x = 0.5
for i = 1, 100000 do x = 3.99 * x * (1 - x) end
print(string.format('%a', x))
local function permutations(a, n)
  n = n or #a
  return coroutine.wrap(function()
    if n <= 1 then coroutine.yield(table.concat(a)) return end
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      for p in permutations(a, n - 1) do coroutine.yield(p) end
      a[n], a[i] = a[i], a[n]
    end
  end)
end
local count, last = 0, nil
for p in permutations { 'a', 'b', 'c', 'd', 'e', 'f' } do count, last = count + 1, p end
print(count, last)
local V = {}
V.__index = V
V.__add = function(a, b) return setmetatable({ a[1] + b[1], a[2] + b[2] }, V) end
V.__tostring = function(a) return '(' .. a[1] .. ', ' .. a[2] .. ')' end
print(setmetatable({ 1, 2.5 }, V) + setmetatable({ 3, 4 }, V))
local t = {}
for i = 1, 3000 do t[i] = (i * 7919) % 10007 end
table.sort(t, function(a, b) return a > b end)
print(t[1], t[1500], t[3000], select('#', table.unpack(t, 1, 200)))
print(('hello world from lua'):gsub('(%w+)', function(w) return w:reverse() end), ('key = value'):match('^(%w+)%s*=%s*(%w+)$'), ('x'):rep(3, '-'))
print(string.pack('<i4 d s1 z', -2, 1.5, 'ab', 'cd'):gsub('.', function(c) return ('%02x'):format(c:byte()) end))
print(string.unpack('>I3 f', '\1\2\3\63\192\0\0'), utf8.char(233, 8364, 128512), utf8.len('é€😀'))
print(pcall(error, { code = 5 }), select(2, pcall(function() local n = nil; return n.x end)), tostring(10 // 0.0), pcall(function() return 1 // 0 end))
for i = 1, 60000 do local s = { i, tostring(i) } end
collectgarbage()
print(collectgarbage 'count' < 20000, #string.format('%99.99f', 1 / 3), tostring(1e15), 2 ^ 63 == math.maxinteger + 1.0, math.ult(1, -1), 9007199254740993 < 9007199254740992.0)
local fib = setmetatable({}, { __index = function(self, n) local v = n < 2 and n or self[n - 1] + self[n - 2]; rawset(self, n, v); return v end })
print(fib[80])
