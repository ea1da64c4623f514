;; beq "000100 rs:5 rt:5 offset:s16", little endian, near
;; record: target (relative) u32 at 12, rs (source) u16 at 2, rt (source) u16 at 4
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
local.get $ip
i32.load16_u offset=2
i32.load offset=1024 (;gpr;)
local.get $ip
i32.load16_u offset=4
i32.load offset=1024 (;gpr;)
i32.eq
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
