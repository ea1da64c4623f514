;; cfc1 "010001 00010 rt:5 11111 00000000000", little endian, near
;; record: rt (destination) u16 at 2
i32.const 0
i32.load offset=4700 (;fpuRefuses;)
i32.const 536870912
i32.and
if
  i32.const 0
  i32.const 267
  i32.store offset=36 (;TRAP_CODE;)
  i32.const 0
  i32.const 1
  i32.store offset=32 (;WHY;)
  call $fault
end
call $fpuSettle
local.set 4
i32.const 0
i32.load offset=4568 (;fcsr;)
local.set 5
local.get $ip
i32.load16_u offset=2
local.get 5
i32.store offset=1024 (;gpr;)
call $next
