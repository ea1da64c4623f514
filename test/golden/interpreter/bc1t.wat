;; bc1t "010001 01000 cc:3 0 1 offset:s16", little endian, near
;; record: target (relative) u32 at 12, condition (immediate) u32 at 8
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
global.get $BRANCH
i32.const 16
i32.add
local.get $ip
i32.eq
if
  i32.const 0
  i32.const 10
  i32.store offset=36 (;TRAP_CODE;)
  i32.const 0
  i32.const 1
  i32.store offset=32 (;WHY;)
  call $fault
end
local.get $ip
global.set $BRANCH
i32.const 0
i32.load offset=4568 (;fcsr;)
local.get $ip
i32.load offset=8
i32.and
i32.const 0
i32.ne
if (result i32)
  local.get $ip
  local.get $ip
  i32.load offset=12
  i32.add
else
  local.get $nip
  i32.const 16
  i32.add
end
local.set $target
local.get $target
call $jump
