;; ldc1 "110101 base:5 ft:5 offset:s16", big endian, near
;; record: offset (immediate) u32 at 12, base (source) u16 at 2, ft (source) u16 at 4
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
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load offset=12
i32.add
local.set 4
local.get 4
local.get 4
i32.const 2
i32.shr_u
i32.const 1
i32.and
i32.or
local.set 5
call $tables
local.get 5
i32.const 12
i32.shr_u
i32.const 2
i32.shl
i32.add
i32.load
local.set $scratch
local.get $scratch
i32.const 1
i32.add
local.get 5
i32.or
i32.const 3
i32.and
if
  call $saveLeft
  i32.const 0
  local.get 4
  i32.store offset=52 (;FAULT_ADDRESS;)
  local.get 5
  i32.const 1056
  call $slowLoad
  local.set 6
  call $loadLeft
  i32.const 0
  i32.load offset=32 (;WHY;)
  if
    call $fault
  end
else
  local.get 5
  local.get $scratch
  i32.add
  i32.load offset=1
  local.set 6
end
local.get 4
i32.const 4
i32.add
local.set 7
call $tables
local.get 7
i32.const 12
i32.shr_u
i32.const 2
i32.shl
i32.add
i32.load
local.set $scratch
local.get $scratch
i32.const 1
i32.add
local.get 7
i32.or
i32.const 3
i32.and
if
  call $saveLeft
  i32.const 0
  local.get 4
  i32.store offset=52 (;FAULT_ADDRESS;)
  local.get 7
  i32.const 1056
  call $slowLoad
  local.set 8
  call $loadLeft
  i32.const 0
  i32.load offset=32 (;WHY;)
  if
    call $fault
  end
else
  local.get 7
  local.get $scratch
  i32.add
  i32.load offset=1
  local.set 8
end
local.get $ip
i32.load16_u offset=4
i32.load offset=4572 (;fpuSingle;)
i32.const 1
i32.shr_u
i32.const 3
i32.shl
local.get 6
i64.extend_i32_u
i64.const 32
i64.shl
local.get 8
i64.extend_i32_u
i64.or
i64.store offset=4312 (;fpr;)
call $next
