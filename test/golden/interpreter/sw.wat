;; sw "101011 base:5 rt:5 offset:s16", little endian, near
;; record: offset (immediate) u32 at 12, base (source) u16 at 2, rt (source) u16 at 4
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
local.set 4
local.get $ip
i32.load16_u offset=2
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load offset=12
i32.add
local.set 5
call $tables
local.get 5
i32.const 12
i32.shr_u
i32.const 2
i32.shl
i32.add
i32.load offset=4194304 (;write table;)
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
  local.get 5
  i32.const 32
  local.get 4
  call $slowStore
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
  local.get 4
  i32.store offset=1
end
call $next
