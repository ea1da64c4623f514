;; jal "000011 index:26", little endian, near
;; record: index (region) u32 at 12
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
i32.const 2
i32.shr_u
global.get $DELTA
i32.add
i32.const 4
i32.add
i32.const -268435456
i32.and
local.get $ip
i32.load offset=12
i32.const 2
i32.shl
i32.or
global.set $TARGET
i32.const 256
local.set $target
i32.const 0
i32.const 0
i32.const 1148
i32.add
local.tee $scratch
i32.store offset=60 (;LINK_ADDRESS;)
i32.const 0
local.get $scratch
i32.load
i32.store offset=40 (;LINK_OLD;)
i32.const 0
local.get $ip
i32.store offset=80 (;LINK_BRANCH;)
local.get $scratch
local.get $ip
i32.const 2
i32.shr_u
global.get $DELTA
i32.add
i32.const 8
i32.add
i32.store
local.get $target
call $jump
