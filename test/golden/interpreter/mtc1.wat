;; mtc1 "010001 00100 rt:5 fs:5 00000000000", little endian, near
;; record: fs (source) u16 at 2, rt (source) u16 at 4
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
local.get $ip
i32.load16_u offset=2
i32.load offset=4572 (;fpuSingle;)
i32.const 2
i32.shl
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
i32.store offset=4312 (;fpr;)
call $next
