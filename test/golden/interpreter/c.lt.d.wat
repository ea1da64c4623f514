;; c.lt.d "010001 10001 ft:5 fs:5 cc:3 0011 1100", little endian, near
;; record: what (immediate) u32 at 12, needs (immediate) u32 at 8, fs (source) u16 at 2, ft (source) u16 at 4
i32.const 0
i32.load offset=4700 (;fpuRefuses;)
local.get $ip
i32.load offset=8
i32.and
local.tee 4
if
  i32.const 0
  i32.const 267
  i32.const 10
  local.get 4
  i32.const 536870912
  i32.and
  select
  i32.store offset=36 (;TRAP_CODE;)
  i32.const 0
  i32.const 1
  i32.store offset=32 (;WHY;)
  call $fault
end
local.get $ip
i32.load16_u offset=2
i64.load offset=4312 (;fpr;)
local.get $ip
i32.load16_u offset=4
i64.load offset=4312 (;fpr;)
local.get $ip
i32.load offset=12
call $fpuCompareD
local.set 5
i32.const 0
i32.load offset=4712 (;fpuLast;)
local.set 6
local.get 6
i32.const -1
i32.eq
if
  i32.const 0
  i32.const 15
  i32.store offset=36 (;TRAP_CODE;)
  i32.const 0
  i32.const 1
  i32.store offset=32 (;WHY;)
  call $fault
end
call $next
