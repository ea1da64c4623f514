;; little endian
region of 1 blocks, 4 instructions
block 0 at 0x40010000 <round> (entry, loop header, 4 counted)
  0x40010000  26100001  addiu $s0, $s0, 1
  0x40010004  40886000  mtc0 $t0, $12, 0
  0x40010008  1000fffd  b 0x40010000
  0x4001000c  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
loops
  loop, header 0, entered at 0
    block 0
function, 337 bytes
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
    local.get $gpr[16]
    i32.const 1
    i32.add
    local.set $gpr[16]
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
    i32.load offset=1548 (;cp0[96];)
    i32.const 0
    i32.load offset=4308 (;statusMask;)
    local.tee $t0
    i32.const -1
    i32.xor
    i32.and
    local.get $gpr[8]
    local.get $t0
    i32.and
    i32.or
    local.tee $t1
    i32.const 0
    i32.load offset=1548 (;cp0[96];)
    i32.xor
    i32.const 4
    i32.and
    i32.const 0
    i32.ne
    if
      local.get $left
      i32.const 3
      i32.add
      local.set $left
      i32.const 1073807364 (;0x40010004;)
      local.set $pc
      br 2
    end
    local.get $t1
    i32.const 0
    i32.load offset=1580 (;cp0[104];)
    i32.and
    i32.const 65280
    i32.and
    i32.const 0
    i32.ne
    local.get $t1
    i32.const 7
    i32.and
    i32.const 1
    i32.eq
    i32.and
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
    i32.load offset=1548 (;cp0[96];)
    local.get $t1
    i32.xor
    i32.const 603979776 (;0x24000000;)
    i32.and
    i32.const 0
    i32.ne
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
    i32.load offset=1548 (;cp0[96];)
    local.set $t2
    i32.const 0
    local.get $t1
    i32.store offset=1548 (;cp0[96];)
    i32.const 0
    i32.const 0
    i32.load offset=44 (;TABLES;)
    local.get $t1
    i32.const 22
    i32.and
    i32.const 16
    i32.eq
    i32.const 12845056 (;0x00c40000;)
    i32.mul
    i32.add
    i32.store offset=48 (;CURRENT_TABLES;)
    i32.const 0
    i32.const 0
    i32.load offset=88 (;USER_SEEN;)
    local.get $t1
    i32.const 22
    i32.and
    i32.const 16
    i32.eq
    i32.or
    i32.store offset=88 (;USER_SEEN;)
    i32.const 0
    i32.load offset=48 (;CURRENT_TABLES;)
    local.get $tables
    i32.ne
    if
      local.get $left
      i32.const 2
      i32.add
      local.set $left
      i32.const 1073807368 (;0x40010008;)
      local.set $pc
      br 2
    end
    br 0
    unreachable
  end
end
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
local.get $left
local.get $pc
