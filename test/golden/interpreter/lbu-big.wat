;; lbu "100100 base:5 rt:5 offset:s16", big endian, near
;; record: offset (immediate) u32 at 12, rt (destination) u16 at 2, base (source) u16 at 4
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load offset=12
i32.add
local.set 4
call $tables
local.get 4
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
i32.const 1
i32.and
if
  call $saveLeft
  local.get 4
  i32.const 8
  call $slowLoad
  local.set 5
  call $loadLeft
  i32.const 0
  i32.load offset=32 (;WHY;)
  if
    call $fault
  end
else
  local.get 4
  i32.const 3
  i32.xor
  local.get $scratch
  i32.add
  i32.load8_u offset=1
  local.set 5
end
local.get $ip
i32.load16_u offset=2
local.get 5
i32.store offset=1024 (;gpr;)
call $next
