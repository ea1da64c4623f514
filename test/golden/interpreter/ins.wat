;; ins "011111 rs:5 rt:5 msb:5 lsb:5 000100", little endian, near
;; record: mask (immediate) u32 at 12, lsb (immediate) u32 at 8, rt (destination) u16 at 2, rt (source) u16 at 4, rs (source) u16 at 6
local.get $ip
i32.load16_u offset=2
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load offset=12
i32.const -1
i32.xor
i32.and
local.get $ip
i32.load16_u offset=6
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load offset=8
i32.shl
local.get $ip
i32.load offset=12
i32.and
i32.or
i32.store offset=1024 (;gpr;)
call $next
