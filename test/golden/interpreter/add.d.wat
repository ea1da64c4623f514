;; add.d "010001 10001 ft:5 fs:5 fd:5 000000", little endian, near
;; record: needs (immediate) u32 at 12, fd (destination) u16 at 2, fs (source) u16 at 4, ft (source) u16 at 6
i32.const 0
i32.load offset=4700 (;fpuRefuses;)
local.get $ip
i32.load offset=12
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
i32.load16_u offset=4
i64.load offset=4312 (;fpr;)
local.get $ip
i32.load16_u offset=6
i64.load offset=4312 (;fpr;)
call $fpuAddD
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
local.get $ip
i32.load16_u offset=2
local.get 5
i64.store offset=4312 (;fpr;)
call $next
