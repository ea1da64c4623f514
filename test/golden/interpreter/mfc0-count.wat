;; mfc0 "010000 00000 rt:5 01001 00000000 000", little endian, near
;; record: rt (destination) u16 at 2
i32.const 0
i32.load offset=1548 (;cp0[96];)
i32.const 268435478
i32.and
i32.const 16
i32.eq
if
  i32.const 0
  i32.const 11
  i32.store offset=36 (;TRAP_CODE;)
  i32.const 0
  i32.const 1
  i32.store offset=32 (;WHY;)
  call $fault
end
local.get $ip
i32.load16_u offset=2
i32.const 0
i32.load offset=2192 (;countBase;)
i32.const 0
i64.load offset=64 (;NOW_BASE;)
i32.const 0
i32.load offset=28 (;BUDGET;)
i32.const 0
i32.load offset=24 (;LEFT;)
i32.sub
i64.extend_i32_s
i32.const 0
i64.load offset=72 (;NS_PER_INSTRUCTION;)
i64.mul
i64.add
i32.const 0
i64.load offset=2200 (;countStart;)
i64.sub
i32.const 0
i32.load offset=2208 (;countRate;)
i64.extend_i32_u
i64.mul
i64.const 1000000000
i64.div_u
i32.wrap_i64
i32.add
i32.store offset=1024 (;gpr;)
call $next
