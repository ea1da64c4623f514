;; little endian
region of 2 blocks, 4 instructions
block 0 at 0x40010000 <round> (entry, loop header, 2 counted)
  0x40010000  16000002  bnez $s0, 0x4001000c
  0x40010004  00108040  sll $s0, $s0, 1
  0x40010008  26100055  addiu $s0, $s0, 85
  -> both ways are computed, 0 counted when taken, else 1
  -> block 1 at 0x4001000c <over>
block 1 at 0x4001000c <over> (2 counted)
  0x4001000c  1611fffc  bne $s0, $s1, 0x40010000
  0x40010010  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010014
loops
  loop, header 0, entered at 0
    block 0
    block 1
function, 154 bytes
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
block
  loop
    block
      local.get $left
      i32.const 5
      i32.lt_s
      if
        i32.const 1073807360 (;0x40010000;)
        local.set $pc
        br 3
      end
      local.get $left
      i32.const -2
      i32.add
      local.set $left
      local.get $gpr[16]
      i32.const 0
      i32.ne
      local.set $condition
      local.get $gpr[16]
      i32.const 1
      i32.shl
      local.set $gpr[16]
      local.get $gpr[16]
      local.set $choice0
      local.get $gpr[16]
      i32.const 85
      i32.add
      local.set $gpr[16]
      local.get $choice0
      local.get $gpr[16]
      local.get $condition
      select
      local.set $gpr[16]
      local.get $left
      i32.const 0
      i32.const -1
      local.get $condition
      select
      i32.add
      local.set $left
      br 0
    end
    local.get $left
    i32.const -2
    i32.add
    local.set $left
    local.get $gpr[16]
    local.get $gpr[17]
    i32.ne
    local.set $condition
    local.get $condition
    if
      br 1
    end
    i32.const 1073807380 (;0x40010014;)
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
