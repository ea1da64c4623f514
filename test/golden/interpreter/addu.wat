;; addu "000000 rs:5 rt:5 rd:5 00000 100001", little endian, near
;; record: rd (destination) u16 at 2, rs (source) u16 at 4, rt (source) u16 at 6
local.get $ip
i32.load16_u offset=2
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load16_u offset=6
i32.load offset=1024 (;gpr;)
i32.add
i32.store offset=1024 (;gpr;)
call $next
