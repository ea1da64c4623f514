;; add "000000 rs:5 rt:5 rd:5 00000 100000", little endian, near
;; record: rd (destination) u16 at 2, rs (source) u16 at 4, rt (source) u16 at 6
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
local.tee 4
local.get 4
local.get $ip
i32.load16_u offset=6
i32.load offset=1024 (;gpr;)
local.tee 5
i32.add
local.tee 6
i32.xor
local.get 5
local.get 6
i32.xor
i32.and
i32.const 0
i32.lt_s
if
  i32.const 0
  i32.const 12
  i32.store offset=36 (;TRAP_CODE;)
  i32.const 0
  i32.const 1
  i32.store offset=32 (;WHY;)
  call $fault
end
local.get $ip
i32.load16_u offset=2
local.get 6
i32.store offset=1024 (;gpr;)
call $next
