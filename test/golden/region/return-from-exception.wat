;; little endian
region of 1 blocks, 2 instructions
block 0 at 0x40010000 <handler> (entry, 2 counted)
  0x40010000  26100001  addiu $s0, $s0, 1
  0x40010004  42000018  eret
  -> out: the last instruction
loops
  block 0
function, 337 bytes
block
  local.get $left
  i32.const 2
  i32.lt_s
  if
    i32.const 1073807360 (;0x40010000;)
    local.set $pc
    br 1
  end
  local.get $left
  i32.const -2
  i32.add
  local.set $left
  i32.const 0
  i32.load offset=1088 (;gpr[16];)
  local.set $gpr[16]
  local.get $gpr[16]
  i32.const 1
  i32.add
  local.set $gpr[16]
  i32.const 0
  local.get $gpr[16]
  i32.store offset=1088 (;gpr[16];)
  i32.const 0
  i32.load offset=1548 (;cp0[96];)
  i32.const 268435478 (;0x10000016;)
  i32.and
  i32.const 16
  i32.eq
  if
    local.get $left
    i32.const 1
    i32.add
    local.set $left
    i32.const 1073807364 (;0x40010004;)
    local.set $pc
    br 1
  end
  i32.const 0
  i32.load offset=4304 (;trapAndEmulate;)
  i32.const 0
  i32.load offset=1548 (;cp0[96];)
  local.tee $t0
  i32.const 6
  i32.and
  i32.eqz
  i32.and
  if
    local.get $left
    i32.const 1
    i32.add
    local.set $left
    i32.const 1073807364 (;0x40010004;)
    local.set $pc
    br 1
  end
  local.get $t0
  i32.const -5
  i32.const -3
  local.get $t0
  i32.const 4
  i32.and
  i32.const 0
  i32.ne
  select
  i32.and
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
    i32.const 1
    i32.add
    local.set $left
    i32.const 1073807364 (;0x40010004;)
    local.set $pc
    br 1
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
    i32.const 1
    i32.add
    local.set $left
    i32.const 1073807364 (;0x40010004;)
    local.set $pc
    br 1
  end
  i32.const 0
  i32.load offset=2124 (;cp0[240];)
  i32.const 0
  i32.load offset=1612 (;cp0[112];)
  i32.const 0
  i32.load offset=1548 (;cp0[96];)
  local.tee $t0
  i32.const 4
  i32.and
  i32.const 0
  i32.ne
  local.tee $t1
  select
  local.set $target
  i32.const 0
  i32.const 0
  i32.store offset=2188 (;llbit;)
  i32.const 0
  local.get $t0
  i32.const -5
  i32.const -3
  local.get $t1
  select
  i32.and
  local.tee $t2
  i32.store offset=1548 (;cp0[96];)
  i32.const 0
  i32.const 0
  i32.load offset=44 (;TABLES;)
  local.get $t2
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
  local.get $t2
  i32.const 22
  i32.and
  i32.const 16
  i32.eq
  i32.or
  i32.store offset=88 (;USER_SEEN;)
  local.get $target
  local.set $pc
  local.get $left
  local.get $pc
  return
end
local.get $left
local.get $pc
