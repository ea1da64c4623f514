;; little endian
region of 2 blocks, 4 instructions
block 0 at 0x40010000 <round> (entry, loop header, 2 counted)
  0x40010000  0c004006  jal 0x40010018
  0x40010004  2610ffff  addiu $s0, $s0, -1
  -> taken: out, to 0x40010018 <function>
  -> back from the call: block 1 at 0x40010008 <resume>
block 1 at 0x40010008 <resume> (entry, 2 counted)
  0x40010008  1600fffd  bnez $s0, 0x40010000
  0x4001000c  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010010
loops
  loop, header 0, entered at 0 1
    block 0
    block 1
function, 261 bytes
i32.const 0
i32.load offset=1148 (;gpr[31];)
local.set $gpr[31]
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
block
  block
    local.get $block
    i32.const 1
    i32.eq
    br_if 0
    br 0
  end
  loop
    block
      block
        local.get $block
        i32.const 1
        i32.eq
        br_if 1
        br 0
      end
      local.get $left
      i32.const 2
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
      i32.const -1
      i32.add
      local.set $gpr[16]
      i32.const 1073807368 (;0x40010008;)
      local.set $gpr[31]
      i32.const 1073807384 (;0x40010018;)
      local.set $pc
      i32.const 0
      local.get $gpr[31]
      i32.store offset=1148 (;gpr[31];)
      i32.const 0
      local.get $gpr[16]
      i32.store offset=1088 (;gpr[16];)
      block
        local.get $pc
        local.get $left
        local.get $tables
        local.get $depth
        i32.const 1073807368 (;0x40010008;)
        call $callRegion
        local.set $pc
        local.set $left
        local.get $pc
        i32.const 1073807368 (;0x40010008;)
        i32.ne
        br_if 0
        i32.const 0
        i32.load offset=48 (;CURRENT_TABLES;)
        local.get $tables
        i32.ne
        br_if 0
        i32.const 0
        i32.load offset=1148 (;gpr[31];)
        local.set $gpr[31]
        i32.const 0
        i32.load offset=1088 (;gpr[16];)
        local.set $gpr[16]
        i32.const 1
        local.set $block
        br 1
      end
      local.get $left
      local.get $pc
      return
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
    local.get $gpr[16]
    i32.const 0
    i32.ne
    local.set $condition
    local.get $condition
    if
      i32.const 0
      local.set $block
      br 1
    end
    i32.const 1073807376 (;0x40010010;)
    local.set $pc
    local.get $left
    local.get $pc
    return
    unreachable
  end
end
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
i32.const 0
local.get $gpr[31]
i32.store offset=1148 (;gpr[31];)
local.get $left
local.get $pc
