;; little endian
region of 1 blocks, 4 instructions
block 0 at 0x40010000 <round> (entry, loop header, 4 counted)
  0x40010000  26310001  addiu $s1, $s1, 1
  0x40010004  40104800  mfc0 $s0, $9, 0
  0x40010008  1608fffd  bne $s0, $t0, 0x40010000
  0x4001000c  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010010
loops
  loop, header 0, entered at 0
    block 0
function, 218 bytes
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1056 (;gpr[8];)
local.set $gpr[8]
block
  loop
    local.get $left
    i32.const 4
    i32.lt_s
    if
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    end
    local.get $left
    i32.const -4
    i32.add
    local.set $left
    local.get $gpr[17]
    i32.const 1
    i32.add
    local.set $gpr[17]
    i32.const 0
    i32.load offset=1548 (;cp0[96];)
    i32.const 268435478 (;0x10000016;)
    i32.and
    i32.const 16
    i32.eq
    if
      local.get $left
      i32.const 3
      i32.add
      local.set $left
      i32.const 1073807364 (;0x40010004;)
      local.set $pc
      br 2
    end
    i32.const 0
    i32.load offset=2192 (;countBase;)
    i32.const 0
    i64.load offset=64 (;NOW_BASE;)
    i32.const 0
    i32.load offset=28 (;BUDGET;)
    local.get $left
    i32.sub
    i32.const 2
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
    i64.const 1000000000 (;0x3b9aca00;)
    i64.div_u
    i32.wrap_i64
    i32.add
    local.set $gpr[16]
    local.get $gpr[16]
    local.get $gpr[8]
    i32.ne
    local.set $condition
    local.get $condition
    if
      br 1
    end
    i32.const 1073807376 (;0x40010010;)
    local.set $pc
    i32.const 0
    local.get $gpr[17]
    i32.store offset=1092 (;gpr[17];)
    i32.const 0
    local.get $gpr[16]
    i32.store offset=1088 (;gpr[16];)
    local.get $left
    local.get $pc
    return
    unreachable
  end
end
i32.const 0
local.get $gpr[17]
i32.store offset=1092 (;gpr[17];)
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
local.get $left
local.get $pc
