;; little endian
region of 1 blocks, 3 instructions
block 0 at 0x40010000 <round> (entry, loop header, 3 counted)
  0x40010000  2610ffff  addiu $s0, $s0, -1
  0x40010004  1600fffe  bnez $s0, 0x40010000
  0x40010008  02110034  teq $s0, $s1
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x4001000c
loops
  loop, header 0, entered at 0
    block 0
function, 127 bytes
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
block
  loop
    local.get $left
    i32.const 3
    i32.lt_s
    if
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    end
    local.get $left
    i32.const -3
    i32.add
    local.set $left
    local.get $gpr[16]
    i32.const -1
    i32.add
    local.set $gpr[16]
    local.get $gpr[16]
    i32.const 0
    i32.ne
    local.set $condition
    local.get $gpr[16]
    local.get $gpr[17]
    i32.eq
    if
      local.get $left
      i32.const 2
      i32.add
      local.set $left
      i32.const 1073807364 (;0x40010004;)
      local.set $pc
      br 2
    end
    local.get $condition
    if
      br 1
    end
    i32.const 1073807372 (;0x4001000c;)
    local.set $pc
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
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
local.get $left
local.get $pc
