;; little endian
region of 2 blocks, 4 instructions
block 0 at 0x40010000 <round> (entry, 2 counted)
  0x40010000  24420001  addiu $v0, $v0, 1
  0x40010004  0000000c  syscall
  -> out: the last instruction
block 1 at 0x40010008 (entry, 2 counted)
  0x40010008  1000fffd  b 0x40010000
  0x4001000c  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
loops
  block 1
  block 0
function, 120 bytes
block
  block
    block
      local.get $block
      i32.const 1
      i32.eq
      br_if 0
      br 1
    end
    local.get $left
    i32.const 2
    i32.lt_s
    if
      i32.const 1073807368 (;0x40010008;)
      local.set $pc
      br 2
    end
    local.get $left
    i32.const -2
    i32.add
    local.set $left
    i32.const 0
    local.set $block
    br 0
  end
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
  i32.load offset=1032 (;gpr[2];)
  local.set $gpr[2]
  local.get $gpr[2]
  i32.const 1
  i32.add
  local.set $gpr[2]
  i32.const 0
  local.get $gpr[2]
  i32.store offset=1032 (;gpr[2];)
  i32.const 8
  i32.const 1073807364 (;0x40010004;)
  i32.const 0
  call $raise
  local.set $pc
  local.get $left
  local.get $pc
  return
end
local.get $left
local.get $pc
