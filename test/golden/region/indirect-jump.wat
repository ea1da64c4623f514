;; little endian
region of 1 blocks, 5 instructions
block 0 at 0x40010000 <round> (entry, 5 counted)
  0x40010000  00104080  sll $t0, $s0, 2
  0x40010004  01114021  addu $t0, $t0, $s1
  0x40010008  8d080000  lw $t0, 0($t0)
  0x4001000c  01000008  jr $t0
  0x40010010  26100001  addiu $s0, $s0, 1
  -> out, to where the register says
loops
  block 0
function, 180 bytes
block
  local.get $left
  i32.const 5
  i32.lt_s
  if
    i32.const 1073807360 (;0x40010000;)
    local.set $pc
    br 1
  end
  local.get $left
  i32.const -5
  i32.add
  local.set $left
  i32.const 0
  i32.load offset=1088 (;gpr[16];)
  local.set $gpr[16]
  i32.const 0
  i32.load offset=1092 (;gpr[17];)
  local.set $gpr[17]
  local.get $gpr[16]
  i32.const 2
  i32.shl
  local.set $gpr[8]
  i32.const 0
  local.get $gpr[8]
  i32.store offset=1056 (;gpr[8];)
  local.get $gpr[8]
  local.get $gpr[17]
  i32.add
  local.set $gpr[8]
  i32.const 0
  local.get $gpr[8]
  i32.store offset=1056 (;gpr[8];)
  local.get $gpr[8]
  local.set $t0
  local.get $tables
  local.get $t0
  i32.const 12
  i32.shr_u
  i32.const 2
  i32.shl
  i32.add
  i32.load
  local.set $entry
  local.get $entry
  i32.const 1
  i32.add
  local.get $t0
  i32.or
  i32.const 3
  i32.and
  if
    local.get $left
    i32.const 3
    i32.add
    local.set $left
    i32.const 1073807368 (;0x40010008;)
    local.set $pc
    br 1
  else
    local.get $t0
    local.get $entry
    i32.add
    i32.load offset=1
    local.set $t1
  end
  local.get $t1
  local.set $gpr[8]
  i32.const 0
  local.get $gpr[8]
  i32.store offset=1056 (;gpr[8];)
  local.get $gpr[8]
  local.set $target
  local.get $gpr[16]
  i32.const 1
  i32.add
  local.set $gpr[16]
  i32.const 0
  local.get $gpr[16]
  i32.store offset=1088 (;gpr[16];)
  local.get $target
  local.set $pc
  local.get $left
  local.get $pc
  return
end
local.get $left
local.get $pc
